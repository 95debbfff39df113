import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { toWorkshopError, WorkshopError } from '../contract/errors.ts';
import { scripts } from './scripts/scripts.generated.ts';

export type ScriptName = keyof typeof scripts;
export type ScriptArgument = string | number | Buffer;

const digests = new Map<ScriptName, string>();

function digestOf(name: ScriptName): string {
  let digest = digests.get(name);
  if (!digest) {
    digest = createHash('sha1').update(scripts[name]).digest('hex');
    digests.set(name, digest);
  }
  return digest;
}

/** Loads under way, so that many calls of one script upload it once. */
const loading = new WeakMap<Redis, Map<ScriptName, Promise<unknown>>>();

function load(redis: Redis, name: ScriptName): Promise<unknown> {
  const loads = loading.get(redis) ?? new Map<ScriptName, Promise<unknown>>();
  loading.set(redis, loads);
  const present = loads.get(name);
  if (present) return present;
  const started = redis.call('SCRIPT', 'LOAD', scripts[name]).finally(() => loads.delete(name));
  loads.set(name, started);
  return started;
}

/**
 * Runs one of our scripts. Bulk replies come as Buffers, since job texts need not be valid UTF-8. ioredis sends a
 * command in flight again after a reconnect, so every script answers a repeated call as it answered the first.
 * @throws WorkshopError when Redis cannot be reached or refuses.
 */
export async function runScript(
  redis: Redis,
  name: ScriptName,
  args: readonly ScriptArgument[],
): Promise<unknown> {
  for (let round = 0; ; round += 1) {
    try {
      return await redis.callBuffer('EVALSHA', digestOf(name), '0', ...args);
    } catch (cause) {
      const unloaded = cause instanceof Error && cause.message.startsWith('NOSCRIPT');
      if (!unloaded || round === 3) throw toWorkshopError(cause, 'REDIS_UNREACHABLE');
    }
    try {
      await load(redis, name);
    } catch (cause) {
      throw toWorkshopError(cause, 'REDIS_UNREACHABLE');
    }
  }
}

/** A one-word reply. */
export async function runForWord(
  redis: Redis,
  name: ScriptName,
  args: readonly ScriptArgument[],
): Promise<string> {
  return word(await runScript(redis, name, args), name);
}

/** A reply that is a list of bulk strings. */
export async function runForList(
  redis: Redis,
  name: ScriptName,
  args: readonly ScriptArgument[],
): Promise<Buffer[]> {
  const reply = await runScript(redis, name, args);
  if (!Array.isArray(reply)) throw unexpected(name);
  return reply.map((item: unknown) => {
    if (Buffer.isBuffer(item)) return item;
    if (typeof item === 'string' || typeof item === 'number') return Buffer.from(String(item));
    throw unexpected(name);
  });
}

function word(reply: unknown, name: ScriptName): string {
  if (Buffer.isBuffer(reply)) return reply.toString();
  if (typeof reply === 'string') return reply;
  throw unexpected(name);
}

export function unexpected(name: string): WorkshopError {
  return new WorkshopError('REDIS_PROTOCOL', `The script ${name} answered something unexpected.`);
}
