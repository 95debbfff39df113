/** Samplers: bring the model onto the card, then tick once per step (contract 5.7, 5.10). */

import { diffusionModel } from './models.ts';
import { CONDITIONING, opaque, passing, workload } from './node-helpers.ts';
import {
  findModel,
  findOpaque,
  floatInput,
  intInput,
  type NodeClass,
  type NodeContext,
  readLatent,
  readNumber,
  readSeed,
  SEED_INPUT,
} from './node-types.ts';
import { type ImageValue, isModel, type LatentValue, type NodeValue } from './values.ts';
import { GIBIBYTE } from './vram.ts';

const SAMPLERS = [
  'euler',
  'euler_ancestral',
  'heun',
  'dpm_2',
  'lms',
  'dpmpp_2s_ancestral',
  'dpmpp_sde',
  'dpmpp_2m',
  'dpmpp_2m_sde',
  'dpmpp_3m_sde',
  'lcm',
  'res_multistep',
  'gradient_estimation',
  'ddim',
  'uni_pc',
];
const SCHEDULERS = [
  'simple',
  'sgm_uniform',
  'karras',
  'exponential',
  'ddim_uniform',
  'beta',
  'normal',
  'linear_quadratic',
  'kl_optimal',
];

const SIZE = {
  width: intInput(768, 64, 16384, { step: 32 }),
  height: intInput(512, 64, 16384, { step: 32 }),
};

async function sample(
  context: NodeContext,
  model: NodeValue | undefined,
  latent: LatentValue,
  steps: number,
  seed: bigint,
): Promise<LatentValue> {
  const work = workload(latent);
  const used = isModel(model) ? model : diffusionModel('unknown');
  await context.occupyCard([used], Math.round(1.2 * GIBIBYTE * Math.max(0.25, work)));
  const preview: ImageValue = {
    kind: 'IMAGE',
    width: latent.width / 2,
    height: latent.height / 2,
    batch: 1,
    seed,
  };
  for (let step = 1; step <= steps; step += 1) {
    await context.sleep(used.secondsPerStep * Math.max(0.1, work));
    await context.tick(step, steps, context.previews ? { image: preview, format: 'JPEG' } : undefined);
  }
  const { color: _color, ...rest } = latent;
  return { ...rest, seed: seed ^ (latent.seed * 7n) };
}

