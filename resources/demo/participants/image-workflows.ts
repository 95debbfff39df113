import { NEGATIVE_PROMPT, writePrompt } from './prompts.ts';
import type { Random } from './random.ts';
import { float, node, type Prompt } from './workflow-json.ts';

/** Text to image with a checkpoint of the SDXL family. */
export function sdxlImage(random: Random, checkpoint = 'sd_xl_base_1.0.safetensors'): Prompt {
  const [width, height] = random.pick([
    [1024, 1024],
    [1216, 832],
    [832, 1216],
  ]);
  return {
    '3': node('KSampler', {
      seed: random.seed64(),
      steps: random.int(18, 40),
      cfg: float(random.pick([6, 7, 7.5, 8])),
      sampler_name: random.pick(['euler', 'dpmpp_2m', 'dpmpp_2m_sde']),
      scheduler: random.pick(['normal', 'karras']),
      denoise: float(1),
      model: ['4', 0],
      positive: ['6', 0],
      negative: ['7', 0],
      latent_image: ['5', 0],
    }),
    '4': node('CheckpointLoaderSimple', { ckpt_name: checkpoint }, 'Load Checkpoint'),
    '5': node(
      'EmptyLatentImage',
      { width, height, batch_size: random.chance(0.2) ? 4 : 1 },
      'Empty Latent Image',
    ),
    '6': node('CLIPTextEncode', { text: writePrompt(random), clip: ['4', 1] }, 'Positive Prompt'),
    '7': node('CLIPTextEncode', { text: NEGATIVE_PROMPT, clip: ['4', 1] }, 'Negative Prompt'),
    '8': node('VAEDecode', { samples: ['3', 0], vae: ['4', 2] }, 'VAE Decode'),
    '9': node('SaveImage', { filename_prefix: 'workshop', images: ['8', 0] }, 'Save Image'),
  };
}

/** Text to image with FLUX.2 klein and its custom sampling nodes. */
export function flux2Image(random: Random): Prompt {
  const distilled = random.chance(0.6);
  return {
    '10': node('UNETLoader', {
      unet_name: distilled ? 'flux-2-klein-4b.safetensors' : 'flux-2-klein-base-4b.safetensors',
      weight_dtype: 'default',
    }),
    '11': node('CLIPLoader', { clip_name: 'qwen_3_4b.safetensors', type: 'flux2', device: 'default' }),
    '12': node('VAELoader', { vae_name: 'flux2-vae.safetensors' }),
    '20': node('CLIPTextEncode', { text: writePrompt(random), clip: ['11', 0] }, 'Positive Prompt'),
    '21': node('ConditioningZeroOut', { conditioning: ['20', 0] }),
    '22': node('CFGGuider', {
      model: ['10', 0],
      positive: ['20', 0],
      negative: ['21', 0],
      cfg: float(distilled ? 1 : 5),
    }),
    '23': node('RandomNoise', { noise_seed: random.seed64() }),
    '24': node('KSamplerSelect', { sampler_name: 'euler' }),
    '25': node('Flux2Scheduler', { steps: distilled ? 4 : 20, width: 1024, height: 1024 }),
    '26': node('EmptyFlux2LatentImage', { width: 1024, height: 1024, batch_size: 1 }),
    '30': node('SamplerCustomAdvanced', {
      noise: ['23', 0],
      guider: ['22', 0],
      sampler: ['24', 0],
      sigmas: ['25', 0],
      latent_image: ['26', 0],
    }),
    '31': node('VAEDecode', { samples: ['30', 0], vae: ['12', 0] }),
    '32': node('SaveImage', { filename_prefix: 'flux2/klein', images: ['31', 0] }),
  };
}

/** Text to image with Z-Image turbo. */
export function zImage(random: Random): Prompt {
  return {
    '1': node('UNETLoader', { unet_name: 'z_image_turbo_bf16.safetensors', weight_dtype: 'default' }),
    '2': node('CLIPLoader', { clip_name: 'qwen_3_4b.safetensors', type: 'lumina2', device: 'default' }),
    '3': node('VAELoader', { vae_name: 'ae.safetensors' }),
    '4': node('ModelSamplingSD3', { model: ['1', 0], shift: float(3) }),
    '5': node('CLIPTextEncode', { text: writePrompt(random), clip: ['2', 0] }, 'Positive Prompt'),
    '6': node('ConditioningZeroOut', { conditioning: ['5', 0] }),
    '7': node('EmptySD3LatentImage', { width: 1024, height: 1024, batch_size: random.int(1, 2) }),
    '8': node('KSampler', {
      seed: random.seed64(),
      steps: 9,
      cfg: float(1),
      sampler_name: 'res_multistep',
      scheduler: 'simple',
      denoise: float(1),
      model: ['4', 0],
      positive: ['5', 0],
      negative: ['6', 0],
      latent_image: ['7', 0],
    }),
    '9': node('VAEDecode', { samples: ['8', 0], vae: ['3', 0] }),
    '10': node('SaveImage', { filename_prefix: 'z-image', images: ['9', 0] }),
  };
}

/** Enlarges an image that lies in the input folder. */
export function upscale(random: Random, image: string): Prompt {
  return {
    '1': node('LoadImage', { image }),
    '2': node('UpscaleModelLoader', {
      model_name: random.pick(['4x-UltraSharp.pth', 'RealESRGAN_x4plus.pth']),
    }),
    '3': node('ImageUpscaleWithModel', { upscale_model: ['2', 0], image: ['1', 0] }),
    '4': node('ImageScaleBy', {
      image: ['3', 0],
      upscale_method: 'lanczos',
      // A different size each time: ComfyUI would answer an identical graph from its cache.
      scale_by: float(Math.round(random.int(30, 90)) / 100),
    }),
    '5': node('SaveImage', { filename_prefix: 'upscaled', images: ['4', 0] }),
  };
}
