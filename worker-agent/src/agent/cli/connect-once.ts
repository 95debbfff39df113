import { Redis } from 'ioredis';
import { toWorkshopError } from '../../contract/errors.ts';
import type { RedisConfig } from '../config.ts';
import { redisRoute } from '../redis-route.ts';

/** Connects once, without retry, hands the connection to `use` and ends it. @throws WorkshopError REDIS_… */
export async function withRedis<T>(config: RedisConfig, use: (redis: Redis) => Promise<T>): Promise<T> {
  const route = redisRoute(config);
  const redis = new Redis({
    ...route.options,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    commandTimeout: 5000,
    // After a refusal nothing closes any more that it could wait for: the command would end so much later.
    disconnectTimeout: 50,
  });
  let problem: unknown;
  redis.on('error', (cause: unknown) => {
    problem ??= cause;
  });
  try {
    await redis.connect();
    return await use(redis);
  } catch (cause) {
    throw toWorkshopError(problem ?? cause, 'REDIS_UNREACHABLE');
  } finally {
    redis.disconnect();
    route.close();
  }
}
