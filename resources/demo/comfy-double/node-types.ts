/** What a node class of the double is made of, and what a node may do while it runs. */

import type { ComfyFolders } from './output-files.ts';
import { PythonError } from './python-errors.ts';
import { type Dumpable, type Json, PyFloat } from './python-json.ts';
import type { LatentValue, ModelValue, NodeValue, OpaqueValue } from './values.ts';
import { type ImageValue, isImage, isLatent, isLiteral, isModel, isOpaque } from './values.ts';
import type { VersionTraits } from './versions.ts';

export interface Preview {
  readonly image: ImageValue;
  readonly format: 'JPEG' | 'PNG';
}

export interface NodeResult {
  readonly outputs: readonly NodeValue[];
  readonly ui?: ReadonlyMap<string, Json>;
}

export interface NodeContext {
  readonly nodeId: string;
  readonly classType: string;
  readonly inputs: ReadonlyMap<string, NodeValue>;
  readonly folders: ComfyFolders;
  readonly traits: VersionTraits;
  /** The prompt as validated, and extra_data.extra_pnginfo, for the metadata of saved files. */
  readonly prompt: Json;
  readonly extraPnginfo: Json | undefined;
  /** torch.set_printoptions: PreviewAny of CU33 changes it for good. */
  readonly printOptions: { edgeItems: number };
  /** Chance, decided by the seed of the double. */
  random(): number;
  /** Time in which nothing is sent and nothing is tested; divided by `speed`. */
  sleep(seconds: number): Promise<void>;
  /** The same with the Python GIL held: the whole server stands still (recording 16). */
  sleepHoldingGil(seconds: number): Promise<void>;
  /** Progress of the node: tests the interrupt flag, then sends progress_state and progress. */
  tick(value: number, max: number, preview?: Preview): Promise<void>;
  /** Binary event 3, to every socket (recording 14). */
  sendText(text: string): void;
  /** Silent read of a model file from disk. */
  loadFromDisk(model: ModelValue): Promise<void>;
  /** Brings models onto the card and makes room for the work; throws OutOfMemory. */
  occupyCard(models: readonly ModelValue[], workingBytes: number): Promise<void>;
  /** True if the prompt asked for latent previews (extra_data.preview_method). */
  readonly previews: boolean;
}

export type InputSpec =
  | readonly [type: string | readonly string[]]
  | readonly [type: string | readonly string[], options: Readonly<Record<string, Dumpable>>];

export interface NodeClass {
  readonly name: string;
  readonly displayName?: string;
  readonly description?: string;
  /** Category, per version where CU33 moved the node. */
  readonly category: string;
  readonly categoryModern?: string;
  readonly pythonModule: string;
  readonly required?: Readonly<Record<string, InputSpec>>;
  readonly optional?: Readonly<Record<string, InputSpec>>;
  readonly hidden?: Readonly<Record<string, string>>;
  readonly output: readonly string[];
  readonly outputName?: readonly string[];
  readonly outputTooltips?: readonly string[];
  readonly outputNode?: boolean;
  readonly searchAliases?: readonly string[];
  readonly essentialsCategory?: string;
  /** Inputs VALIDATE_INPUTS takes over, and its verdict: a text refuses the value. */
  readonly validates?: readonly string[];
  validate?(inputs: ReadonlyMap<string, Json>, folders: ComfyFolders): string | undefined;
  /** INPUT_TYPES that depend on files: the first required input and its choices. */
  choices?(folders: ComfyFolders): InputSpec;
  /** IS_CHANGED: part of the cache key, so that a changed file runs the node again. */
  isChanged?(inputs: ReadonlyMap<string, Json>, folders: ComfyFolders): string;
  run(context: NodeContext): Promise<NodeResult> | NodeResult;
}

/** RETURN_TYPES for the version: SaveImage returns its images since CU33 (recording 12). */
export function returnTypes(node: NodeClass, traits: VersionTraits): readonly string[] {
  return node.outputNode === true && !traits.modernObjectInfo ? [] : node.output;
}

export function intInput(
  defaultValue: number | bigint,
  min: number | bigint,
  max: number | bigint,
  more: Readonly<Record<string, Dumpable>> = {},
): InputSpec {
  return ['INT', { default: defaultValue, min, max, ...more }];
}

export function floatInput(defaultValue: number, min: number, max: number, step?: number): InputSpec {
  const options: Record<string, Dumpable> = {
    default: new PyFloat(defaultValue),
    min: new PyFloat(min),
    max: new PyFloat(max),
  };
  if (step !== undefined) options.step = new PyFloat(step);
  return ['FLOAT', options];
}

export const MAX_SEED = 18446744073709551615n;
export const SEED_INPUT: InputSpec = intInput(0, 0, MAX_SEED, { control_after_generate: true });

function missing(context: NodeContext, name: string): never {
  throw new PythonError(
    'TypeError',
    `${context.classType}() missing 1 required positional argument: '${name}'`,
  );
}

export function readNumber(context: NodeContext, name: string, fallback?: number): number {
  const value = context.inputs.get(name);
  if (isLiteral(value)) {
    const inner = value.value;
    if (inner instanceof PyFloat) return inner.value;
    if (typeof inner === 'number' || typeof inner === 'bigint') return Number(inner);
  }
  return fallback ?? missing(context, name);
}

export function readSeed(context: NodeContext, name = 'seed'): bigint {
  const value = context.inputs.get(name);
  if (isLiteral(value)) {
    const inner = value.value;
    if (typeof inner === 'number' || typeof inner === 'bigint') return BigInt(inner);
  }
  return 0n;
}

export function readText(context: NodeContext, name: string, fallback?: string): string {
  const value = context.inputs.get(name);
  if (isLiteral(value) && typeof value.value === 'string') return value.value;
  return fallback ?? missing(context, name);
}

export function readFlag(context: NodeContext, name: string): boolean {
  const value = context.inputs.get(name);
  return isLiteral(value) && value.value === true;
}

export function findImage(context: NodeContext, name: string): ImageValue | undefined {
  const value = context.inputs.get(name);
  return isImage(value) ? value : undefined;
}

export function readImage(context: NodeContext, name: string): ImageValue {
  return findImage(context, name) ?? missing(context, name);
}

export function findLatent(context: NodeContext, name: string): LatentValue | undefined {
  const value = context.inputs.get(name);
  return isLatent(value) ? value : undefined;
}

export function readLatent(context: NodeContext, name: string): LatentValue {
  return findLatent(context, name) ?? missing(context, name);
}

export function findModel(context: NodeContext, name: string): ModelValue | undefined {
  const value = context.inputs.get(name);
  return isModel(value) ? value : undefined;
}

export function readModel(context: NodeContext, name: string): ModelValue {
  return findModel(context, name) ?? missing(context, name);
}

export function findOpaque(context: NodeContext, name: string): OpaqueValue | undefined {
  const value = context.inputs.get(name);
  return isOpaque(value) ? value : undefined;
}
