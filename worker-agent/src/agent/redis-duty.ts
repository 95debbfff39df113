import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { toWorkshopError } from '../contract/errors.ts';
import { openChangeFeed } from '../queue/change-feed.ts';
import type { RedisLink } from './redis-link.ts';

export interface RedisDuties {
  /** After every (re)connect, before anything is claimed. Tried again while it fails. */
  putInOrder: () => Promise<void>;
  /** Reads everything that may have changed unnoticed. */
  lookAtEverything: () => Promise<void>;
  onChange: (keys: ReadonlySet<string>) => void;
  /** Something waits on disk for Redis. */
  hasBacklog: () => boolean;
  clearBacklog: () => Promise<void>;
  /** Now and then while all is in order. */
  keepUp: () => Promise<void>;
}

export interface RedisDuty {
  /** Redis is there and nothing of an earlier life waits to be put in order. */
  isInOrder(): boolean;
  close(): void;
}

/** Looks at desired state and commands this often, should the change feed be down, ms. */
const FULL_LOOK_MS = 5000;
const KEEP_UP_MS = 30_000;

/** Calls the agent's duties towards Redis when they are due: on connection, on change, and on slow timers behind. */
export function followRedis(link: RedisLink, duties: RedisDuties, log: Logger): RedisDuty {
  let inOrder = false;
  let ordering = false;
  const isLinked = () => link.state().kind === 'ready';

  const order = async () => {
    if (ordering) return;
    ordering = true;
    try {
      await duties.putInOrder();
      inOrder = isLinked();
      if (inOrder) await duties.lookAtEverything();
    } catch (cause) {
      const { message, remedy } = toWorkshopError(cause);
      log.warn({ remedy }, `not yet in order with Redis: ${message}`);
    }
    ordering = false;
  };
  const quietly = (work: Promise<unknown>) => {
    work.catch((cause: unknown) => {
      const error = toWorkshopError(cause);
      // Another machine has our host id now: claim nothing until that is settled.
      if (error.code === 'CONFIG') inOrder = false;
      log.debug({ reason: error.message }, 'Redis call failed');
    });
  };

  const unsubscribe = link.onChange((state) => {
    if (state.kind === 'ready') void order();
    else inOrder = false;
  });
  const feed = openChangeFeed({
    connect: (_role, required) => {
      const retryStrategy = (attempt: number) =>
        isLinked() ? Math.min(50 * 2 ** (attempt - 1), 1000) : Math.min(1000 * attempt, 10_000);
      return new Redis({ ...link.options, ...required, retryStrategy });
    },
    onChange: duties.onChange,
    onResync: () => {
      if (inOrder) quietly(duties.lookAtEverything());
    },
  });
  const fullLook = setInterval(() => {
    if (!isLinked()) return;
    if (!inOrder) void order();
    else if (duties.hasBacklog()) quietly(duties.clearBacklog());
    else if (feed.state().kind !== 'live') quietly(duties.lookAtEverything());
  }, FULL_LOOK_MS);
  const upkeep = setInterval(() => {
    if (inOrder) quietly(duties.keepUp());
  }, KEEP_UP_MS);

  return {
    isInOrder: () => inOrder && isLinked(),
    close() {
      unsubscribe();
      clearInterval(fullLook);
      clearInterval(upkeep);
      feed.close();
    },
  };
}