export const SAMPLING_NODES: readonly NodeClass[] = [
  {
    name: 'KSampler',
    category: 'sampling',
    pythonModule: 'nodes',
    required: {
      model: ['MODEL', { tooltip: 'The model used for denoising the input latent.' }],
      seed: SEED_INPUT,
      steps: intInput(20, 1, 10000),
      cfg: floatInput(8, 0, 100, 0.1),
      sampler_name: [SAMPLERS],
      scheduler: [SCHEDULERS],
      positive: CONDITIONING,
      negative: CONDITIONING,
      latent_image: ['LATENT'],
      denoise: floatInput(1, 0, 1, 0.01),
    },
    output: ['LATENT'],
    async run(context) {
      const steps = Math.max(1, Math.round(readNumber(context, 'steps') * readNumber(context, 'denoise', 1)));
      return {
        outputs: [
          await sample(
            context,
            findModel(context, 'model'),
            readLatent(context, 'latent_image'),
            steps,
            readSeed(context),
          ),
        ],
      };
    },
  },
  {
    name: 'KSamplerAdvanced',
    category: 'sampling',
    pythonModule: 'nodes',
    required: {
      model: ['MODEL'],
      add_noise: [['enable', 'disable']],
      noise_seed: SEED_INPUT,
      steps: intInput(20, 1, 10000),
      cfg: floatInput(8, 0, 100, 0.1),
      sampler_name: [SAMPLERS],
      scheduler: [SCHEDULERS],
      positive: CONDITIONING,
      negative: CONDITIONING,
      latent_image: ['LATENT'],
      start_at_step: intInput(0, 0, 10000),
      end_at_step: intInput(10000, 0, 10000),
      return_with_leftover_noise: [['disable', 'enable']],
    },
    output: ['LATENT'],
    async run(context) {
      const last = Math.min(readNumber(context, 'steps'), readNumber(context, 'end_at_step'));
      const steps = Math.max(1, last - readNumber(context, 'start_at_step'));
      return {
        outputs: [
          await sample(
            context,
            findModel(context, 'model'),
            readLatent(context, 'latent_image'),
            steps,
            readSeed(context, 'noise_seed'),
          ),
        ],
      };
    },
  },
  passing('RandomNoise', { noise_seed: SEED_INPUT }, ['NOISE'], (context) => opaque('NOISE', context)),
  passing('KSamplerSelect', { sampler_name: [SAMPLERS] }, ['SAMPLER'], (context) =>
    opaque('SAMPLER', context),
  ),
  passing('BasicGuider', { model: ['MODEL'], conditioning: CONDITIONING }, ['GUIDER'], (context) =>
    opaque('GUIDER', context),
  ),
  passing(
    'CFGGuider',
    { model: ['MODEL'], positive: CONDITIONING, negative: CONDITIONING, cfg: floatInput(8, 0, 100, 0.1) },
    ['GUIDER'],
    (context) => opaque('GUIDER', context),
  ),
  passing(
    'BasicScheduler',
    {
      model: ['MODEL'],
      scheduler: [SCHEDULERS],
      steps: intInput(20, 1, 10000),
      denoise: floatInput(1, 0, 1, 0.01),
    },
    ['SIGMAS'],
    (context) => opaque('SIGMAS', context),
  ),
  passing('Flux2Scheduler', { steps: intInput(20, 1, 4096), ...SIZE }, ['SIGMAS'], (context) =>
    opaque('SIGMAS', context),
  ),
  passing(
    'LTXVScheduler',
    {
      steps: intInput(20, 1, 10000),
      max_shift: floatInput(2.05, 0, 100, 0.01),
      base_shift: floatInput(0.95, 0, 100, 0.01),
      stretch: ['BOOLEAN', { default: true }],
      terminal: floatInput(0.1, 0, 0.99, 0.01),
    },
    ['SIGMAS'],
    (context) => opaque('SIGMAS', context),
  ),
  passing('ManualSigmas', { sigmas: ['STRING', { default: '1, 0.5' }] }, ['SIGMAS'], (context) =>
    opaque('SIGMAS', context),
  ),
  {
    name: 'SamplerCustomAdvanced',
    category: 'sampling/custom_sampling',
    pythonModule: 'comfy_extras.nodes_custom_sampler',
    required: {
      noise: ['NOISE'],
      guider: ['GUIDER'],
      sampler: ['SAMPLER'],
      sigmas: ['SIGMAS'],
      latent_image: ['LATENT'],
    },
    output: ['LATENT', 'LATENT'],
    outputName: ['output', 'denoised_output'],
    async run(context) {
      const seed = seedOf(findOpaque(context, 'noise')?.data.noise_seed);
      const steps = stepsOf(findOpaque(context, 'sigmas')?.data);
      const model = findOpaque(context, 'guider')?.data.model;
      const latent = await sample(context, model, readLatent(context, 'latent_image'), steps, seed);
      return { outputs: [latent, latent] };
    },
  },
];

function seedOf(value: NodeValue | undefined): bigint {
  if (value?.kind === 'literal' && 'value' in value) {
    const inner = value.value;
    if (typeof inner === 'number' || typeof inner === 'bigint') return BigInt(inner);
  }
  return 0n;
}

function stepsOf(data: Readonly<Record<string, NodeValue>> | undefined): number {
  const steps = data?.steps;
  if (steps?.kind === 'literal' && 'value' in steps && typeof steps.value === 'number') return steps.value;
  const sigmas = data?.sigmas;
  if (sigmas?.kind === 'literal' && 'value' in sigmas && typeof sigmas.value === 'string') {
    return Math.max(1, sigmas.value.split(',').length - 1);
  }
  return 20;
}
