/** Text encoding, latents, VAE and image operations of real workflows (SDXL, Flux, Wan, LTX, upscaling). */

import { CONDITIONING, input, opaque, passing, workload } from './node-helpers.ts';
import {
  floatInput,
  type InputSpec,
  intInput,
  type NodeClass,
  type NodeContext,
  type NodeResult,
  readImage,
  readLatent,
  readModel,
  readNumber,
  readSeed,
} from './node-types.ts';
import { isModel, type LatentValue, type NodeValue } from './values.ts';
import { GIBIBYTE, MEBIBYTE } from './vram.ts';

async function decode(
  context: NodeContext,
  latent: LatentValue,
  vae: NodeValue | undefined,
): Promise<NodeResult> {
  const work = workload(latent);
  await context.occupyCard(isModel(vae) ? [vae] : [], Math.round(0.8 * GIBIBYTE * Math.max(0.25, work)));
  await context.sleep(0.15 * Math.max(0.2, work));
  const { width, height, batch, seed } = latent;
  return { outputs: [{ kind: 'IMAGE', width, height, batch, seed }] };
}

function emptyLatent(
  name: string,
  batchInput: 'batch_size' | 'length',
  defaults: readonly [number, number, number],
): NodeClass {
  const video = batchInput === 'length';
  const required: Record<string, InputSpec> = {
    width: intInput(defaults[0], 16, 16384, { step: 8 }),
    height: intInput(defaults[1], 16, 16384, { step: 8 }),
    [batchInput]: intInput(defaults[2], 1, 16384),
  };
  if (video) required.batch_size = intInput(1, 1, 4096);
  return {
    name,
    category: video ? 'latent/video' : 'latent',
    pythonModule: 'nodes',
    required,
    output: ['LATENT'],
    run(context) {
      const latent: LatentValue = {
        kind: 'LATENT',
        width: readNumber(context, 'width'),
        height: readNumber(context, 'height'),
        batch: readNumber(context, batchInput),
        video,
        seed: 0n,
        color: 0x808080,
      };
      return { outputs: [latent] };
    },
  };
}

