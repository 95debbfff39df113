import { type ErrorInfo, WorkshopError } from '../contract/errors.ts';
import type { Slot } from './roles.ts';
import type { ServerLog } from './server-log.ts';

export type ServerExit =
  | { kind: 'unstartable'; cause: string }
  /** Both null when the process was not our child and cannot tell. */
  | { kind: 'ended'; code: number | null; signal: NodeJS.Signals | null };

/**
 * Why a server ended, in words for the host.
 * @param crashes failed starts in a row, when they make a crash loop.
 */
export function explainExit(slot: Slot, exit: ServerExit, log: ServerLog, crashes?: number): ErrorInfo {
  if (exit.kind === 'unstartable')
    return new WorkshopError(
      'RUNTIME_START',
      `The ComfyUI of ${slot.workerId} cannot be started: ${exit.cause}.`,
      {
        remedy: 'Correct COMFYUI_COMMAND.',
      },
    ).toInfo();
  const lines = log.tail(3).join(' | ').slice(-600);
  const lastWords = lines === '' ? '' : ` Its last words: ${lines}`;
  if (exit.code === 137 || exit.signal === 'SIGKILL')
    return new WorkshopError(
      'OUT_OF_RAM',
      `The ComfyUI of ${slot.workerId} was killed by the system, as happens when the machine or container runs out of memory (RAM, not VRAM).${lastWords}`,
      { remedy: 'Run fewer workers or raise the memory limit; large models pass through RAM.' },
    ).toInfo();
  const how = exit.signal ? `by ${exit.signal}` : exit.code === null ? '' : `with code ${exit.code}`;
  if (crashes !== undefined)
    return new WorkshopError(
      'RUNTIME_CRASH_LOOP',
      `The ComfyUI of ${slot.workerId} keeps crashing: it ended ${crashes} times in a row, last ${how || 'for an unknown reason'}.${lastWords}`,
      { remedy: `Read ${log.path}, mend the cause, then restart the worker.` },
    ).toInfo();
  return new WorkshopError(
    'RUNTIME_START',
    `The ComfyUI of ${slot.workerId} ended ${how}.${lastWords}`.replace(' .', '.'),
    {
      remedy: `Read ${log.path}; it is started again by itself.`,
    },
  ).toInfo();
}
