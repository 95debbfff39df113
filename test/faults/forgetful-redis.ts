import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type PrivateRedis, startPrivateRedis } from '../../resources/demo/private-redis.ts';

/** A Redis that can crash as a machine does: what `appendfsync everysec` had not yet synced is gone. */
export interface ForgetfulRedis extends PrivateRedis {
  /** Kills it, cuts the last second off its append-only file, starts it again. */
  losingLastSecond(): Promise<void>;
}

interface Size {
  at: number;
  bytes: number;
}

/**
 * Starts a real redis-server with an append-only file below `folder`. What it answers is on the disk, so that a restart
 * alone loses nothing: on a busy disk `everysec` holds its writes back, and a kill would lose jobs that nobody ever saw.
 */
export async function startForgetfulRedis(folder: string): Promise<ForgetfulRedis> {
  const redis = await startPrivateRedis({ appendOnly: true, fsync: 'always', parentDir: folder });
  const sizes: Size[] = [];
  const watch = setInterval(async () => {
    const file = await appendOnlyFile(folder);
    const bytes = await stat(file).then(
      (found) => found.size,
      () => undefined,
    );
    if (bytes !== undefined) sizes.push({ at: performance.now(), bytes });
    if (sizes.length > 100) sizes.shift();
  }, 100);
  watch.unref();
  return {
    ...redis,
    losingLastSecond: async () => {
      await redis.kill();
      const before = sizes.findLast((size) => size.at <= performance.now() - 1000);
      if (before) await truncate(await appendOnlyFile(folder), before.bytes);
      sizes.length = 0;
      await wait(100);
      await redis.start();
    },
    stop: async () => {
      clearInterval(watch);
      await redis.stop();
    },
  };
}

/** The part of the append-only file that is being written (Redis 7 keeps it in parts). */
async function appendOnlyFile(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const home = names.find((name) => name.startsWith('workshop-redis-')) ?? '';
  const dir = join(folder, home, 'appendonlydir');
  const parts = await readdir(dir).catch(() => []);
  return join(
    dir,
    parts
      .filter((name) => name.endsWith('.incr.aof'))
      .sort()
      .at(-1) ?? 'none',
  );
}
