/** Reading the recordings of real ComfyUI servers (test/fixtures/comfyui-recordings). */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Json, type JsonObject, parseJson } from '../../resources/demo/comfy-double/python-json.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../fixtures/comfyui-recordings');

export interface Recording {
  readonly steps: readonly JsonObject[];
}

export function loadRecording(version: string, name: string): Recording {
  const content = parseJson(readFileSync(path.join(FIXTURES, version, `${name}.json`), 'utf8'));
  const steps = content instanceof Map ? content.get('steps') : undefined;
  if (!Array.isArray(steps)) throw new Error(`${name}: no steps`);
  return { steps: steps.filter((step) => step instanceof Map) };
}

export function at(value: Json | undefined, ...keys: readonly (string | number)[]): Json | undefined {
  let current: Json | undefined = value;
  for (const key of keys) {
    if (current instanceof Map && typeof key === 'string') current = current.get(key);
    else if (Array.isArray(current) && typeof key === 'number') current = current[key];
    else return undefined;
  }
  return current;
}

export function textAt(value: Json | undefined, ...keys: readonly (string | number)[]): string {
  const found = at(value, ...keys);
  return typeof found === 'string' ? found : '';
}

export function numberAt(value: Json | undefined, ...keys: readonly (string | number)[]): number {
  const found = at(value, ...keys);
  return typeof found === 'number' ? found : 0;
}

export const ABORT_NOTE = /^TCP abort of the old connection/;

export function isFrame(step: JsonObject): boolean {
  return ['ws-text', 'ws-binary'].includes(textAt(step, 'kind'));
}

export function frameType(step: JsonObject): string {
  return textAt(step, 'data', 'type');
}
