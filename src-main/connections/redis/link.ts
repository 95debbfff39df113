import type { Redis } from 'ioredis';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { LinkState } from '../../domain/workshop.ts';
import type { ConnectRedis } from './connect.ts';
import { keepPulse, type PulseTimes } from './keep-pulse.ts';
import { explainLinkFailure, type LinkFailure, noGreeting, silence } from './link-failure.ts';

/** Times of the link, ms. Defaults suit a laptop on hotel Wi-Fi; tests may hurry. */
export interface LinkTimes extends PulseTimes {
  /** Round trip from which a link counts as slow. Default 1000. */
  slowMs: number;
  /** From dialling to the first answer. Default 6000. */
  greetWithinMs: number;
  /** First and longest pause before another attempt; each is spread by ±30 %. Defaults 250 and 3000. */
  retryFirstMs: number;
  retryMaxMs: number;
  /** After which a single command counts as failed. Default 5000. */
  commandTimeoutMs: number;
}

const DEFAULT_TIMES: LinkTimes = {
  pingEveryMs: 1000,
  degradedAfterMs: 2000,
  lostAfterMs: 3000,
  slowMs: 1000,
  wakeProbeMs: 1500,
  greetWithinMs: 6000,
  retryFirstMs: 250,
  retryMaxMs: 3000,
  commandTimeoutMs: 5000,
};

/** Waking up is told by several at once; an attempt younger than this has just been made for one of them, ms. */
const FRESH_DIAL_MS = 500;

/** One stretch of being connected. Whoever works with `client` stops when `signal` aborts; the next session resyncs. */
export interface RedisSession {
  readonly client: Redis;
  /** Further connections to the same server, for feeds. */
  readonly connect: ConnectRedis;
  readonly signal: AbortSignal;
}

/**
 * The link to the workshop's Redis: keeps one connection, proves each second that it lives, says in which state it is
 * and why, and dials again by itself. It never throws at anybody unasked.
 */
export interface RedisLink {
  state(): LinkState;
  onState(listener: (state: LinkState) => void): () => void;
  /** Called with every new session, at once if there is one. */
  onSession(listener: (session: RedisSession) => void): () => void;
  /** The open connection. @throws WorkshopError REDIS_UNREACHABLE or REDIS_AUTH with the remedy while there is none. */
  client(): Redis;
  /**
   * Dials now instead of at `retryAt`; also ends waiting for a person. A link that works badly is made anew, one that
   * is ready is proved.
   */
  reconnectNow(): void;
  /** The laptop woke up, or its network changed: proves the link at once, and dials one that is lost without a pause. */
  wake(): void;
  /** Idempotent. */
  close(): void;
}

export interface LinkOptions {
  connect: ConnectRedis;
  /** Address in words, without secrets. */
  where: string;
  times?: Partial<LinkTimes>;
}

