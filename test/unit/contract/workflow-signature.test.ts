import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sdxlImage } from '../../../resources/demo/participants/image-workflows.ts';
import { createRandom } from '../../../resources/demo/participants/random.ts';
import { ltx2Video, wanVideo } from '../../../resources/demo/participants/video-workflows.ts';
import { type Prompt, workflowText } from '../../../resources/demo/participants/workflow-json.ts';
import { signatureOfPrompt } from '../../../worker-agent/src/contract/workflow-signature.ts';
import { type PromptNode, readWorkflowText } from '../../../worker-agent/src/contract/workflow-text.ts';

type Nodes = Record<string, PromptNode>;

function nodesOf(text: string): Nodes {
  const read = readWorkflowText(Buffer.from(text));
  if (read.kind !== 'api') throw new Error(`read as ${read.kind}`);
  return read.nodes;
}
const parsed = (prompt: Prompt) => nodesOf(workflowText(prompt));
const memoryOf = (nodes: Nodes) => signatureOfPrompt(nodes).memory;

/** The same picture with other values at one input of one node. */
function withInput(nodes: Nodes, id: string, name: string, value: unknown): Nodes {
  const node = nodes[id];
  if (!node) throw new Error(`no node ${id}`);
  return { ...nodes, [id]: { ...node, inputs: { ...node.inputs, [name]: value } } };
}

const SDXL = parsed(sdxlImage(createRandom(1)));
const LTX = parsed(ltx2Video(createRandom(1)));
const templates = fc.constantFrom(SDXL, LTX, parsed(wanVideo(createRandom(1))));

/** Renames every node, links included, and writes nodes and inputs in another order. */
function reshuffled(nodes: Nodes, prefix: string, flip: boolean): Nodes {
  const turn = <T>(list: T[]) => (flip ? list.reverse() : list);
  const link = (value: unknown): unknown =>
    Array.isArray(value) && typeof value[0] === 'string' && value[0] in nodes
      ? [`${prefix}${value[0]}`, value[1]]
      : value;
  return Object.fromEntries(
    turn(Object.entries(nodes)).map(([id, node]) => [
      `${prefix}${id}`,
      {
        ...node,
        inputs: Object.fromEntries(
          turn(Object.entries(node.inputs)).map(([name, value]) => [name, link(value)]),
        ),
      },
    ]),
  );
}

describe('what the memory signature does not depend on', () => {
  test('numbering and order of nodes and inputs', () => {
    fc.assert(
      fc.property(templates, fc.string({ minLength: 1 }), fc.boolean(), (nodes, prefix, flip) => {
        expect(memoryOf(reshuffled(nodes, prefix, flip))).toBe(memoryOf(nodes));
      }),
    );
  });

  test('seeds, prompts, file names, steps, cfg, samplers', () => {
    const free = {
      seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(Number),
      noise_seed: fc.nat(),
      text: fc.oneof(fc.string(), fc.constant('looks like sd_xl_base_1.0.safetensors')),
      filename_prefix: fc.oneof(fc.string(), fc.constant('from model.ckpt')),
      steps: fc.integer({ min: 1, max: 200 }),
      cfg: fc.double({ noNaN: true }),
      sampler_name: fc.constantFrom('euler', 'dpmpp_2m', 'heun'),
      denoise: fc.double({ min: 0, max: 1, noNaN: true }),
      fps: fc.integer({ min: 1, max: 60 }),
    };
    fc.assert(
      fc.property(templates, fc.record(free), (nodes, values) => {
        let changed = nodes;
        for (const [id, node] of Object.entries(nodes))
          for (const [name, value] of Object.entries(values))
            if (name in node.inputs && !Array.isArray(node.inputs[name]))
              changed = withInput(changed, id, name, value);
        expect(memoryOf(changed)).toBe(memoryOf(nodes));
      }),
    );
  });

  test('how a number is written', () => {
    const written = (width: string) =>
      memoryOf(nodesOf(`{"5":{"class_type":"EmptyLatentImage","inputs":{"width":${width},"height":512}}}`));
    expect(new Set([written('1024'), written('1024.0'), written('"1024"')]).size).toBe(1);
  });

  test('a prompt that happens to be a number and reaches a size by a detour', () => {
    const withText = (text: string) =>
      memoryOf(
        nodesOf(
          `{"1":{"class_type":"CLIPTextEncode","inputs":{"text":"${text}"}},` +
            '"2":{"class_type":"GetImageSize","inputs":{"image":["1",0]}},' +
            '"3":{"class_type":"EmptyLatentImage","inputs":{"width":["2",0]}}}',
        ),
      );
    expect(withText('512')).toBe(withText('1024'));
  });
});

