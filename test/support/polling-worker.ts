import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { keys } from '../../worker-agent/src/contract/keys.ts';

const POLL_MS = 2000;
/** How often it looks whether its prompt has ended. */
const HISTORY_MS = 1000;

const jobSchema = z.object({ id: z.string(), workflow: z.record(z.string(), z.unknown()) });
const historySchema = z.record(z.string(), z.object({ status: z.object({ completed: z.boolean() }) }));

/**
 * The peer that benches measure beside the agent: a plain worker that asks for the next job every two seconds and
 * looks for the end of its prompt every second, as the platform's own does (contract 1.5, 2.2). It talks to Redis
 * directly, which spares it the queue-manager.
 */
export async function runPollingWorker(redis: Redis, comfyUrl: string, signal: AbortSignal): Promise<void> {
  const pause = (ms: number) => wait(ms, undefined, { signal });
  try {
    for (;;) {
      const [id] = await redis.zpopmin(keys.pending);
      if (id === undefined) await pause(POLL_MS);
      else await execute(redis, comfyUrl, id, signal, pause);
    }
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
}

async function execute(
  redis: Redis,
  comfyUrl: string,
  id: string,
  signal: AbortSignal,
  pause: (ms: number) => Promise<void>,
): Promise<void> {
  const text = (await redis.get(keys.job(id))) ?? '';
  await redis.set(keys.job(id), text.replace('"status":"pending"', '"status":"running"'));
  await redis.zadd(keys.running, Date.now() / 1000, id);
  const { workflow } = jobSchema.parse(JSON.parse(text));
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ prompt: workflow, prompt_id: id });
  const reply = await fetch(`${comfyUrl}/prompt`, { method: 'POST', headers, body, signal });
  if (!reply.ok) throw new Error(`POST /prompt says ${reply.status}: ${await reply.text()}`);
  for (;;) {
    const history = await fetch(`${comfyUrl}/history/${id}`, { signal });
    if (historySchema.parse(await history.json())[id]) break;
    await pause(HISTORY_MS);
  }
  await redis.set(keys.job(id), text.replace('"status":"pending"', '"status":"completed"'));
  await redis.zrem(keys.running, id);
  await redis.zadd(keys.completed, Date.now() / 1000, id);
}
