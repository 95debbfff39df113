import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type PlatformJob, submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import type {
  Claim,
  ClaimOutcome,
  ClaimRequest,
  JobConsumer,
} from '../../../worker-agent/src/queue/roles.ts';

/** A real Redis for one test file, empty at the start of each test. */
export interface QueueRig {
  readonly server: PrivateRedis;
  readonly redis: Redis;
}

export function queueRig(): QueueRig {
  let server: PrivateRedis | undefined;
  let redis: Redis | undefined;
  const need = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('The rig is used outside a test.');
    return value;
  };
  beforeAll(async () => {
    server = await startPrivateRedis();
    redis = server.client();
  });
  beforeEach(async () => {
    await need(redis).flushall();
  });
  afterAll(async () => {
    await server?.stop();
  });
  return {
    get server() {
      return need(server);
    },
    get redis() {
      return need(redis);
    },
  };
}

export const WORKFLOW =
  '{"3":{"class_type":"KSampler","inputs":{"seed":18446744073709551615,"cfg":8.0,"text":"é \\u00e9 \\"x\\""}}}';

/** 2026-03-01T10:20:30.123400Z, the date of the contract's example. */
export const CREATED_AT_MICROS = Date.UTC(2026, 2, 1, 10, 20, 30) * 1000 + 123_400;

export async function submit(redis: Redis, job: Partial<PlatformJob> & { id: string }): Promise<void> {
  await submitAsQueueManager(redis, {
    ...{ userId: 'user007', workflow: WORKFLOW, priority: 2, createdAtMicros: CREATED_AT_MICROS },
    ...job,
  });
}

export const REQUEST: ClaimRequest = { hostId: 'h100', workerId: 'worker-1', mode: 'fifo', leaseMs: 30_000 };

export async function claimOne(consumer: JobConsumer, request: Partial<ClaimRequest> = {}): Promise<Claim> {
  const outcome = await consumer.claim({ ...REQUEST, ...request });
  if (outcome.kind !== 'claimed') throw new Error(`Expected a job, got ${JSON.stringify(outcome)}.`);
  return outcome.claim;
}

/** Claims until nothing more comes; the ids in the order they came. */
export async function claimAll(
  consumer: JobConsumer,
  request: Partial<ClaimRequest> = {},
  onClaim: (claim: Claim) => Promise<unknown> = async () => {},
): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const outcome: ClaimOutcome = await consumer.claim({ ...REQUEST, ...request });
    if (outcome.kind !== 'claimed') return ids;
    ids.push(outcome.claim.jobId);
    await onClaim(outcome.claim);
  }
}

/** The platform's queues and ours, as id lists in score order. */
export async function queues(redis: Redis): Promise<Record<string, string[]>> {
  const names = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;
  const lists = await Promise.all(names.map((name) => redis.zrange(keys[name], 0, '-1')));
  const filled = names.map((name, index) => [name, lists[index] ?? []] as const);
  return Object.fromEntries(filled.filter(([, list]) => list.length > 0));
}

export async function jobText(redis: Redis, id: string): Promise<string> {
  const text = await redis.get(keys.job(id));
  if (text === null) throw new Error(`Job ${id} does not exist.`);
  return text;
}

/** A connection on which every script runs twice and the second answer counts: what a re-sent command does. */
export function resending(redis: Redis): Redis {
  return new Proxy(redis, {
    get(target, name) {
      if (name !== 'callBuffer') {
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return async (command: string, ...args: (string | number | Buffer)[]) => {
        await target.callBuffer(command, ...args);
        return target.callBuffer(command, ...args);
      };
    },
  });
}

/** The events published on queue:updates while `act` ran. */
export async function publishedDuring(rig: QueueRig, act: () => Promise<unknown>): Promise<string[]> {
  const listener = rig.server.client();
  const heard: string[] = [];
  listener.on('message', (_, message) => heard.push(message));
  await listener.subscribe('queue:updates');
  await act();
  // What was published before arrives before this.
  await rig.redis.publish('queue:updates', 'end');
  while (!heard.includes('end')) await new Promise((resolve) => listener.once('message', resolve));
  listener.disconnect();
  return heard.filter((message) => message !== 'end');
}
