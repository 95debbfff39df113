import { envEntries, parseEnvText } from '../../../worker-agent/src/contract/env-text.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { LogsService } from '../../api/roles/machines.ts';
import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import { isSecret } from '../../domain/env-file/mask.ts';
import { type FoundLogs, type FoundSource, findSources } from '../../domain/logs/find-sources.ts';
import type { LogLine, LogMachine, LogMessage, TailState } from '../../domain/logs/log-line.ts';
import { pause } from '../pause.ts';
import { followContainer } from './follow-container.ts';
import { followFile } from './follow-file.ts';
import { followJournal } from './follow-journal.ts';
import type { Follower } from './follower.ts';
import { type LogTail, openLogTail } from './log-tail.ts';
import { LOOK_FOR_LOGS } from './look-script.ts';

/** Shortest time between two messages to one reader, ms. */
const COALESCE_MS = 80;
/** Bounds of one message. */
const BATCH = { lines: 2000, characters: 500_000 };
/** Bytes that may wait in a reader's socket before it is not fed any more. */
const BACKLOG_BYTES = 1024 * 1024;
/** A log whose last reader left is followed on for so long: they may come back, ms. */
const LINGER_MS = 10_000;
const LOOK_MS = 20_000;
const ENV_BYTES = 256 * 1024;

export interface LogsNeeds {
  machines: {
    list(): Promise<LogMachine[]>;
    /** @throws WorkshopError when it cannot be reached; NOT_FOUND for an unknown one. */
    open(machineId: string): Promise<RemoteHost>;
  };
  /** Folders in which an agent may be installed; `~` is the home there. */
  roots: readonly string[];
  /** Secrets that this console knows of the workshop. */
  secrets(): Promise<string[]>;
  retryMs?: { first: number; most: number };
}

export interface LogsKeeper extends LogsService {
  /** Ends all that is followed, e.g. because another workshop is current. */
  forget(): void;
}

/** The logs of agents and workers. One tail for each log, however many look at it. */
export function createLogsService({ machines, roots, secrets, retryMs }: LogsNeeds): LogsKeeper {
  const tails = new Map<string, { tail: LogTail; readers: number; ended: AbortController }>();

  const look = async (host: RemoteHost): Promise<FoundLogs> => {
    const { stdout } = await host.script(LOOK_FOR_LOGS, roots, { timeoutMs: LOOK_MS });
    return findSources(stdout);
  };
  const find = async (machineId: string, sourceId: string): Promise<FoundSource> => {
    const { sources } = await look(await machines.open(machineId));
    const source = sources.find(({ id }) => id === sourceId);
    if (source) return source;
    throw new WorkshopError('NOT_FOUND', `There is no log of ${sourceId} on this machine.`, {
      remedy: 'Choose another one of the list.',
    });
  };
  /** Also what the agents' own configuration keeps secret: whatever they start may print it. */
  const secretsOf = async (host: RemoteHost): Promise<string[]> => {
    const known = await secrets().catch(() => []);
    const { envFiles } = await look(host).catch(() => ({ envFiles: [] }));
    const texts = await Promise.all(
      envFiles.map((path) => host.files.read(path, ENV_BYTES).catch(() => undefined)),
    );
    const theirs = texts.flatMap((text) =>
      [...envEntries(parseEnvText(text?.toString('utf8') ?? '')).values()].flatMap(({ key, value }) =>
        isSecret(key, value) ? [value] : [],
      ),
    );
    return [...known, ...theirs];
  };

  const hold = async (machineId: string, sourceId: string) => {
    const key = JSON.stringify([machineId, sourceId]);
    if (!tails.has(key)) {
      const source = await find(machineId, sourceId);
      if (!tails.has(key)) {
        const open = () => machines.open(machineId);
        const needs = { open, follower: followerOf(source), secrets: secretsOf, ...(retryMs && { retryMs }) };
        tails.set(key, { tail: openLogTail(needs), readers: 0, ended: new AbortController() });
      }
    }
    const entry = tails.get(key);
    if (!entry) throw new WorkshopError('WRONG_STATE', 'The log is not followed any more.');
    entry.readers += 1;
    const leave = () => {
      entry.readers -= 1;
      setTimeout(() => {
        if (entry.readers > 0 || tails.get(key) !== entry) return;
        tails.delete(key);
        entry.tail.close();
      }, LINGER_MS).unref();
    };
    return { tail: entry.tail, ended: entry.ended.signal, leave };
  };

  async function* follow(
    { machineId, sourceId }: { machineId: string; sourceId: string },
    signal: AbortSignal,
    backlogBytes: () => number = () => 0,
  ): AsyncGenerator<LogMessage> {
    const { tail, ended, leave } = await hold(machineId, sourceId);
    const stop = AbortSignal.any([signal, ended]);
    let next = 0;
    let told: TailState | undefined;
    const isNews = () => tail.state !== told || tail.lines.next > next;
    try {
      while (!stop.aborted) {
        while (backlogBytes() > BACKLOG_BYTES && !stop.aborted) await pause(COALESCE_MS, stop);
        if (stop.aborted) return;
        if (!isNews()) await news(tail, isNews, stop);
        const lines = batch(tail.lines.from(next, BATCH.lines));
        next = lines.length > 0 ? (lines[lines.length - 1]?.seq ?? 0) + 1 : tail.lines.next;
        told = tail.state;
        yield { tail: tail.id, state: told, lines };
        await pause(COALESCE_MS, stop);
      }
    } finally {
      leave();
    }
  }

  return {
    machines: () => machines.list(),
    async sources({ machineId }) {
      const { sources } = await look(await machines.open(machineId));
      return sources.map(({ id, kind, where }) => ({ id, kind, where }));
    },
    follow,
    forget() {
      for (const { tail, ended } of tails.values()) {
        tail.close();
        ended.abort();
      }
      tails.clear();
    },
  };
}

function followerOf(source: FoundSource): Follower {
  switch (source.from) {
    case 'journal':
      return followJournal(source.unit, source.user);
    case 'container':
      return followContainer(source.container, source.socket);
    case 'file':
      return followFile(source.path);
  }
}

/** As many of the first lines as one message may hold; at least one. */
function batch(lines: LogLine[]): LogLine[] {
  let characters = 0;
  const end = lines.findIndex(({ text }) => {
    characters += text.length;
    return characters > BATCH.characters;
  });
  return end < 0 ? lines : lines.slice(0, Math.max(1, end));
}

/** Resolves when there is something to tell, or at the end. Never rejects. */
function news(tail: LogTail, isNews: () => boolean, stop: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      off();
      stop.removeEventListener('abort', end);
      done();
    };
    const off = tail.onNews(end);
    stop.addEventListener('abort', end);
    if (stop.aborted || isNews()) end();
  });
}
