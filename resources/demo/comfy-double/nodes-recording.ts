/** The node pack the recordings were made with (README of the recordings), and EmptyImage. */

import {
  findImage,
  floatInput,
  intInput,
  MAX_SEED,
  type NodeClass,
  type NodeContext,
  readFlag,
  readImage,
  readNumber,
  readSeed,
  readText,
  SEED_INPUT,
} from './node-types.ts';
import { OutOfMemory, PythonError } from './python-errors.ts';
import { type Json, PyFloat, Unserialisable } from './python-json.ts';
import type { ImageValue } from './values.ts';

const PACK_FILE = 'custom_nodes/recpack/__init__.py';

function imageOrDefault(context: NodeContext): ImageValue {
  return (
    findImage(context, 'image') ?? {
      kind: 'IMAGE',
      width: 64,
      height: 64,
      batch: 1,
      color: 0,
      seed: readSeed(context),
    }
  );
}

function textUi(text: string): ReadonlyMap<string, Json> {
  return new Map([['text', [text]]]);
}

function pack(node: Omit<NodeClass, 'category' | 'pythonModule'>): NodeClass {
  return { ...node, category: 'recording', pythonModule: 'custom_nodes.recpack' };
}

export const RECORDING_NODES: readonly NodeClass[] = [
  {
    name: 'EmptyImage',
    category: 'image',
    pythonModule: 'nodes',
    required: {
      width: intInput(512, 1, 16384, { step: 1 }),
      height: intInput(512, 1, 16384, { step: 1 }),
      batch_size: intInput(1, 1, 4096),
      color: intInput(0, 0, 0xffffff, { step: 1, display: 'color' }),
    },
    output: ['IMAGE'],
    run(context) {
      return {
        outputs: [
          {
            kind: 'IMAGE',
            width: readNumber(context, 'width'),
            height: readNumber(context, 'height'),
            batch: readNumber(context, 'batch_size', 1),
            color: readNumber(context, 'color'),
            seed: BigInt(readNumber(context, 'color')),
          },
        ],
      };
    },
  },
  pack({
    name: 'SlowImage',
    required: {
      seconds: floatInput(2, 0, 600, 0.1),
      steps: intInput(4, 1, 1000),
      seed: SEED_INPUT,
      mode: [['plain', 'preview']],
    },
    optional: { image: ['IMAGE'] },
    output: ['IMAGE'],
    async run(context) {
      const image = imageOrDefault(context);
      const steps = readNumber(context, 'steps');
      const preview = readText(context, 'mode') === 'preview';
      for (let step = 1; step <= steps; step += 1) {
        await context.sleep(readNumber(context, 'seconds') / steps);
        await context.tick(step, steps, preview ? { image, format: 'JPEG' } : undefined);
      }
      return { outputs: [image] };
    },
  }),
  pack({
    name: 'SilentImage',
    required: {
      seconds: floatInput(2, 0, 600, 0.1),
      seed: SEED_INPUT,
      hold_gil: ['BOOLEAN', { default: false }],
    },
    output: ['IMAGE'],
    async run(context) {
      const seconds = readNumber(context, 'seconds');
      if (readFlag(context, 'hold_gil')) await context.sleepHoldingGil(seconds);
      else await context.sleep(seconds);
      return { outputs: [imageOrDefault(context)] };
    },
  }),
  pack({
    name: 'SilentOut',
    required: { image: ['IMAGE'], seconds: floatInput(2, 0, 600, 0.1) },
    output: [],
    outputNode: true,
    async run(context) {
      await context.sleep(readNumber(context, 'seconds'));
      return { outputs: [], ui: textUi('slept') };
    },
  }),
  pack({
    name: 'FailImage',
    required: { message: ['STRING', { default: 'boom' }], seed: intInput(0, 0, MAX_SEED) },
    optional: { image: ['IMAGE'] },
    output: ['IMAGE'],
    run(context) {
      throw new PythonError('RuntimeError', readText(context, 'message'), [[PACK_FILE, 46, 'go']]);
    },
  }),
  pack({
    name: 'OomImage',
    required: { kind: [['torch', 'comfy']], seed: intInput(0, 0, MAX_SEED) },
    output: ['IMAGE'],
    run() {
      throw new OutOfMemory(
        'CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.10 GiB of which ' +
          '3.31 GiB is free.',
        [[PACK_FILE, 54, 'go']],
      );
    },
  }),
  pack({
    name: 'BlockImage',
    required: {
      message: ['STRING', { default: 'blocked' }],
      silent: ['BOOLEAN', { default: false }],
      seed: intInput(0, 0, MAX_SEED),
    },
    output: ['IMAGE'],
    run(context) {
      const message = readFlag(context, 'silent') ? null : readText(context, 'message');
      return { outputs: [{ kind: 'ExecutionBlocker', message }] };
    },
  }),
  pack({
    name: 'TextOut',
    required: { image: ['IMAGE'] },
    output: [],
    outputNode: true,
    run(context) {
      const image = readImage(context, 'image');
      context.sendText('hello text');
      return { outputs: [], ui: textUi(`${image.width}x${image.height}`) };
    },
  }),
  pack({
    name: 'ListOut',
    required: { image: ['IMAGE'] },
    output: [],
    outputNode: true,
    run() {
      const clip: Json = new Map<string, Json>([
        ['filename', 'AnimateDiff_00001.mp4'],
        ['subfolder', ''],
        ['type', 'output'],
        ['format', 'video/h264-mp4'],
        ['frame_rate', new PyFloat(8)],
      ]);
      const ui = new Map<string, Json>([
        ['gifs', [clip]],
        ['result', ['mesh/a.glb', null]],
        ['tags', ['a', 'b']],
      ]);
      return { outputs: [], ui };
    },
  }),
  pack({
    name: 'BadUi',
    required: { image: ['IMAGE'] },
    output: [],
    outputNode: true,
    run() {
      return {
        outputs: [],
        ui: new Map([['text', [new Unserialisable('<object object at 0x7effb3159610>')]]]),
      };
    },
  }),
];