export const LATENT_NODES: readonly NodeClass[] = [
  {
    name: 'CLIPTextEncode',
    displayName: 'CLIP Text Encode (Prompt)',
    category: 'conditioning',
    pythonModule: 'nodes',
    required: { text: ['STRING', { multiline: true, dynamicPrompts: true }], clip: ['CLIP'] },
    output: ['CONDITIONING'],
    async run(context) {
      await context.occupyCard([readModel(context, 'clip')], 64 * MEBIBYTE);
      await context.sleep(0.12);
      return { outputs: opaque('CONDITIONING', context) };
    },
  },
  passing(
    'FluxGuidance',
    { conditioning: CONDITIONING, guidance: floatInput(3.5, 0, 100, 0.1) },
    ['CONDITIONING'],
    (context) => [input(context, 'conditioning')],
  ),
  passing('ConditioningZeroOut', { conditioning: CONDITIONING }, ['CONDITIONING'], (context) => [
    input(context, 'conditioning'),
  ]),
  passing(
    'LTXVConditioning',
    { positive: CONDITIONING, negative: CONDITIONING, frame_rate: floatInput(25, 0, 1000, 0.01) },
    ['CONDITIONING', 'CONDITIONING'],
    (context) => [input(context, 'positive'), input(context, 'negative')],
  ),
  emptyLatent('EmptyLatentImage', 'batch_size', [512, 512, 1]),
  emptyLatent('EmptySD3LatentImage', 'batch_size', [1024, 1024, 1]),
  emptyLatent('EmptyFlux2LatentImage', 'batch_size', [1024, 1024, 1]),
  emptyLatent('EmptyHunyuanLatentVideo', 'length', [848, 480, 25]),
  emptyLatent('EmptyLTXVLatentVideo', 'length', [768, 512, 97]),
  emptyLatent('Wan22EmptyLatentVideo', 'length', [1280, 704, 49]),
  passing(
    'LTXVEmptyLatentAudio',
    {
      frames_number: intInput(97, 1, 1000),
      frame_rate: intInput(25, 1, 1000),
      batch_size: intInput(1, 1, 4096),
      audio_vae: ['VAE'],
    },
    ['LATENT'],
    (context) => [{ kind: 'LATENT', width: 64, height: 64, batch: 1, video: false, seed: readSeed(context) }],
  ),
  passing(
    'LTXVConcatAVLatent',
    { video_latent: ['LATENT'], audio_latent: ['LATENT'] },
    ['LATENT'],
    (context) => [input(context, 'video_latent')],
  ),
  passing('LTXVSeparateAVLatent', { av_latent: ['LATENT'] }, ['LATENT', 'LATENT'], (context) => [
    input(context, 'av_latent'),
    input(context, 'av_latent'),
  ]),
  {
    name: 'VAEDecode',
    displayName: 'VAE Decode',
    category: 'latent',
    pythonModule: 'nodes',
    required: { samples: ['LATENT'], vae: ['VAE'] },
    output: ['IMAGE'],
    run: (context) => decode(context, readLatent(context, 'samples'), input(context, 'vae')),
  },
  {
    name: 'VAEDecodeTiled',
    category: '_for_testing',
    pythonModule: 'nodes',
    required: {
      samples: ['LATENT'],
      vae: ['VAE'],
      tile_size: intInput(512, 64, 4096),
      overlap: intInput(64, 0, 4096),
      temporal_size: intInput(64, 8, 4096),
      temporal_overlap: intInput(8, 4, 4096),
    },
    output: ['IMAGE'],
    run: (context) => decode(context, readLatent(context, 'samples'), input(context, 'vae')),
  },
  {
    name: 'VAEEncode',
    category: 'latent',
    pythonModule: 'nodes',
    required: { pixels: ['IMAGE'], vae: ['VAE'] },
    output: ['LATENT'],
    async run(context) {
      const { width, height, batch, seed } = readImage(context, 'pixels');
      await context.occupyCard([readModel(context, 'vae')], 400 * MEBIBYTE);
      await context.sleep(0.1);
      return { outputs: [{ kind: 'LATENT', width, height, batch, video: false, seed }] };
    },
  },
  {
    name: 'LTXVLatentUpsampler',
    category: 'latent/video',
    pythonModule: 'comfy_extras.nodes_lt_upsampler',
    required: { samples: ['LATENT'], upscale_model: ['LATENT_UPSCALE_MODEL'], vae: ['VAE'] },
    output: ['LATENT'],
    async run(context) {
      const latent = readLatent(context, 'samples');
      await context.sleep(0.5);
      return { outputs: [{ ...latent, width: latent.width * 2, height: latent.height * 2 }] };
    },
  },
  passing('LTXVAudioVAEDecode', { samples: ['LATENT'], audio_vae: ['VAE'] }, ['AUDIO'], (context) =>
    opaque('AUDIO', context),
  ),
  {
    name: 'ImageUpscaleWithModel',
    category: 'image/upscaling',
    pythonModule: 'comfy_extras.nodes_upscale_model',
    required: { upscale_model: ['UPSCALE_MODEL'], image: ['IMAGE'] },
    output: ['IMAGE'],
    async run(context) {
      const image = readImage(context, 'image');
      await context.occupyCard([readModel(context, 'upscale_model')], GIBIBYTE);
      const tiles = Math.max(1, Math.ceil(image.width / 512) * Math.ceil(image.height / 512) * image.batch);
      for (let tile = 1; tile <= tiles; tile += 1) {
        await context.sleep(0.25);
        await context.tick(tile, tiles);
      }
      return { outputs: [{ ...image, width: image.width * 4, height: image.height * 4 }] };
    },
  },
  passing(
    'ImageScaleBy',
    {
      image: ['IMAGE'],
      upscale_method: [['nearest-exact', 'bilinear', 'area', 'bicubic', 'lanczos']],
      scale_by: floatInput(1, 0.01, 8, 0.01),
    },
    ['IMAGE'],
    (context) => {
      const image = readImage(context, 'image');
      const scale = readNumber(context, 'scale_by');
      return [{ ...image, width: Math.round(image.width * scale), height: Math.round(image.height * scale) }];
    },
    { category: 'image/upscaling' },
  ),
  passing('GetImageSize', { image: ['IMAGE'] }, ['INT', 'INT', 'INT'], (context) => {
    const image = readImage(context, 'image');
    return [image.width, image.height, image.batch].map((value) => ({ kind: 'literal', value }) as const);
  }),
  passing('PrimitiveInt', { value: intInput(0, -9007199254740991, 9007199254740991) }, ['INT'], (context) => [
    input(context, 'value'),
  ]),
  passing('PrimitiveFloat', { value: floatInput(0, -1e15, 1e15, 0.1) }, ['FLOAT'], (context) => [
    input(context, 'value'),
  ]),
];
