/** Loaders: silent while they read from disk, which may take long (contract 5.10). */

import { auxiliaryModel, diffusionModel, type ModelCatalogue, textEncoder, vaeModel } from './models.ts';
import { input, passing } from './node-helpers.ts';
import { floatInput, type InputSpec, type NodeClass, readText } from './node-types.ts';
import { isModel, type NodeValue } from './values.ts';

function loader(
  name: string,
  folder: string,
  input: string,
  output: readonly string[],
  load: (file: string) => readonly NodeValue[],
  catalogue: ModelCatalogue,
  more: { readonly required?: Record<string, InputSpec> } & Partial<NodeClass> = {},
): NodeClass {
  const tooltip =
    more.description === undefined ? undefined : { tooltip: 'The name of the checkpoint (model) to load.' };
  return {
    category: 'loaders',
    categoryModern: 'model/loaders',
    pythonModule: 'nodes',
    output,
    ...more,
    name,
    required: {
      [input]: tooltip ? [catalogue[folder] ?? [], tooltip] : [catalogue[folder] ?? []],
      ...more.required,
    },
    async run(context) {
      const outputs = load(readText(context, input));
      for (const value of outputs) if (isModel(value)) await context.loadFromDisk(value);
      return { outputs };
    },
  };
}

export function loaderNodes(catalogue: ModelCatalogue): NodeClass[] {
  const encoders = catalogue.text_encoders ?? [];
  const loras = catalogue.loras ?? [];
  const clipLoader = (name: string, files: readonly string[], types: readonly string[]): NodeClass => ({
    name,
    category: 'advanced/loaders',
    pythonModule: 'nodes',
    required: {
      ...Object.fromEntries(files.map((file): [string, InputSpec] => [file, [encoders]])),
      type: [types],
    },
    optional: { device: [['default', 'cpu'], { advanced: true }] },
    output: ['CLIP'],
    async run(context) {
      const models = files.map((file) => textEncoder(readText(context, file)));
      for (const model of models) await context.loadFromDisk(model);
      const vramBytes = models.reduce((sum, model) => sum + model.vramBytes, 0);
      return {
        outputs: [
          { kind: 'CLIP', name: models.map((model) => model.name).join('+'), vramBytes, secondsPerStep: 0 },
        ],
      };
    },
  });
  return [
    loader(
      'CheckpointLoaderSimple',
      'checkpoints',
      'ckpt_name',
      ['MODEL', 'CLIP', 'VAE'],
      (file) => [diffusionModel(file), textEncoder(file), vaeModel(file)],
      catalogue,
      {
        displayName: 'Load Checkpoint',
        description: 'Loads a diffusion model checkpoint, diffusion models are used to denoise latents.',
        outputTooltips: [
          'The model used for denoising latents.',
          'The CLIP model used for encoding text prompts.',
          'The VAE model used for encoding and decoding images to and from latent space.',
        ],
        searchAliases: ['load model', 'checkpoint', 'model loader', 'load checkpoint', 'ckpt', 'model'],
      },
    ),
    loader(
      'UNETLoader',
      'diffusion_models',
      'unet_name',
      ['MODEL'],
      (file) => [diffusionModel(file)],
      catalogue,
      {
        displayName: 'Load Diffusion Model',
        required: { weight_dtype: [['default', 'fp8_e4m3fn', 'fp8_e4m3fn_fast', 'fp8_e5m2']] },
      },
    ),
    loader('VAELoader', 'vae', 'vae_name', ['VAE'], (file) => [vaeModel(file)], catalogue, {
      displayName: 'Load VAE',
    }),
    loader(
      'UpscaleModelLoader',
      'upscale_models',
      'model_name',
      ['UPSCALE_MODEL'],
      (file) => [auxiliaryModel('UPSCALE_MODEL', file, 0.07)],
      catalogue,
    ),
    loader(
      'LatentUpscaleModelLoader',
      'latent_upscale_models',
      'model_name',
      ['LATENT_UPSCALE_MODEL'],
      (file) => [auxiliaryModel('UPSCALE_MODEL', file, 1)],
      catalogue,
    ),
    loader(
      'ControlNetLoader',
      'controlnet',
      'control_net_name',
      ['CONTROL_NET'],
      (file) => [auxiliaryModel('CONTROL_NET', file, 0.7)],
      catalogue,
    ),
    loader(
      'CLIPVisionLoader',
      'clip_vision',
      'clip_name',
      ['CLIP_VISION'],
      (file) => [auxiliaryModel('CLIP_VISION', file, 1.2)],
      catalogue,
    ),
    loader(
      'LTXVAudioVAELoader',
      'checkpoints',
      'ckpt_name',
      ['VAE'],
      (file) => [vaeModel(`audio-${file}`)],
      catalogue,
    ),
    clipLoader(
      'CLIPLoader',
      ['clip_name'],
      ['stable_diffusion', 'sd3', 'stable_audio', 'ltxv', 'wan', 'qwen_image', 'flux', 'flux2', 'lumina2'],
    ),
    clipLoader(
      'DualCLIPLoader',
      ['clip_name1', 'clip_name2'],
      ['sdxl', 'sd3', 'flux', 'hunyuan_video', 'hidream', 'ltxv'],
    ),
    {
      name: 'LTXAVTextEncoderLoader',
      category: 'advanced/loaders',
      pythonModule: 'comfy_extras.nodes_lt_audio',
      required: {
        text_encoder: [encoders],
        ckpt_name: [catalogue.checkpoints ?? []],
        device: [['default', 'cpu']],
      },
      output: ['CLIP'],
      async run(context) {
        const model = textEncoder(readText(context, 'text_encoder'));
        await context.loadFromDisk(model);
        return { outputs: [model] };
      },
    },
    passing(
      'LoraLoader',
      {
        model: ['MODEL'],
        clip: ['CLIP'],
        lora_name: [loras],
        strength_model: floatInput(1, -100, 100, 0.01),
        strength_clip: floatInput(1, -100, 100, 0.01),
      },
      ['MODEL', 'CLIP'],
      (context) => [input(context, 'model'), input(context, 'clip')],
      { category: 'loaders' },
    ),
    passing(
      'LoraLoaderModelOnly',
      { model: ['MODEL'], lora_name: [loras], strength_model: floatInput(1, -100, 100, 0.01) },
      ['MODEL'],
      (context) => [input(context, 'model')],
      { category: 'loaders' },
    ),
    passing(
      'ModelSamplingSD3',
      { model: ['MODEL'], shift: floatInput(3, 0, 100, 0.01) },
      ['MODEL'],
      (context) => [input(context, 'model')],
    ),
  ];
}
