/** The node classes a double knows, and what /object_info says about them (contract 5.6, recording 12). */

import type { ModelCatalogue } from './models.ts';
import { type InputSpec, type NodeClass, returnTypes } from './node-types.ts';
import { LATENT_NODES } from './nodes-latent.ts';
import { loaderNodes } from './nodes-loaders.ts';
import { RECORDING_NODES } from './nodes-recording.ts';
import { SAMPLING_NODES } from './nodes-sampling.ts';
import { SAVE_NODES } from './nodes-save.ts';
import { VIEW_NODES } from './nodes-view.ts';
import type { ComfyFolders } from './output-files.ts';
import type { Dumpable } from './python-json.ts';
import type { VersionTraits } from './versions.ts';

export type NodeCatalogue = ReadonlyMap<string, NodeClass>;

export function createNodeCatalogue(models: ModelCatalogue): NodeCatalogue {
  const nodes = [
    ...RECORDING_NODES,
    ...SAVE_NODES,
    ...VIEW_NODES,
    ...loaderNodes(models),
    ...LATENT_NODES,
    ...SAMPLING_NODES,
  ];
  return new Map(nodes.map((node) => [node.name, node]));
}

export interface ResolvedInput {
  readonly category: 'required' | 'optional';
  readonly type: string | readonly string[];
  readonly options: Readonly<Record<string, Dumpable>>;
}

/** get_input_info() for every input of a class, required ones first. */
export function inputsOf(node: NodeClass): Map<string, ResolvedInput> {
  const found = new Map<string, ResolvedInput>();
  for (const category of ['required', 'optional'] as const) {
    const specs: Readonly<Record<string, InputSpec>> = node[category] ?? {};
    for (const [name, spec] of Object.entries(specs)) {
      found.set(name, { category, type: spec[0], options: spec[1] ?? {} });
    }
  }
  return found;
}

export function objectInfo(node: NodeClass, traits: VersionTraits, folders: ComfyFolders): Dumpable {
  const modern = traits.modernObjectInfo;
  const groups: Record<string, Readonly<Record<string, Dumpable>>> = {};
  if (node.required !== undefined) groups.required = node.required;
  const [listed] = Object.keys(node.required ?? {});
  if (node.choices && listed !== undefined) {
    groups.required = { ...node.required, [listed]: node.choices(folders) };
  }
  if (node.optional !== undefined) groups.optional = node.optional;
  if (node.hidden !== undefined) groups.hidden = node.hidden;
  const output = returnTypes(node, traits);
  const info: Record<string, Dumpable> = {
    input: groups,
    input_order: Object.fromEntries(Object.entries(groups).map(([key, group]) => [key, Object.keys(group)])),
    is_input_list: modern ? false : undefined,
    output,
    output_is_list: output.map(() => false),
    output_name: output.length === 0 ? [] : (node.outputName ?? output),
    name: node.name,
    display_name: node.displayName ?? node.name,
    description: node.description ?? '',
    python_module: node.pythonModule,
    category: modern ? (node.categoryModern ?? node.category) : node.category,
    output_node: node.outputNode === true,
    has_intermediate_output: modern ? false : undefined,
    output_tooltips: node.outputTooltips,
    search_aliases: traits.searchAliases ? (node.searchAliases ?? []) : undefined,
    essentials_category: modern ? node.essentialsCategory : undefined,
  };
  return info;
}
