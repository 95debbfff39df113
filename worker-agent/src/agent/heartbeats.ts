import type { Redis } from 'ioredis';
import { formatPythonIso } from '../contract/job.ts';
import { keys } from '../contract/keys.ts';
import type { Clock } from './clock.ts';

/**
 * Keeps `worker:{id}:heartbeat` alive for the platform (contract 1.1), on a timer of its own: a worker that is busy
 * or waits is as alive as one that polls.
 */
export function keepHeartbeats(
  redis: Pick<Redis, 'pipeline'>,
  options: { ttlSeconds: number; clock: Clock; workerIds: () => string[]; isLinked: () => boolean },
): { beat(): void; close(): void } {
  const beat = () => {
    const ids = options.workerIds();
    if (ids.length === 0 || !options.isLinked()) return;
    const now = formatPythonIso(options.clock.nowMicros());
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.setex(keys.workerHeartbeat(id), options.ttlSeconds, now);
    pipeline.exec().catch(() => {});
  };
  const timer = setInterval(beat, (options.ttlSeconds * 1000) / 3);
  return { beat, close: () => clearInterval(timer) };
}
