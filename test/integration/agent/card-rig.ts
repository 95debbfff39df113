import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePorts } from '../../../resources/demo/free-port.ts';
import { cardDirectory } from '../../../resources/demo/nvidia-smi-double/card.ts';
import { endProcessesNaming } from '../../../resources/demo/own-processes.ts';
import { type AgentRig, eventually, startAgentRig } from './agent-rig.ts';

/** Workers of one agent that share one fictional H100 of 79 GiB. */
export interface CardRig {
  readonly rig: AgentRig;
  /** Bytes that a worker's ComfyUI holds on the card, in GiB. */
  heldGiB(worker: number): Promise<number>;
  /** Waits until the agent has this many kinds of jobs in its book on disk. */
  learned(kinds: number): Promise<void>;
  /** What the agent wrote about needs, by kind in the order of first sight. MiB. */
  needs(): number[];
  stop(): Promise<void>;
}

const DEMO = resolve(import.meta.dirname, '../../../resources/demo');

/**
 * ComfyUI doubles as processes of the agent, told apart by nvidia-smi's double, so that the agent sees what it sees on a
 * real machine.
 */
export async function startCardRig(options: { workers: number; speed?: number }): Promise<CardRig> {
  const cards = mkdtempSync(join(tmpdir(), 'workshop-card-'));
  mkdirSync(cardDirectory(cards, 0), { recursive: true });
  const basePort = await freePorts(options.workers);
  const command = [
    ...[process.execPath, join(DEMO, 'comfy-double', 'main.ts'), '--port', '{port}', '--control'],
    ...['--speed', String(options.speed ?? 2), '--vram-file', join(cards, 'gpu{gpu}', '{worker}.json')],
    ...['--output-directory', join(cards, '{worker}', 'output')],
    ...['--temp-directory', join(cards, '{worker}', 'temp'), '--input-directory', join(cards, 'input')],
  ];
  const rig = await startAgentRig({
    servers: 0,
    workers: options.workers,
    configuration: {
      RUNTIME: 'process',
      COMFYUI_COMMAND: command.map((word) => `"${word}"`).join(' '),
      COMFYUI_BASE_PORT: String(basePort),
      MAX_WORKERS: String(options.workers),
      GPU_IDS: '0',
      NVIDIA_SMI: `"${join(DEMO, 'nvidia-smi-double', 'nvidia-smi')}"`,
    },
    environment: { WORKSHOP_CARDS_DIR: cards, WORKSHOP_CARDS: '1' },
  });
  const book = join(rig.dir, 'state', 'memory-needs.json');
  const entries = (): { observed: { peakMiB: number; cacheMiB: number }[] }[] =>
    existsSync(book) ? JSON.parse(readFileSync(book, 'utf8')).entries : [];
  return {
    rig,
    async heldGiB(worker) {
      const answer = await fetch(`http://127.0.0.1:${basePort + worker - 1}/double/state`);
      const state: { vram_bytes: number } = await answer.json();
      return state.vram_bytes / 1024 ** 3;
    },
    async learned(kinds) {
      await eventually(`${kinds} kinds in ${book}`, rig.agent, async () =>
        entries().filter(({ observed }) => observed.length > 0).length >= kinds ? true : undefined,
      );
    },
    needs: () =>
      entries().map(({ observed }) => Math.max(...observed.map((one) => one.peakMiB - one.cacheMiB))),
    async stop() {
      await rig.agent.kill();
      await endProcessesNaming(cards, 5000);
      await rig.stop();
      rmSync(cards, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

let seed = 0;

/**
 * A batch of pictures that is computed and thrown away: needs about 4.4 GiB and 1.2 GiB more for each picture, and
 * takes 0.06 s for each picture and step, 0.15 s for each picture at the end, and the loading of 4 GiB.
 */
export function batch(pictures: number, steps = 1): string {
  seed += 1;
  const node = (id: number, type: string, inputs: object) =>
    `"${id}":${JSON.stringify({ class_type: type, inputs })}`;
  return `{${[
    node(1, 'CheckpointLoaderSimple', { ckpt_name: 'v1-5-pruned-emaonly-fp16.safetensors' }),
    node(2, 'CLIPTextEncode', { text: `picture ${seed}`, clip: ['1', 1] }),
    node(3, 'CLIPTextEncode', { text: '', clip: ['1', 1] }),
    node(4, 'EmptyLatentImage', { width: 1024, height: 1024, batch_size: pictures }),
    node(5, 'KSampler', {
      ...{ model: ['1', 0], positive: ['2', 0], negative: ['3', 0], latent_image: ['4', 0] },
      ...{ seed, steps, cfg: 7, sampler_name: 'euler', scheduler: 'normal', denoise: 1 },
    }),
    node(6, 'VAEDecode', { samples: ['5', 0], vae: ['1', 2] }),
    node(7, 'TextOut', { image: ['6', 0] }),
  ].join(',')}}`;
}

/** Alone on the card there is room for this, beside `MEDIUM` there is not: 52 GiB. */
export const BIG = 40;
/** 40 GiB. */
export const MEDIUM = 30;
/** Fits beside anything: 7 GiB. */
export const SMALL = 2;
/** More than the card has: 100 GiB. */
export const IMPOSSIBLE = 80;
