import type { MemoryWait } from '../../contract/host.ts';
import type { Fit } from './fit.ts';

/** What a job waits for, as the worker's state tells it. */
export function waitOf(jobId: string, fit: Fit): MemoryWait {
  if (fit.kind === 'fits') return { jobId, needMiB: null, freeMiB: null };
  return { jobId, needMiB: fit.needMiB, freeMiB: Math.max(0, Math.round(fit.roomMiB)) };
}

/** Need and room in words, e.g. "52.4 GiB, of which 26.2 GiB are free". */
export function figuresOf(fit: Fit): string {
  if (fit.kind === 'fits') return 'its memory is free now';
  return `${gib(fit.needMiB)}, of which ${gib(Math.max(0, fit.roomMiB))} are free`;
}

function gib(mib: number): string {
  return `${(mib / 1024).toFixed(1)} GiB`;
}
