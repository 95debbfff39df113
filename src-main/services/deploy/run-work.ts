import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { ExecOptions, ExecResult, RemoteHost } from '../../connections/hosts/remote-host.ts';
import { END_WORK, WORK } from './work-scripts.ts';

/** Between being asked to end and being made to, s. */
const GRACE_S = 10;
/** Longest that a proof is waited for; the link may have to come back first, ms. */
const PROOF_MS = 30_000;
const AGAIN_MS = 300;

/** Where a piece of work is written down on its machine, and what people call it. */
export interface WorkPlace {
  root: string;
  title(): string;
  /** It is being ended. */
  ending(): void;
}

/** Runs a program with the rights that a piece of work has, through `exec` of the machine or another. */
export type Run = (
  argv: readonly string[],
  options: ExecOptions,
  exec?: RemoteHost['exec'],
) => Promise<ExecResult>;

/** What was not seen to have ended, with what is known of it. */
const alive = new WeakSet<WorkshopError>();

/** Reason of an abort: this console is being closed. What runs on machines is left to itself. */
export class ConsoleCloses extends Error {}

/** Whether what failed may still run on the machine: nobody saw its end. */
export function mayStillRun(cause: unknown): boolean {
  return cause instanceof ConsoleCloses || (cause instanceof WorkshopError && alive.has(cause));
}

/** What to do about what may still run. */
export const STILL_RUNS_REMEDY =
  'Press again once the machine answers: what still runs there is waited for first, and nothing begins beside it.';

/** An error whose work may still run. */
export function stillRuns(error: WorkshopError): WorkshopError {
  alive.add(error);
  return error;
}

/**
 * Runs one program on a machine so that its end can be proven. When it is to stop, or takes too long, it is ended with
 * the rights that it has, and this rejects only then.
 * @param run starts a program with the rights of this work.
 * @throws the signal's reason, or WorkshopError HOST_TIMEOUT; one of `mayStillRun` where no proof came.
 */
export async function runWork(
  host: RemoteHost,
  place: WorkPlace,
  run: Run,
  argv: readonly string[],
  { signal, timeoutMs, ...options }: ExecOptions,
): Promise<ExecResult> {
  signal?.throwIfAborted();
  const work = randomUUID();
  const title = shownAs(place.title());
  const letGo = new AbortController();
  const recorded: RemoteHost['exec'] = (under, more) =>
    host.exec(['sh', '-c', WORK, 'sh', place.root, work, title, ...under], more);
  let over = false;
  const running = run(argv, { ...options, signal: letGo.signal }, recorded).finally(() => {
    over = true;
  });
  const asked = new AbortController();
  const stop = () => asked.abort(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  const late =
    timeoutMs && setTimeout(() => asked.abort(tookTooLong(place.title(), host.label, timeoutMs)), timeoutMs);
  try {
    const ended = await Promise.race([running, once(asked.signal)]);
    if (ended) return ended;
    if (asked.signal.reason instanceof ConsoleCloses) throw asked.signal.reason;
    place.ending();
    const why = await endWork(host.label, place.root, work, run, () => over);
    if (why === null) throw asked.signal.reason;
    const late = asked.signal.reason instanceof WorkshopError ? `${asked.signal.reason.message} ` : '';
    throw stillRuns(
      new WorkshopError('HOST_TIMEOUT', `${late}It may still run there: ${why}`, {
        remedy: STILL_RUNS_REMEDY,
      }),
    );
  } catch (cause) {
    if (!(cause instanceof WorkshopError) || cause.code !== 'HOST_LINK_LOST') throw cause;
    const { message, remedy } = cause;
    throw stillRuns(
      new WorkshopError(cause.code, `${message} “${place.title()}” may still run there.`, {
        ...{ cause, remedy: [remedy, 'Pressing again waits for it first.'].filter(Boolean).join(' ') },
      }),
    );
  } finally {
    clearTimeout(late || undefined);
    signal?.removeEventListener('abort', stop);
    running.catch(() => {});
    letGo.abort();
  }
}

/**
 * Ends a piece of work and waits until nothing of it runs.
 * @param over whether its own channel has told its end; a broken one tells nothing, but begins nothing either.
 * @returns null with the proof; else a sentence about why there is none.
 */
export async function endWork(
  label: string,
  root: string,
  work: string,
  run: Run,
  over: () => boolean,
): Promise<string | null> {
  const until = performance.now() + PROOF_MS;
  let why = `${label} does not tell.`;
  while (performance.now() < until) {
    const wasOver = over();
    try {
      const argv = ['sh', '-c', END_WORK, 'sh', root, work, String(GRACE_S)];
      const { code, stdout, stderr } = await run(argv, { timeoutMs: (GRACE_S + 15) * 1000 });
      // Before its begin it does not stand there; once its channel is gone, it never will.
      if (code === 0 || (code === 3 && wasOver)) return null;
      if (code === 4) return `${stdout.trim().replaceAll('\n', ', ')} cannot be ended.`;
      if (code !== 3) why = `it could not be ended${stderr.trim() && `: ${stderr.trim().slice(-200)}`}.`;
    } catch (cause) {
      why = toWorkshopError(cause).message;
    }
    await sleep(AGAIN_MS);
  }
  return why;
}

/** Resolves with undefined once it is aborted. */
function once(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** It travels in a link's text, whose parts are told apart by bars. */
function shownAs(title: string): string {
  return title.replaceAll(/[^\w .,’'()-]/g, '_').slice(0, 80);
}

function tookTooLong(title: string, where: string, timeoutMs: number): WorkshopError {
  return new WorkshopError(
    'HOST_TIMEOUT',
    `“${title}” did not end within ${Math.ceil(timeoutMs / 1000)} s on ${where}.`,
    { remedy: 'Look whether the machine is overloaded, then press again: it goes on from here.' },
  );
}
