import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { buildRuntime } from '../../../worker-agent/src/agent/build-runtime.ts';

const log = pino({ level: 'silent' });
let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'build-runtime-'));
  return () => rmSync(stateDir, { recursive: true, force: true, maxRetries: 5 });
});
const build = (change: Partial<Parameters<typeof buildRuntime>[0]> = {}) =>
  buildRuntime(
    {
      ...{ runtime: { kind: 'process', command: ['comfy'] }, maxWorkers: 2, stateDir },
      ...{ comfyOutputDir: join(stateDir, 'comfyui/output/{worker}'), inputsPath: null, modelsPath: null },
      ...change,
    },
    { reading: () => ({ gpus: [], processes: [], at: null, error: null }) },
    log,
  );

test('raw files of a process are cleared where a folder for each worker is the agent’s own, and nowhere else', () => {
  expect(build().ownRawRoot).toBe(join(stateDir, 'comfyui/output'));
  expect(build().comfyOutputDir?.('worker-2')).toBe(join(stateDir, 'comfyui/output/worker-2'));
  for (const comfyOutputDir of [
    join(stateDir, 'comfyui/output'),
    '/home/anna/ComfyUI/output/{worker}',
    `${stateDir}/../elsewhere/{worker}`,
    null,
  ])
    expect(build({ comfyOutputDir }).ownRawRoot).toBeNull();
  const external = { kind: 'external', urls: ['http://127.0.0.1:8188'] } as const;
  expect(build({ runtime: { ...external, urls: [...external.urls] } }).ownRawRoot).toBeNull();
});

test('a ComfyUI that asks for it is told where the models are, in `shared` where the platform keeps them', () => {
  const modelsPath = join(stateDir, 'models');
  mkdirSync(join(modelsPath, 'shared', 'my_kind'), { recursive: true });
  const file = join(stateDir, 'comfyui', 'extra_model_paths.yaml');
  build({ modelsPath });
  expect(() => readFileSync(file)).toThrow();
  build({ modelsPath, runtime: { kind: 'process', command: ['comfy', '--extra-model-paths-config', file] } });
  const { workshop_models: models } = parse(readFileSync(file, 'utf8'));
  expect(models).toMatchObject({
    base_path: join(modelsPath, 'shared'),
    my_kind: 'my_kind/',
    loras: 'loras/',
  });
});
