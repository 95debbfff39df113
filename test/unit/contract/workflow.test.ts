import { describe, expect, test } from 'vitest';
import { describeWorkflow, traitsOfPrompt } from '../../../worker-agent/src/contract/workflow-kind.ts';
import { readWorkflowText } from '../../../worker-agent/src/contract/workflow-text.ts';

const node = '{"class_type":"KSampler","inputs":{"seed":18446744073709551615}}';
const read = (text: string) => readWorkflowText(Buffer.from(text));

describe('workflow formats (contract 7)', () => {
  test('an API prompt is taken whole', () => {
    const text = `{"3":${node}}`;
    expect(read(text)).toMatchObject({ kind: 'api', prompt: { start: 0, end: text.length } });
  });

  test.each(['prompt', 'output'])('a {%s: …} wrapper is opened, its bytes only located', (wrapper) => {
    const text = `{"extra": 1, "${wrapper}" : {"3":${node}} }`;
    const found = read(text);
    if (found.kind !== 'api') throw new Error(`read as ${found.kind}`);
    expect(text.slice(found.prompt.start, found.prompt.end)).toBe(`{"3":${node}}`);
  });

  test('the editor’s graph is told apart', () => {
    expect(read('{"id":"x","nodes":[{"id":1,"type":"KSampler"}],"links":[]}')).toEqual({ kind: 'ui' });
  });

  test('empty, broken and odd workflows are named', () => {
    expect(read('{}')).toEqual({ kind: 'empty' });
    expect(read('{"3":').kind).toBe('invalid');
    expect(read('[]')).toMatchObject({ kind: 'invalid', reason: 'not an object' });
    expect(read(`{"3":${node},"4":5}`)).toMatchObject({
      kind: 'invalid',
      reason: 'node "4" has no class_type',
    });
  });
});

describe('kinds', () => {
  test.each([
    [['UNETLoader', 'KSampler', 'SaveImage'], ['flux2_dev.safetensors'], 'flux2 image', 'image'],
    [
      ['CheckpointLoaderSimple', 'EmptyLTXVLatentVideo', 'SaveVideo'],
      ['ltx-2-19b.safetensors'],
      'ltx2 text to video',
      'video',
    ],
    [
      ['LoadImage', 'WanImageToVideo', 'CreateVideo'],
      ['wan2.2_i2v.safetensors'],
      'wan2.2 image to video',
      'video',
    ],
    [
      ['LoadImage', 'UpscaleModelLoader', 'ImageUpscaleWithModel', 'SaveImage'],
      ['4x.pth'],
      'upscale',
      'image',
    ],
    [
      ['CheckpointLoaderSimple', 'KSampler', 'SaveImage'],
      ['sd_xl_base_1.0.safetensors'],
      'sdxl image',
      'image',
    ],
    [['SomethingElse'], [], 'workflow', 'other'],
  ])('%s with %s is %s', (classTypes, models, label, media) => {
    expect(describeWorkflow({ classTypes, models })).toEqual({ label, media });
  });

  test('traits are node types and literals that look like model files', () => {
    expect(
      traitsOfPrompt({
        1: {
          class_type: 'CheckpointLoaderSimple',
          inputs: { ckpt_name: 'a.safetensors', text: 'safetensors' },
        },
        2: { class_type: 'KSampler', inputs: { model: ['1', 0] } },
      }),
    ).toEqual({ classTypes: ['CheckpointLoaderSimple', 'KSampler'], models: ['a.safetensors'] });
  });
});
