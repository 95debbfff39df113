import { type ErrorInfo, WorkshopError } from '../contract/errors.ts';
import {
  GPU_FIELDS,
  PROCESS_FIELDS,
  type ProcessVram,
  parseGpuLine,
  parseProcessLine,
} from '../contract/nvidia-smi-text.ts';
import type { Gpu } from '../contract/telemetry.ts';
import { keepLineStream } from './line-stream.ts';
import type { GpuReader } from './roles.ts';

export interface NvidiaSmiOptions {
  /** Command and leading arguments, e.g. `['nvidia-smi']`. */
  command: readonly string[];
  /** Between two readings, ms. Default 1000. */
  intervalMs?: number;
  /** Pause before a reader that ended is started again, ms. Default 5000. */
  retryMs?: number;
}

/** What was not said again within this many intervals is no longer true. */
const STALE_INTERVALS = 3;

/**
 * Reads the GPUs by two nvidia-smi that stay alive and print once an interval: starting one each second would cost
 * more than all the rest of the agent. Never throws: what cannot be read is `error` and null.
 */
export function openNvidiaSmi(options: NvidiaSmiOptions): GpuReader {
  const { command, intervalMs = 1000, retryMs = 5000 } = options;
  const gpus = new Map<number, { gpu: Gpu; at: number }>();
  const processes = new Map<string, { process: ProcessVram; at: number }>();
  let error: ErrorInfo | null = null;
  let lastWords = '';

  const loop = ['--format=csv,noheader,nounits', '-lms', String(intervalMs)];
  const gpuStream = keepLineStream({
    command,
    args: [`--query-gpu=${GPU_FIELDS.join(',')}`, ...loop],
    retryMs,
    onLine(line) {
      const gpu = parseGpuLine(line);
      if (gpu) {
        gpus.set(gpu.index, { gpu, at: performance.now() });
        error = null;
      } else if (line.trim() !== '') lastWords = line.trim().slice(0, 300);
    },
    onEnd(end) {
      const name = command[0] ?? 'nvidia-smi';
      error =
        end.kind === 'unstartable' ? explainStart(name, end.cause) : explainEnd(name, end.code, lastWords);
      lastWords = '';
    },
  });
  // Prints nothing at all while no process computes, so each line stands for itself and grows old by itself.
  const processStream = keepLineStream({
    command,
    args: [`--query-compute-apps=${PROCESS_FIELDS.join(',')}`, ...loop],
    retryMs,
    onLine(line) {
      const process = parseProcessLine(line);
      if (process) processes.set(`${process.pid}/${process.gpuUuid}`, { process, at: performance.now() });
    },
    onEnd: () => {},
  });

  return {
    reading() {
      const oldest = performance.now() - STALE_INTERVALS * intervalMs;
      for (const [key, { at }] of gpus) if (at < oldest) gpus.delete(key);
      for (const [key, { at }] of processes) if (at < oldest) processes.delete(key);
      return {
        gpus: [...gpus.values()].map(({ gpu }) => gpu).sort((a, b) => a.index - b.index),
        processes: [...processes.values()].map(({ process }) => process),
        error: gpus.size > 0 ? null : error,
      };
    },
    async close() {
      gpuStream.close();
      processStream.close();
    },
  };
}

function explainStart(name: string, cause: NodeJS.ErrnoException): ErrorInfo {
  const absent = cause.code === 'ENOENT';
  return new WorkshopError(
    'GPU_UNREADABLE',
    absent ? `There is no ${name} on this machine.` : `${name} cannot be started: ${cause.message}.`,
    {
      remedy: absent
        ? 'Install the NVIDIA driver, or set NVIDIA_SMI to its path; jobs run without it, only the GPU figures are missing.'
        : 'Check that the file may be executed.',
    },
  ).toInfo();
}

function explainEnd(name: string, code: number | null, lastWords: string): ErrorInfo {
  const mismatch = code === 18 || /version mismatch/i.test(lastWords);
  const said = lastWords === '' ? '' : `: ${lastWords.replace(/\.$/, '')}`;
  return new WorkshopError('GPU_UNREADABLE', `${name} ended with code ${code ?? 'none'}${said}.`, {
    remedy: mismatch
      ? 'Driver and library differ after an upgrade: restart the machine.'
      : 'Run nvidia-smi on the machine and see what it says.',
  }).toInfo();
}
