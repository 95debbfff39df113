import { NEGATIVE_PROMPT, writePrompt } from './prompts.ts';
import type { Random } from './random.ts';
import { float, node, type Prompt } from './workflow-json.ts';

/** Text to video with sound, LTX-2 distilled. */
export function ltx2Video(random: Random): Prompt {
  const checkpoint = 'ltx-2-19b-distilled.safetensors';
  const frames = random.pick([65, 97, 121]);
  const frameRate = 25;
  return {
    '1': node('CheckpointLoaderSimple', { ckpt_name: checkpoint }, 'Load Checkpoint'),
    '2': node('LTXAVTextEncoderLoader', {
      text_encoder: 'gemma_3_12B_it_fp4_mixed.safetensors',
      ckpt_name: checkpoint,
      device: 'default',
    }),
    '3': node('LTXVAudioVAELoader', { ckpt_name: checkpoint }),
    '4': node('CLIPTextEncode', { text: writePrompt(random), clip: ['2', 0] }, 'Positive Prompt'),
    '5': node('CLIPTextEncode', { text: NEGATIVE_PROMPT, clip: ['2', 0] }, 'Negative Prompt'),
    '6': node('LTXVConditioning', { positive: ['4', 0], negative: ['5', 0], frame_rate: float(frameRate) }),
    '7': node('EmptyLTXVLatentVideo', { width: 768, height: 512, length: frames, batch_size: 1 }),
    '8': node('LTXVEmptyLatentAudio', {
      frames_number: frames,
      frame_rate: frameRate,
      batch_size: 1,
      audio_vae: ['3', 0],
    }),
    '9': node('LTXVConcatAVLatent', { video_latent: ['7', 0], audio_latent: ['8', 0] }),
    '10': node('RandomNoise', { noise_seed: random.seed64() }),
    '11': node('KSamplerSelect', { sampler_name: 'euler_ancestral' }),
    '12': node('ManualSigmas', {
      sigmas: '1., 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875, 0.0',
    }),
    '13': node('CFGGuider', { model: ['1', 0], positive: ['6', 0], negative: ['6', 1], cfg: float(1) }),
    '14': node('SamplerCustomAdvanced', {
      noise: ['10', 0],
      guider: ['13', 0],
      sampler: ['11', 0],
      sigmas: ['12', 0],
      latent_image: ['9', 0],
    }),
    '15': node('LTXVSeparateAVLatent', { av_latent: ['14', 0] }),
    '16': node('VAEDecodeTiled', {
      samples: ['15', 0],
      vae: ['1', 2],
      tile_size: 512,
      overlap: 64,
      temporal_size: 4096,
      temporal_overlap: 8,
    }),
    '17': node('LTXVAudioVAEDecode', { samples: ['15', 1], audio_vae: ['3', 0] }),
    '18': node('CreateVideo', { images: ['16', 0], audio: ['17', 0], fps: float(frameRate) }),
    '19': node('SaveVideo', {
      video: ['18', 0],
      filename_prefix: 'video/ltx2',
      format: 'auto',
      codec: 'auto',
    }),
  };
}

/** Text to video with Wan 2.2: two experts, each with its four-step LoRA. */
export function wanVideo(random: Random): Prompt {
  const sampler = {
    steps: 4,
    cfg: float(1),
    sampler_name: 'euler',
    scheduler: 'simple',
    positive: ['50', 0],
    negative: ['51', 0],
  };
  const expert = (name: 'high' | 'low') =>
    ({
      loader: node(
        'UNETLoader',
        { unet_name: `wan2.2_t2v_${name}_noise_14B_fp8_scaled.safetensors`, weight_dtype: 'default' },
        `Load ${name} noise expert`,
      ),
      lora: (model: string) =>
        node('LoraLoaderModelOnly', {
          model: [model, 0],
          lora_name: `wan2.2_t2v_lightx2v_4steps_lora_v1.1_${name}_noise.safetensors`,
          strength_model: float(1),
        }),
    }) as const;
  return {
    '37': expert('high').loader,
    '56': expert('low').loader,
    '38': node('CLIPLoader', {
      clip_name: 'umt5_xxl_fp8_e4m3fn_scaled.safetensors',
      type: 'wan',
      device: 'default',
    }),
    '39': node('VAELoader', { vae_name: 'wan_2.1_vae.safetensors' }),
    '40': expert('high').lora('37'),
    '41': expert('low').lora('56'),
    '42': node('ModelSamplingSD3', { model: ['40', 0], shift: float(5) }),
    '43': node('ModelSamplingSD3', { model: ['41', 0], shift: float(5) }),
    '50': node('CLIPTextEncode', { text: writePrompt(random), clip: ['38', 0] }, 'Positive Prompt'),
    '51': node('CLIPTextEncode', { text: NEGATIVE_PROMPT, clip: ['38', 0] }, 'Negative Prompt'),
    '52': node('EmptyHunyuanLatentVideo', {
      width: 640,
      height: 640,
      length: random.pick([33, 49, 81]),
      batch_size: 1,
    }),
    '53': node('KSamplerAdvanced', {
      model: ['42', 0],
      add_noise: 'enable',
      noise_seed: random.seed64(),
      ...sampler,
      latent_image: ['52', 0],
      start_at_step: 0,
      end_at_step: 2,
      return_with_leftover_noise: 'enable',
    }),
    '54': node('KSamplerAdvanced', {
      model: ['43', 0],
      add_noise: 'disable',
      noise_seed: 0,
      ...sampler,
      latent_image: ['53', 0],
      start_at_step: 2,
      end_at_step: 10_000,
      return_with_leftover_noise: 'disable',
    }),
    '58': node('VAEDecode', { samples: ['54', 0], vae: ['39', 0] }),
    '60': node('CreateVideo', { images: ['58', 0], fps: float(16) }),
    '61': node('SaveVideo', {
      video: ['60', 0],
      filename_prefix: 'video/wan22',
      format: 'auto',
      codec: 'auto',
    }),
  };
}
