import type { Redis, RedisOptions } from 'ioredis';
import { toWorkshopError, WorkshopError } from '../contract/errors.ts';
import { TRACKED_PREFIXES } from '../contract/keys.ts';

/** What a feed's two connections must have; the factory adds address, password, tunnel and retry policy. */
export const FEED_CONNECTION = {
  /** Tracking with REDIRECT delivers over RESP2 pub/sub. */
  protocol: 2,
  /** The subscriber must learn its client id before it subscribes, so the feed subscribes by itself. */
  autoResubscribe: false,
  maxRetriesPerRequest: null,
  /** A frozen server never answers a goodbye. */
  disconnectTimeout: 200,
} as const satisfies RedisOptions;

export type FeedState =
  | { kind: 'connecting' }
  /** Changes arrive. `rttMs` is the last measured round trip. */
  | { kind: 'live'; rttMs: number }
  /** It tries again by itself as the connections' retry policy says. */
  | { kind: 'lost'; error: WorkshopError }
  | { kind: 'closed' };

export interface ChangeFeedOptions {
  /** Makes one of the two connections; `required` goes into its ioredis options. */
  connect(role: 'tracker' | 'subscriber', required: typeof FEED_CONNECTION): Redis;
  /** Key prefixes to follow. Default: TRACKED_PREFIXES. */
  prefixes?: readonly string[];
  /** Pub/sub channels to hear on the same subscriber. */
  channels?: readonly string[];
  /** Keys that changed, deleted or expired ones included; all of one tick together. */
  onChange(keys: ReadonlySet<string>): void;
  /** Anything may have changed: after every (re)connect, and after a flush of the database. */
  onResync(): void;
  onMessage?(channel: string, message: Buffer): void;
  onState?(state: FeedState): void;
  /** How often both connections are pinged, ms. Default 2000. */
  pingMs?: number;
  /** How long a ping may stay unanswered before the connection counts as frozen and is replaced, ms. Default 2000. */
  silentMs?: number;
}

export interface ChangeFeed {
  state(): FeedState;
  /** Ends both connections. Idempotent. */
  close(): void;
}

const INVALIDATE = '__redis__:invalidate';

/**
 * Follows changed keys by Redis' own client tracking, whoever wrote them: one connection tracks prefixes, the other
 * receives. Nothing between a drop and the next `onResync` is missed, because that asks for a full read.
 */
export function openChangeFeed(options: ChangeFeedOptions): ChangeFeed {
  const { prefixes = TRACKED_PREFIXES, channels = [], pingMs = 2000, silentMs = 2000 } = options;
  const tracker = options.connect('tracker', FEED_CONNECTION);
  const subscriber = options.connect('subscriber', FEED_CONNECTION);
  let state: FeedState = { kind: 'connecting' };
  let receiverId: number | undefined;
  let lastError: WorkshopError | undefined;
  let arming = 0;
  let changed = new Set<string>();
  let flush: NodeJS.Immediate | undefined;

  const setState = (next: FeedState) => {
    if (state.kind === 'closed') return;
    state = next;
    options.onState?.(next);
  };
  const lose = (why: string) => {
    arming += 1;
    if (state.kind === 'closed') return;
    setState({ kind: 'lost', error: lastError ?? new WorkshopError('REDIS_UNREACHABLE', why) });
  };

  async function receive(): Promise<void> {
    const id: unknown = await subscriber.client('ID');
    await subscriber.subscribe(INVALIDATE, ...channels);
    receiverId = Number(id);
    await arm();
  }

  async function arm(): Promise<void> {
    if (receiverId === undefined || tracker.status !== 'ready' || subscriber.status !== 'ready') return;
    const mine = ++arming;
    await tracker.call('CLIENT', 'TRACKING', 'OFF');
    if (mine !== arming) return;
    await tracker.call(
      ...['CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(receiverId), 'BCAST'],
      ...prefixes.flatMap((prefix) => ['PREFIX', prefix]),
    );
    const rttMs = await roundTrip(tracker);
    if (mine !== arming || state.kind === 'closed') return;
    lastError = undefined;
    setState({ kind: 'live', rttMs });
    options.onResync();
  }

  const attempt = (connection: Redis, step: () => Promise<void>) => {
    step().catch((cause: unknown) => {
      if (state.kind === 'closed') return;
      lastError = toWorkshopError(cause, 'REDIS_UNREACHABLE');
      lose(lastError.message);
      // A fresh connection starts the step again, at the pace of its retry policy.
      connection.disconnect(true);
    });
  };

  tracker.on('ready', () => attempt(tracker, arm));
  subscriber.on('ready', () => attempt(subscriber, receive));
  subscriber.on('close', () => {
    receiverId = undefined;
  });
  for (const connection of [tracker, subscriber]) {
    connection.on('error', (cause: unknown) => {
      lastError = toWorkshopError(cause, 'REDIS_UNREACHABLE');
    });
    connection.on('close', () => {
      watched.delete(connection);
      lose('The connection to Redis was closed.');
    });
  }

  const emitChanges = () => {
    flush = undefined;
    const batch = changed;
    changed = new Set();
    if (state.kind === 'live') options.onChange(batch);
  };
  subscriber.on('messageBuffer', (channel: Buffer, message: unknown) => {
    if (channel.toString() !== INVALIDATE) {
      if (Buffer.isBuffer(message)) options.onMessage?.(channel.toString(), message);
      return;
    }
    // A null list means that the whole database was flushed.
    if (!Array.isArray(message)) {
      if (state.kind === 'live') options.onResync();
      return;
    }
    for (const key of message) changed.add(String(key));
    flush ??= setImmediate(emitChanges);
  });

  async function roundTrip(connection: Redis): Promise<number> {
    const started = performance.now();
    await connection.ping();
    return performance.now() - started;
  }

  /** Connections with a ping under way, or being replaced. */
  const watched = new Set<Redis>();

  async function watchOver(connection: Redis): Promise<void> {
    if (connection.status !== 'ready' || watched.has(connection)) return;
    watched.add(connection);
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new WorkshopError('REDIS_UNREACHABLE', 'Redis does not answer any more.')),
        silentMs,
      );
    });
    try {
      const rttMs = await Promise.race([roundTrip(connection), silence]);
      watched.delete(connection);
      if (connection === tracker && state.kind === 'live') setState({ kind: 'live', rttMs });
    } catch (cause) {
      if (state.kind === 'closed') return;
      lastError = toWorkshopError(cause, 'REDIS_UNREACHABLE');
      lose(lastError.message);
      connection.disconnect(true);
    } finally {
      clearTimeout(timer);
    }
  }
  const pinging = setInterval(() => {
    void watchOver(tracker);
    void watchOver(subscriber);
  }, pingMs);

  return {
    state: () => state,
    close() {
      if (state.kind === 'closed') return;
      setState({ kind: 'closed' });
      clearInterval(pinging);
      clearImmediate(flush);
      tracker.disconnect();
      subscriber.disconnect();
    },
  };
}
