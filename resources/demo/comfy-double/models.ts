/** The model files of the double's model folders, with believable sizes and speeds. */

import type { ModelValue } from './values.ts';
import { GIBIBYTE } from './vram.ts';

/** Folder name below models/ to file names; an empty catalogue is what the recordings had. */
export type ModelCatalogue = Readonly<Record<string, readonly string[]>>;

export const DEMO_MODELS: ModelCatalogue = {
  checkpoints: [
    'flux1-schnell-fp8.safetensors',
    'ltx-2-19b-dev-fp8.safetensors',
    'ltx-2-19b-dev.safetensors',
    'ltx-2-19b-distilled.safetensors',
    'ltx-video-2b-v0.9.5.safetensors',
    'sd_xl_base_1.0.safetensors',
    'sd_xl_turbo_1.0_fp16.safetensors',
    'v1-5-pruned-emaonly-fp16.safetensors',
  ],
  diffusion_models: [
    'flux-2-klein-4b.safetensors',
    'flux-2-klein-9b.safetensors',
    'flux-2-klein-base-4b.safetensors',
    'flux-2-klein-base-9b-fp8.safetensors',
    'flux1-dev.safetensors',
    'qwen_image_fp8_e4m3fn.safetensors',
    'wan2.2_t2v_high_noise_14B_fp8_scaled.safetensors',
    'wan2.2_t2v_low_noise_14B_fp8_scaled.safetensors',
    'wan2.2_ti2v_5B_fp16.safetensors',
    'z_image_turbo_bf16.safetensors',
  ],
  text_encoders: [
    'clip_l.safetensors',
    'gemma_3_12B_it_fp4_mixed.safetensors',
    'qwen_3_4b.safetensors',
    'qwen_3_8b_fp8mixed.safetensors',
    't5xxl_fp16.safetensors',
    't5xxl_fp8_e4m3fn_scaled.safetensors',
    'umt5_xxl_fp8_e4m3fn_scaled.safetensors',
  ],
  vae: [
    'ae.safetensors',
    'flux2-vae.safetensors',
    'qwen_image_vae.safetensors',
    'wan2.2_vae.safetensors',
    'wan_2.1_vae.safetensors',
  ],
  loras: [
    'ltx-2-19b-distilled-lora-384.safetensors',
    'ltx-2-19b-lora-camera-control-dolly-left.safetensors',
    'wan2.2_t2v_lightx2v_4steps_lora_v1.1_high_noise.safetensors',
    'wan2.2_t2v_lightx2v_4steps_lora_v1.1_low_noise.safetensors',
  ],
  upscale_models: ['4x-UltraSharp.pth', 'RealESRGAN_x4plus.pth'],
  latent_upscale_models: ['ltx-2-spatial-upscaler-x2-1.0.safetensors'],
  clip_vision: ['clip_vision_h.safetensors'],
  controlnet: ['control_v11p_sd15_canny_fp16.safetensors'],
};

/** GET /models of the recorded versions. */
export const MODEL_FOLDERS: readonly string[] = [
  'checkpoints',
  'configs',
  'loras',
  'vae',
  'text_encoders',
  'diffusion_models',
  'clip_vision',
  'style_models',
  'embeddings',
  'diffusers',
  'vae_approx',
  'controlnet',
  'gligen',
  'upscale_models',
  'latent_upscale_models',
  'custom_nodes',
  'hypernetworks',
  'photomaker',
  'classifiers',
  'model_patches',
  'audio_encoders',
];

export const MODEL_FOLDERS_MODERN: readonly string[] = [
  ...MODEL_FOLDERS.slice(0, 16),
  'datasets',
  ...MODEL_FOLDERS.slice(16),
  'background_removal',
  'frame_interpolation',
  'geometry_estimation',
  'optical_flow',
  'detection',
];

/** Part of a file name, GiB on the card, seconds per sampling step at 1024 x 1024. */
const DIFFUSION: readonly (readonly [RegExp, number, number])[] = [
  [/ltx-2-19b.*(?:fp8|distilled)/i, 20, 0.5],
  [/ltx-2/i, 38, 0.6],
  [/ltx/i, 6.3, 0.12],
  [/wan.*14b/i, 14.3, 1.4],
  [/wan/i, 9.6, 0.6],
  [/flux-2-klein.*9b.*fp8/i, 9.4, 0.3],
  [/flux-2-klein.*9b/i, 17.8, 0.35],
  [/flux-2-klein/i, 7.4, 0.2],
  [/flux.*fp8/i, 11.6, 0.3],
  [/flux/i, 22.4, 0.4],
  [/qwen/i, 19.3, 0.6],
  [/z_image/i, 11.7, 0.35],
  [/xl/i, 5.1, 0.12],
];
const ENCODERS: readonly (readonly [RegExp, number])[] = [
  [/gemma.*12b/i, 9.2],
  [/t5xxl_fp16/i, 9.1],
  [/umt5|t5xxl/i, 6.3],
  [/qwen_3_8b/i, 8.7],
  [/qwen/i, 7.6],
  [/clip_l|clip_g/i, 0.25],
];

export function diffusionModel(name: string): ModelValue {
  const [, gib, step] = DIFFUSION.find(([pattern]) => pattern.test(name)) ?? [/./, 2, 0.06];
  return { kind: 'MODEL', name, vramBytes: gib * GIBIBYTE, secondsPerStep: step };
}

export function textEncoder(name: string): ModelValue {
  const [, gib] = ENCODERS.find(([pattern]) => pattern.test(name)) ?? [/./, 1.6];
  return { kind: 'CLIP', name: `clip:${name}`, vramBytes: gib * GIBIBYTE, secondsPerStep: 0 };
}

export function vaeModel(name: string): ModelValue {
  const gib = /ltx|wan2\.2/i.test(name) ? 1.4 : 0.31;
  return { kind: 'VAE', name: `vae:${name}`, vramBytes: gib * GIBIBYTE, secondsPerStep: 0 };
}

export function auxiliaryModel(kind: ModelValue['kind'], name: string, gib: number): ModelValue {
  return { kind, name: `${kind.toLowerCase()}:${name}`, vramBytes: gib * GIBIBYTE, secondsPerStep: 0 };
}
