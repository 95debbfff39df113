import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The example .env of the platform and of its successor, as a host finds them on the VPS. */
export function envSample(name: 'vps-comfy-multi' | 'vps-comfyume-v1'): string {
  return readFileSync(resolve(import.meta.dirname, `../fixtures/env/${name}.env`), 'utf8');
}
