import { randomUUID } from 'node:crypto';
import { toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { ExecResult, RemoteHost } from '../../connections/hosts/remote-host.ts';
import type { TailState } from '../../domain/logs/log-line.ts';
import { createLogRing, type LogRing } from '../../domain/logs/log-ring.ts';
import { createLineMaker } from '../../domain/logs/make-line.ts';
import { pause } from '../pause.ts';
import { type Follower, PIECE, type Taken } from './follower.ts';

/** Lines that a tail begins with. */
const BEGIN_WITH = 1000;
/** What is kept in main for readers that are slow or come later. */
const KEPT = { lines: 20_000, characters: 8_000_000 };
/** Lines wait so long until they are read, ms; at most so many are read in one go; more than these never wait. */
const READ = { everyMs: 50, lines: 1000, waiting: 5000 };
/** A follower that has said nothing and still runs after this is one that works, ms. */
const QUIET_MS = 500;
const RETRY_MS = { first: 1000, most: 10_000 };
/** Complaints of the program that are kept to say why it ended. */
const COMPLAINTS = 3;

export interface TailNeeds {
  /** @throws WorkshopError when the machine cannot be reached. */
  open(): Promise<RemoteHost>;
  follower: Follower;
  /** What must not be shown of this machine's logs. Never rejects. */
  secrets(host: RemoteHost): Promise<string[]>;
  retryMs?: { first: number; most: number };
}

/** One log that is followed until it is closed, over any number of links. */
export interface LogTail {
  readonly id: string;
  readonly state: TailState;
  readonly lines: LogRing;
  /** Told, often, that there is something new. @returns a function that ends it. */
  onNews(listener: () => void): () => void;
  /** Idempotent. */
  close(): void;
}

/** Starts at once. */
export function openLogTail({ open, follower, secrets, retryMs = RETRY_MS }: TailNeeds): LogTail {
  const stop = new AbortController();
  const listeners = new Set<() => void>();
  const lines = createLogRing(KEPT);
  let state: TailState = { kind: 'opening', since: Date.now() };
  let pauseMs = retryMs.first;
  let lastNote = '';
  /** What came and is not read yet: work for what comes too fast is dropped before it is done, the oldest first. */
  let waiting: (() => void)[] = [];
  let reading: NodeJS.Timeout | undefined;

  const tell = () => {
    for (const listener of listeners) listener();
  };
  const become = (next: TailState) => {
    state = next;
    tell();
  };
  const readSome = () => {
    reading = undefined;
    const dropped = waiting.length - READ.waiting;
    if (dropped > 0) {
      lines.skip(dropped);
      waiting = waiting.slice(dropped);
    }
    for (const read of waiting.splice(0, READ.lines)) read();
    tell();
    if (waiting.length > 0) readSoon();
  };
  const readSoon = () => {
    reading ??= setTimeout(readSome, READ.everyMs);
    // So that a burst does not pile up until then.
    if (waiting.length < 4 * READ.waiting) return;
    lines.skip(waiting.length - READ.waiting);
    waiting = waiting.slice(-READ.waiting);
  };
  const later = (read: () => void) => {
    waiting.push(read);
    readSoon();
  };
  const addNote = (text: string) => {
    if (text === lastNote) return;
    lastNote = text;
    lines.add({ at: Date.now(), came: true, level: 'note', text, cut: 0, hidden: 0 });
  };
  const lost = (cause: unknown) => {
    const { message, remedy } = toWorkshopError(cause);
    const since = state.kind === 'lost' ? state.since : Date.now();
    const next = remedy ?? 'It is tried again by itself.';
    become({
      ...{ kind: 'lost', since, why: message, remedy: next, retryAt: Date.now() + pauseMs },
      ...(cause instanceof Forbidden && { forbidden: true }),
    });
  };

  const followOnce = async () => {
    const host = await open();
    const make = createLineMaker(await secrets(host));
    const argv = follower.argv(BEGIN_WITH);
    const complaints: string[] = [];
    const inPieces = { stdout: false, stderr: false };
    const works = () => {
      if (state.kind === 'live' || stop.signal.aborted) return;
      pauseMs = retryMs.first;
      become({ kind: 'live', since: Date.now() });
    };
    const take = (taken: Taken) => {
      if (taken.kind === 'note') return later(() => addNote(taken.text));
      const came = Date.now();
      if (taken.kind === 'trouble') {
        const { text } = make(taken.text, { at: null, level: null, came });
        if (complaints.push(text) > COMPLAINTS) complaints.shift();
        return later(() => addNote(`${argv[0] === 'sh' ? '' : `${argv[0]}: `}${text}`));
      }
      works();
      const { text, at, level, age } = taken;
      later(() => lines.add(make(text, { at, level, came: age === 'new' ? came : null })));
    };
    const quiet = setTimeout(works, QUIET_MS);
    try {
      const result = await host.lines(
        argv,
        (raw, from) => {
          const goesOn = inPieces[from];
          inPieces[from] = raw.length === PIECE;
          const taken = follower.take(raw, from);
          // What is beyond the first piece of a line is too far out to be shown.
          if (taken && !goesOn) take(taken);
        },
        stop.signal,
      );
      throw ended(argv[0] ?? '', result, complaints, host.label);
    } finally {
      clearTimeout(quiet);
    }
  };

  const run = async () => {
    while (!stop.signal.aborted) {
      await followOnce().catch((cause) => {
        if (!stop.signal.aborted) lost(cause);
      });
      await pause(pauseMs, stop.signal);
      pauseMs = Math.min(retryMs.most, pauseMs * 2);
    }
  };
  void run();

  return {
    id: randomUUID(),
    get state() {
      return state;
    },
    lines,
    onNews(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      clearTimeout(reading);
      stop.abort(new WorkshopError('WRONG_STATE', 'The log is not followed any more.'));
    },
  };
}

/** The journal is there, and this user may not read it. */
class Forbidden extends WorkshopError {}

function ended(program: string, { code }: ExecResult, complaints: readonly string[], where: string) {
  if (code === 127)
    return new WorkshopError('HOST_FILE', `${program} is not there on ${where}.`, {
      remedy: 'Install it there, or look at another log.',
    });
  const said = complaints.join(' ');
  const why = said === '' ? '' : ` It said: ${said}`;
  if (program === 'docker' && code === 0)
    return new WorkshopError('WRONG_STATE', 'The container has stopped.', {
      remedy: 'Its log goes on here as soon as it runs again.',
    });
  if (program === 'journalctl' && /permission|systemd-journal|not seeing messages/i.test(said))
    return new Forbidden('HOST_FILE', `The user who logs in may not read the journal on ${where}.${why}`, {
      remedy: 'Let them, with the button beside this.',
    });
  if (program === 'journalctl')
    return new WorkshopError('HOST_FILE', `The journal on ${where} cannot be read.${why}`, {
      remedy: 'Look whether systemd keeps a journal there. It is tried again by itself.',
    });
  if (program === 'docker')
    return new WorkshopError('HOST_FILE', `Docker on ${where} does not give this log.${why}`, {
      remedy: 'Look whether Docker runs there and the worker exists. It is tried again by itself.',
    });
  return new WorkshopError('HOST_FILE', `The log file on ${where} cannot be read.${why}`, {
    remedy: 'Look whether the user who logs in may read it. It is tried again by itself.',
  });
}