/** Starts dialling at once. */
export function openRedisLink(options: LinkOptions): RedisLink {
  const times = { ...DEFAULT_TIMES, ...options.times };
  const stateListeners = new Set<(state: LinkState) => void>();
  const sessionListeners = new Set<(session: RedisSession) => void>();
  let state: LinkState = { kind: 'idle' };
  let session: (RedisSession & { end: () => void; prove: () => void; abandon: () => void }) | undefined;
  /** The attempt that is under way. */
  let dialling: { since: number; abandon: () => void } | undefined;
  let retry: NodeJS.Timeout | undefined;
  let attempt = 0;
  let closed = false;

  const become = (next: LinkState) => {
    state = next;
    for (const listener of [...stateListeners]) listener(next);
  };

  const lose = (failure: LinkFailure) => {
    if (closed) return;
    const since = state.kind === 'lost' ? state.since : Date.now();
    const pause = failure.retries ? pauseBefore(attempt, times) : null;
    const { code, why, remedy, answered = false } = failure;
    if (pause !== null) retry = setTimeout(dial, pause);
    const retryAt = pause === null ? null : Date.now() + pause;
    become({ kind: 'lost', since, code, why, remedy, retryAt, answered });
  };

  const dial = () => {
    clearTimeout(retry);
    attempt += 1;
    // While it is lost it stays so until it is ready: the reason and its age are worth more than "connecting".
    if (state.kind !== 'lost') become({ kind: 'connecting', since: Date.now(), attempt });
    const client = options.connect({
      connectionName: 'workshop-console',
      lazyConnect: true,
      protocol: 2,
      // Each session has a connection of its own; a dead one fails all its calls at once instead of queueing them.
      retryStrategy: null,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      connectTimeout: times.greetWithinMs,
      commandTimeout: times.commandTimeoutMs,
    });
    let cause: unknown;
    let failed = false;
    const mine = {
      since: Date.now(),
      abandon() {
        failed = true;
        clearTimeout(late);
        dialling = undefined;
        client.disconnect();
      },
    };
    dialling = mine;
    client.on('error', (error) => {
      cause ??= error;
    });
    const fail = (failure: LinkFailure) => {
      if (failed) return;
      failed = true;
      clearTimeout(late);
      if (dialling === mine) dialling = undefined;
      client.disconnect();
      if (session?.client === client) {
        const ended = session;
        session = undefined;
        ended.end();
      }
      lose(failure);
    };
    const late = setTimeout(() => fail(noGreeting(options.where)), times.greetWithinMs);
    client.on('end', () => fail(explainLinkFailure(cause, options.where)));
    greet(client).then(
      (rttMs) => {
        if (failed || closed) return;
        clearTimeout(late);
        dialling = undefined;
        open(client, rttMs, fail, mine.abandon);
      },
      (error: unknown) => {
        cause ??= error;
        fail(explainLinkFailure(cause, options.where));
      },
    );
  };

  const open = (client: Redis, rttMs: number, fail: (failure: LinkFailure) => void, abandon: () => void) => {
    const ending = new AbortController();
    const pulse = keepPulse(client, times, {
      heard: (rtt) => {
        const since = state.kind === 'ready' ? state.since : Date.now();
        if (rtt <= times.slowMs) return become({ kind: 'ready', since, rttMs: rtt });
        const slowSince = state.kind === 'degraded' ? state.since : Date.now();
        become({
          kind: 'degraded',
          since: slowSince,
          why: `Redis takes ${Math.round(rtt)} ms to answer.`,
          rttMs: rtt,
        });
      },
      dead: (ms) => fail(silence(options.where, ms)),
      silent: (ms) => {
        if (state.kind === 'ready')
          become({
            kind: 'degraded',
            since: Date.now() - ms,
            why: `Redis has not answered for ${Math.round(ms / 1000)} s.`,
            rttMs: state.rttMs,
          });
      },
    });
    const end = () => {
      pulse.stop();
      ending.abort();
    };
    attempt = 0;
    session = { client, connect: options.connect, signal: ending.signal, end, prove: pulse.prove, abandon };
    become({ kind: 'ready', since: Date.now(), rttMs });
    for (const listener of [...sessionListeners]) listener(session);
  };

  dial();

  return {
    state: () => state,
    onState(listener) {
      stateListeners.add(listener);
      return () => void stateListeners.delete(listener);
    },
    onSession(listener) {
      sessionListeners.add(listener);
      if (session) listener(session);
      return () => void sessionListeners.delete(listener);
    },
    client() {
      if (session) return session.client;
      throw state.kind === 'lost' && state.code === 'REDIS_AUTH'
        ? new WorkshopError('REDIS_AUTH', state.why, { remedy: state.remedy })
        : new WorkshopError(
            'REDIS_UNREACHABLE',
            state.kind === 'lost' ? state.why : 'Redis is not connected yet.',
            {
              remedy: 'Try again when the Redis link is back; nothing was changed.',
            },
          );
    },
    reconnectNow() {
      if (closed || dialling) return;
      if (session && state.kind === 'ready') return session.prove();
      const before = session;
      session = undefined;
      before?.abandon();
      before?.end();
      attempt = 0;
      become({ kind: 'connecting', since: Date.now(), attempt: 1 });
      dial();
    },
    wake() {
      if (closed) return;
      if (session) return session.prove();
      // An attempt that began on the network before may hang until its time is over; a fresh one is left alone.
      if (dialling && Date.now() - dialling.since < FRESH_DIAL_MS) return;
      dialling?.abandon();
      attempt = 0;
      if (state.kind === 'lost') become({ ...state, retryAt: Date.now() });
      dial();
    },
    close() {
      if (closed) return;
      closed = true;
      clearTimeout(retry);
      dialling?.abandon();
      session?.client.disconnect();
      session?.end();
      session = undefined;
      become({ kind: 'idle' });
      stateListeners.clear();
      sessionListeners.clear();
    },
  };
}

/** Connects and proves it with a first ping. @returns its round trip, ms. */
async function greet(client: Redis): Promise<number> {
  await client.connect();
  const asked = performance.now();
  await client.ping();
  return performance.now() - asked;
}

function pauseBefore(attempt: number, times: LinkTimes): number {
  const base = Math.min(times.retryFirstMs * 2 ** Math.max(0, attempt - 1), times.retryMaxMs);
  return Math.round(base * (0.7 + Math.random() * 0.6));
}
