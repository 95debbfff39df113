import { randomUUID } from 'node:crypto';
import type {
  ComfyServer,
  PromptOutcome,
  PromptProgress,
  RunPromptRequest,
} from '../../worker-agent/src/comfy/roles.ts';

type Nodes = Record<string, { class_type: string; inputs: Record<string, unknown> }>;
let color = 0;

/** Prompts of recorded and core nodes; each call gives one that no cache knows. */
export const prompts = {
  /** EmptyImage → SlowImage (ticks) → SaveImage. */
  slow: (seconds: number, steps = 4): Buffer =>
    bytes({
      ...image(),
      '2': {
        class_type: 'SlowImage',
        inputs: { seconds, steps, seed: unique(), mode: 'plain', image: ['1', 0] },
      },
      '3': { class_type: 'SaveImage', inputs: { images: ['2', 0], filename_prefix: 'rec' } },
    }),
  /** A node that says nothing and cannot be interrupted, as a model load; SaveImage follows. */
  silent: (seconds: number, holdGil = false): Buffer =>
    bytes({
      '1': { class_type: 'SilentImage', inputs: { seconds, seed: unique(), hold_gil: holdGil } },
      '2': { class_type: 'SaveImage', inputs: { images: ['1', 0], filename_prefix: 'rec' } },
    }),
  /** EmptyImage → SaveImage: core nodes only. */
  quick: (prefix = 'rec'): Buffer =>
    bytes({
      ...image(),
      '2': { class_type: 'SaveImage', inputs: { images: ['1', 0], filename_prefix: prefix } },
    }),
  preview: (): Buffer =>
    bytes({ ...image(), '2': { class_type: 'PreviewImage', inputs: { images: ['1', 0] } } }),
  failing: (message = 'boom'): Buffer =>
    bytes({
      '1': { class_type: 'FailImage', inputs: { message, seed: unique() } },
      '2': { class_type: 'SaveImage', inputs: { images: ['1', 0], filename_prefix: 'rec' } },
    }),
  unknownNode: (): Buffer =>
    bytes({ ...image(), '2': { class_type: 'NoSuchNode', inputs: { images: ['1', 0] } } }),
  missingModel: (): Buffer =>
    bytes({
      '1': { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'no-such-model.safetensors' } },
      '2': {
        class_type: 'CLIPTextEncode',
        inputs: { text: 'x', clip: ['1', 1] },
      },
      '3': { class_type: 'EmptyLatentImage', inputs: { width: 64, height: 64, batch_size: 1 } },
      '4': {
        class_type: 'KSampler',
        inputs: {
          seed: 1,
          steps: 1,
          cfg: 1,
          sampler_name: 'euler',
          scheduler: 'normal',
          denoise: 1,
          model: ['1', 0],
          positive: ['2', 0],
          negative: ['2', 0],
          latent_image: ['3', 0],
        },
      },
      '5': { class_type: 'VAEDecode', inputs: { samples: ['4', 0], vae: ['1', 2] } },
      '6': { class_type: 'SaveImage', inputs: { images: ['5', 0], filename_prefix: 'rec' } },
    }),
};

function unique(): number {
  return Math.floor(Math.random() * 2 ** 40);
}

function image(): Nodes {
  color = (color + 1 + Math.floor(Math.random() * 100_000)) % 0xffffff;
  return { '1': { class_type: 'EmptyImage', inputs: { width: 64, height: 64, batch_size: 1, color } } };
}

function bytes(nodes: Nodes): Buffer {
  return Buffer.from(JSON.stringify(nodes));
}

/** A prompt under way, with what it told so far. */
export interface Running {
  promptId: string;
  outcome: Promise<PromptOutcome>;
  seen: PromptProgress[];
  /** Rejects when the run ends before. */
  accepted: Promise<void>;
  cancel(): void;
}

/** Starts a prompt. Its outcome may be awaited later; a rejection is never unhandled. */
export function start(
  comfy: ComfyServer,
  prompt: Buffer,
  more: Partial<RunPromptRequest> & { onStep?: (progress: PromptProgress) => void } = {},
): Running {
  const abort = new AbortController();
  const promptId = more.promptId ?? randomUUID();
  const seen: PromptProgress[] = [];
  const accepted = Promise.withResolvers<void>();
  const outcome = comfy.run({
    prompt,
    fresh: true,
    signal: abort.signal,
    onAccepted: accepted.resolve,
    ...more,
    promptId,
    onProgress: (progress) => {
      seen.push(progress);
      more.onStep?.(progress);
    },
  });
  outcome.then(
    () => accepted.reject(new Error('it ended without having been accepted')),
    (cause: unknown) => accepted.reject(cause),
  );
  accepted.promise.catch(() => {});
  return { promptId, outcome, seen, accepted: accepted.promise, cancel: () => abort.abort() };
}

export function succeeded(outcome: PromptOutcome): Extract<PromptOutcome, { kind: 'success' }> {
  if (outcome.kind !== 'success') throw new Error(`not a success: ${JSON.stringify(outcome)}`);
  return outcome;
}

export function failed(outcome: PromptOutcome): Extract<PromptOutcome, { kind: 'failed' }> {
  if (outcome.kind !== 'failed') throw new Error(`not a failure: ${JSON.stringify(outcome)}`);
  return outcome;
}
