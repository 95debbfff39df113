import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { LABELS } from './compose-file.ts';
import type { Docker } from './docker.ts';

/** Something that happened to a worker's container. */
export interface ContainerEvent {
  workerId: string;
  containerId: string;
  action: 'start' | 'die' | 'oom' | 'destroy' | 'pause' | 'unpause';
  /** Of `die` only. */
  exitCode: number | null;
  /** Epoch ms by the host's clock. */
  at: number;
}

const ACTIONS = ['start', 'die', 'oom', 'destroy', 'pause', 'unpause'] as const;

const lineSchema = z.object({
  Action: z.enum(ACTIONS),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
  time: z.number(),
  timeNano: z.number().optional(),
});

/** One line of `docker events --format '{{json .}}'`; null when it is none of ours. */
export function parseEventLine(line: string): ContainerEvent | null {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return null;
  }
  const parsed = lineSchema.safeParse(raw);
  if (!parsed.success) return null;
  const { Action, Actor, time, timeNano } = parsed.data;
  const workerId = Actor.Attributes[LABELS.worker];
  if (workerId === undefined) return null;
  const exitCode = Actor.Attributes.exitCode;
  return {
    workerId,
    containerId: Actor.ID,
    action: Action,
    exitCode: Action === 'die' && exitCode !== undefined && /^\d+$/.test(exitCode) ? Number(exitCode) : null,
    at: timeNano === undefined ? time * 1000 : Math.floor(timeNano / 1e6),
  };
}

const RECONNECT_MS = { first: 1000, most: 30_000 };

/**
 * Follows what happens to a project's containers until closed; when Docker goes away it is asked again and again.
 * @param onConnect called whenever the stream (re)starts: events may have been missed before that.
 */
export function followContainerEvents(
  docker: Docker,
  project: string,
  onEvent: (event: ContainerEvent) => void,
  onConnect: () => void,
): { close(): Promise<void> } {
  let closed = false;
  let retryMs = RECONNECT_MS.first;
  let timer: NodeJS.Timeout | undefined;
  let child: ReturnType<typeof open> | undefined;

  function open() {
    const [program = 'docker', ...rest] = docker.command;
    const filters = [
      ...['--filter', 'type=container', '--filter', `label=com.docker.compose.project=${project}`],
      ...ACTIONS.flatMap((action) => ['--filter', `event=${action}`]),
    ];
    return spawn(program, [...rest, 'events', '--format', '{{json .}}', ...filters], {
      env: docker.environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }
  function connect() {
    const startedAt = performance.now();
    const stream = open();
    child = stream;
    createInterface({ input: stream.stdout }).on('line', (line) => {
      const event = parseEventLine(line);
      if (event) onEvent(event);
    });
    // An error before the spawn has no close event behind it, hence both lead to the same retry, once.
    let over = false;
    const again = () => {
      if (over) return;
      over = true;
      child = undefined;
      if (closed) return;
      if (performance.now() - startedAt > RECONNECT_MS.most) retryMs = RECONNECT_MS.first;
      timer = setTimeout(connect, retryMs);
      retryMs = Math.min(retryMs * 2, RECONNECT_MS.most);
    };
    stream.once('spawn', onConnect);
    stream.once('error', again);
    stream.once('close', again);
  }
  connect();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      const running = child;
      if (!running || running.exitCode !== null || running.signalCode !== null) return;
      await new Promise<void>((resolve) => {
        running.once('close', () => resolve());
        running.once('error', () => resolve());
        running.kill('SIGTERM');
      });
    },
  };
}
