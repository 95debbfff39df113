/** Building blocks of node classes: most nodes of a workflow only hand something on. */

import type { InputSpec, NodeClass, NodeContext } from './node-types.ts';
import type { LatentValue, NodeValue } from './values.ts';

const REFERENCE_PIXELS = 1024 * 1024;
export const CONDITIONING: InputSpec = ['CONDITIONING'];

/** Images in latent space count fully, frames of a video are compressed eight to one over time. */
export function workload(latent: LatentValue): number {
  const frames = latent.video ? 1 + (latent.batch - 1) / 8 : latent.batch;
  return (frames * latent.width * latent.height) / REFERENCE_PIXELS;
}

/** Hands a value on, optionally with a short silent pause: patches, guiders, schedulers, conditioning. */
export function passing(
  name: string,
  inputs: Record<string, InputSpec>,
  output: readonly string[],
  result: (context: NodeContext) => readonly NodeValue[],
  more: Partial<NodeClass> = {},
): NodeClass {
  return {
    category: 'sampling',
    pythonModule: 'comfy_extras',
    ...more,
    name,
    required: inputs,
    output,
    run: (context) => ({ outputs: result(context) }),
  };
}

export function opaque(kind: string, context: NodeContext): readonly NodeValue[] {
  return [{ kind, data: Object.fromEntries(context.inputs) }];
}

export function input(context: NodeContext, name: string): NodeValue {
  return context.inputs.get(name) ?? { kind: 'missing', data: {} };
}
