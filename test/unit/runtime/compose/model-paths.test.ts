import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { extraModelPaths, modelsFolder } from '../../../../worker-agent/src/runtime/compose/model-paths.ts';

test('every kind of model is found, and the kinds with two folders in both', () => {
  const { workshop_models: models } = parse(extraModelPaths([], false));
  expect(models.base_path).toBe('/models');
  expect(models.diffusion_models).toBe('diffusion_models/\nunet/');
  expect(models.text_encoders).toBe('text_encoders/\nclip/');
  // Kinds that the platform's own file leaves out, which made their files invisible (contract 3.2).
  for (const kind of ['controlnet', 'upscale_models', 'clip_vision', 'embeddings', 'latent_upscale_models'])
    expect(models).toHaveProperty(kind);
});

test('folders that custom nodes brought are kinds too; hidden and strange ones are not', () => {
  const { workshop_models: models } = parse(
    extraModelPaths(['ultralytics', 'ipadapter', 'loras', '.cache', 'a b'], false),
  );
  expect(models.ultralytics).toBe('ultralytics/');
  expect(models.ipadapter).toBe('ipadapter/');
  expect(Object.keys(models).filter((key) => key === 'loras')).toHaveLength(1);
  expect(models).not.toHaveProperty('.cache');
  expect(models).not.toHaveProperty('a b');
});

test('custom nodes are listed only where there are any', () => {
  expect(extraModelPaths([], false)).not.toContain('custom_nodes');
  expect(parse(extraModelPaths([], true)).workshop_nodes).toEqual({ custom_nodes: '/custom_nodes' });
});

test('the platform keeps models in shared/, others directly', () => {
  const folder = mkdtempSync(join(tmpdir(), 'models-'));
  expect(modelsFolder(folder)).toBe(folder);
  mkdirSync(join(folder, 'shared'));
  expect(modelsFolder(folder)).toBe(join(folder, 'shared'));
  rmSync(folder, { recursive: true });
});
