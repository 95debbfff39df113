import { z } from 'zod';
import type { ComfyFile } from './roles.ts';

/** Longest string of a node's ui that is worth keeping; tensor reprs run to megabytes. */
const MAX_STRING = 4000;
/** Above this many characters only the file lists are kept: queue-manager loads whole jobs (contract 1.3). */
const MAX_OUTPUTS = 512 * 1024;

const fileSchema = z.object({
  filename: z.string().min(1),
  subfolder: z.string().catch(''),
  type: z.enum(['output', 'input', 'temp']).catch('output'),
});
const MODEL_3D = /\.(glb|gltf|obj|fbx|stl|ply|usdz|splat|spz|ksplat)$/i;

/**
 * Every file that the outputs of a history entry list, under whatever group name (contract 5.6, 8.18): images, gifs,
 * audio, 3d and what custom nodes invent. Strings in `result` that name a 3D file are taken relative to the output
 * folder; whether they exist is not known.
 */
export function filesOf(outputs: Record<string, unknown>): ComfyFile[] {
  const files = new Map<string, ComfyFile>();
  const add = (file: ComfyFile) => {
    const key = `${file.type}/${file.subfolder}/${file.filename}`;
    if (!files.has(key)) files.set(key, file);
  };
  for (const [nodeId, groups] of Object.entries(outputs)) {
    if (typeof groups !== 'object' || groups === null) continue;
    for (const [group, items] of Object.entries(groups)) {
      if (!Array.isArray(items)) continue;
      for (const item of items) {
        const file = fileSchema.safeParse(item);
        if (file.success) add({ nodeId, group, ...file.data });
        else if (group === 'result' && typeof item === 'string' && MODEL_3D.test(item))
          addPath(item, nodeId, add);
      }
    }
  }
  return [...files.values()];
}

function addPath(path: string, nodeId: string, add: (file: ComfyFile) => void): void {
  const parts = path.split('/');
  const filename = parts.pop();
  if (!filename || path.startsWith('/') || parts.includes('..')) return;
  add({ nodeId, group: 'result', filename, subfolder: parts.join('/'), type: 'output' });
}

/** The outputs without reprs: long strings are cut, and an enormous whole is reduced to its file lists. */
export function trimOutputs(outputs: Record<string, unknown>): {
  outputs: Record<string, unknown>;
  warnings: string[];
} {
  const cut: Record<string, unknown> = {};
  for (const [nodeId, groups] of Object.entries(outputs)) cut[nodeId] = trimValue(groups, 0);
  if (JSON.stringify(cut).length <= MAX_OUTPUTS) return { outputs: cut, warnings: [] };
  const listed: Record<string, Record<string, unknown[]>> = {};
  for (const { nodeId, group, ...file } of filesOf(outputs)) {
    const node = listed[nodeId] ?? {};
    node[group] = [...(node[group] ?? []), file];
    listed[nodeId] = node;
  }
  return {
    outputs: listed,
    warnings: ['The workflow reported more output data than fits into a job; only its files are listed.'],
  };
}

function trimValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string')
    return value.length <= MAX_STRING ? value : `${value.slice(0, MAX_STRING)}… (${value.length} characters)`;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 20) return null;
  if (Array.isArray(value)) return value.map((item) => trimValue(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, trimValue(item, depth + 1)]));
}