describe('what the memory signature depends on', () => {
  test('every size', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('width', 'height', 'batch_size'),
        fc.integer({ min: 1, max: 8192 }),
        (name, value) => {
          const before = SDXL['5']?.inputs[name];
          const same = memoryOf(withInput(SDXL, '5', name, value)) === memoryOf(SDXL);
          expect(same).toBe(value === before);
        },
      ),
    );
    expect(memoryOf(withInput(LTX, '7', 'length', 241))).not.toBe(memoryOf(LTX));
    expect(memoryOf(withInput(LTX, '16', 'tile_size', 256))).not.toBe(memoryOf(LTX));
  });

  test('models, number formats, node types', () => {
    expect(memoryOf(withInput(SDXL, '4', 'ckpt_name', 'other.safetensors'))).not.toBe(memoryOf(SDXL));
    expect(memoryOf(withInput(LTX, '2', 'text_encoder', 'other.safetensors'))).not.toBe(memoryOf(LTX));
    expect(memoryOf(withInput(SDXL, '4', 'weight_dtype', 'fp8_e4m3fn'))).not.toBe(memoryOf(SDXL));
    expect(memoryOf({ ...SDXL, 99: { class_type: 'LatentUpscaleBy', inputs: {} } })).not.toBe(memoryOf(SDXL));
  });

  test('a size that another node computes is followed to its numbers', () => {
    const at = (value: number) =>
      memoryOf(
        nodesOf(
          `{"1":{"class_type":"PrimitiveInt","inputs":{"value":${value}}},` +
            '"2":{"class_type":"MathExpression","inputs":{"a":["1",0],"b":2}},' +
            '"3":{"class_type":"EmptyLatentImage","inputs":{"width":["2",0],"height":512}}}',
        ),
      );
    expect(at(512)).toBe(at(512));
    expect(at(512)).not.toBe(at(1024));
  });

  test('a size chosen by its name', () => {
    const at = (resolution: string) =>
      memoryOf(nodesOf(`{"1":{"class_type":"SizePicker","inputs":{"resolution":"${resolution}"}}}`));
    expect(at('1024x1024')).not.toBe(at('1536x640'));
  });
});

test('nodes that refer to each other in a ring end', () => {
  const ring = nodesOf(
    '{"1":{"class_type":"A","inputs":{"width":["2",0]}},"2":{"class_type":"B","inputs":{"value":["1",0],"width":["1",0]}}}',
  );
  expect(memoryOf(ring)).toHaveLength(24);
});

describe('steps, for run times', () => {
  test.each([
    ['one sampler', '{"1":{"class_type":"KSampler","inputs":{"steps":20}}}', 20],
    [
      'two experts that share a schedule',
      '{"1":{"class_type":"KSamplerAdvanced","inputs":{"steps":8,"start_at_step":0,"end_at_step":4}},' +
        '"2":{"class_type":"KSamplerAdvanced","inputs":{"steps":8,"start_at_step":4,"end_at_step":10000}}}',
      8,
    ],
    ['written noise levels', '{"1":{"class_type":"ManualSigmas","inputs":{"sigmas":"1, 0.5, 0.2, 0"}}}', 3],
    [
      'steps from another node',
      '{"1":{"class_type":"PrimitiveInt","inputs":{"value":7}},"2":{"class_type":"KSampler","inputs":{"steps":["1",0]}}}',
      7,
    ],
    ['none', '{"1":{"class_type":"SaveImage","inputs":{}}}', null],
  ])('%s', (_, text, steps) => {
    expect(signatureOfPrompt(nodesOf(text)).steps).toBe(steps);
  });
});
