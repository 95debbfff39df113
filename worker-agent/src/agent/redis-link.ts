import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { type ErrorInfo, toWorkshopError } from '../contract/errors.ts';
import type { RedisConfig } from './config.ts';
import { redisRoute } from './redis-route.ts';

/** The agent's link to Redis as a small state machine. */
export type RedisLinkState =
  | { kind: 'connecting' }
  | { kind: 'ready' }
  | { kind: 'lost'; error: ErrorInfo; retryAt: number };

export interface RedisLink {
  /** For commands. Calls made while the link is down fail at once with REDIS_UNREACHABLE's causes. */
  readonly redis: Redis;
  /** For further connections over the same way. */
  readonly options: RedisOptions;
  state(): RedisLinkState;
  onChange(listener: (state: RedisLinkState) => void): () => void;
  close(): Promise<void>;
}

/** A dead link must not hang its callers: 5 s is far above the slowest script. */
const COMMAND_TIMEOUT_MS = 5000;
/** Pause between attempts when Redis refuses the password: soon enough after it is mended, no storm meanwhile. */
const AUTH_RETRY_MS = 10_000;

/** Opens the command connection; it reconnects for ever, fast at first, slowly when the password is refused. */
export function openRedisLink(config: RedisConfig, log: Logger): RedisLink {
  let state: RedisLinkState = { kind: 'connecting' };
  let lastError: ErrorInfo | undefined;
  const listeners = new Set<(state: RedisLinkState) => void>();
  const route = redisRoute(config);
  const address = route.label;
  const redis = new Redis({
    ...route.options,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: null,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => {
      const delay =
        lastError?.code === 'REDIS_AUTH' ? AUTH_RETRY_MS : Math.min(50 * 2 ** (attempt - 1), 2000);
      become({ kind: 'lost', error: lastError ?? explain('connection closed'), retryAt: Date.now() + delay });
      return delay;
    },
  });

  const become = (next: RedisLinkState) => {
    const news =
      next.kind !== state.kind ||
      (next.kind === 'lost' && state.kind === 'lost' && next.error.code !== state.error.code);
    state = next;
    if (!news) return;
    if (next.kind === 'lost')
      log.warn({ code: next.error.code, remedy: next.error.remedy }, next.error.message);
    if (next.kind === 'ready') log.info({ address }, 'Redis is connected');
    for (const listener of listeners) listener(next);
  };
  const explain = (cause: unknown): ErrorInfo => {
    const error = toWorkshopError(cause, 'REDIS_UNREACHABLE').toInfo();
    if (error.code === 'REDIS_AUTH')
      return {
        ...error,
        message: `Redis at ${address} refuses the password.`,
        remedy: 'Copy REDIS_PASSWORD from the .env of the VPS, then restart the agent.',
      };
    if (error.code === 'REDIS_NOT_READY')
      return { ...error, message: `Redis at ${address} is not ready: ${error.message}` };
    return {
      ...error,
      code: 'REDIS_UNREACHABLE',
      message: `Redis at ${address} cannot be reached: ${error.message}.`,
      remedy:
        config.through === null
          ? 'Check that Tailscale is up here and on the VPS, and that REDIS_BIND_IP there is its Tailscale address.'
          : 'Check that the VPS runs, that its SSH lets this machine in, and that its Redis listens on that address.',
      retryable: true,
    };
  };
  redis.on('error', (cause) => {
    lastError = explain(cause);
  });
  redis.on('ready', () => {
    lastError = undefined;
    become({ kind: 'ready' });
  });
  redis.on('close', () => {
    if (state.kind === 'ready')
      become({ kind: 'lost', error: lastError ?? explain('the connection closed'), retryAt: Date.now() });
  });

  return {
    redis,
    options: route.options,
    state: () => state,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      listeners.clear();
      if (redis.status === 'ready') await redis.quit().catch(() => redis.disconnect());
      else redis.disconnect();
      route.close();
    },
  };
}
