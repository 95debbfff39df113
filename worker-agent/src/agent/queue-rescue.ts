import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { hostStatusSchema } from '../contract/host.ts';
import { keys } from '../contract/keys.ts';
import { peekJob } from '../queue/peek.ts';
import { createQueueConsole } from '../queue/queue-console.ts';
import { inspectRunning, requeueExpired, takeOver } from '../queue/recovery.ts';
import { dropTwin, findNowhere, holdLock, surveyQueues, tidyEnded } from '../queue/rescue.ts';
import type { JobConsumer } from '../queue/roles.ts';
import type { Emit } from './event-log.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import { type GiveBackOutcome, type Rescuer, type RescueTiming, startRescuer } from './rescuer.ts';

export interface QueueRescueDeps {
  redis: Redis;
  consumer: JobConsumer;
  hostId: string;
  /** Differs for each start of the agent. */
  instance: string;
  leases: Pick<LeaseKeeper, 'holds'>;
  /** Carries on with claims of this host that nobody holds. */
  adoptOwn: () => Promise<void>;
  /** Redis is there and nothing of an earlier life waits to be put in order. */
  mayRun: () => boolean;
  emit: Emit;
  log: Logger;
  timing?: RescueTiming;
}

/** The lock outlives a few missed looks, not a dead agent for long: a rescue is due within two seconds of a lease's end. */
const LOCK_TTL_MS = 1500;

/** Workers that a job may lose before it is ended: one that takes its host down must not take them all. */
const MAX_LOST_WORKERS = 5;

/** Starts the rescuer on the real queue. */
export function rescueQueue(deps: QueueRescueDeps): Rescuer {
  const { redis, consumer, hostId } = deps;
  const queue = createQueueConsole(redis);

  const giveBackExpired = async (jobId: string): Promise<GiveBackOutcome> => {
    const { running } = await inspectRunning(redis);
    const claim = running.find((entry) => entry.jobId === jobId)?.claim;
    if (!claim?.expired || deps.leases.holds(jobId)) return { kind: 'left' };
    if (claim.hostId === hostId) {
      await deps.adoptOwn();
      return { kind: 'left' };
    }
    const from = `${claim.workerId} on ${claim.hostId}`;
    if (claim.attempt < MAX_LOST_WORKERS) {
      const outcome = await requeueExpired(redis, consumer, jobId, { hostId, reason: `${from} went silent` });
      if (outcome === 'unreadable') {
        await consumer.park(claim, 'its text became unreadable while it ran');
        return { kind: 'parked' };
      }
      return outcome === 'requeued' ? { kind: 'requeued', from } : { kind: 'left' };
    }
    const taken = await takeOver(redis, jobId, claim.token, {
      ...{ workerId: claim.workerId, hostId, leaseMs: 10_000, onlyExpired: true },
    });
    if (taken.kind === 'unreadable') {
      await consumer.park(claim, 'its text became unreadable while it ran');
      return { kind: 'parked' };
    }
    if (taken.kind !== 'taken') return { kind: 'left' };
    const error =
      `The worker that ran this job went silent ${claim.attempt} times, the last time ${from}; it is not tried again. ` +
      `It may need more memory than the machine has: make it smaller or ask the host.`;
    const ended = await consumer.settle(taken.claim, { status: 'failed', error });
    return ended.kind === 'settled' ? { kind: 'failed', from } : { kind: 'left' };
  };

  const ourWorkers = async (): Promise<ReadonlySet<string>> => {
    const hosts = await redis.smembers(keys.hosts);
    const texts = hosts.length > 0 ? await redis.mget(hosts.map(keys.hostStatus)) : [];
    const workers = texts.flatMap((text) => {
      const status = hostStatusSchema.safeParse(parseJson(text));
      return status.success ? status.data.workers.map((worker) => worker.id) : [];
    });
    return new Set(workers);
  };

  return startRescuer(
    {
      holdLock: () => holdLock(redis, 'rescue', deps.instance, LOCK_TTL_MS),
      survey: () => surveyQueues(redis),
      findNowhere: () => findNowhere(redis),
      tidyEnded: (jobId) => tidyEnded(redis, jobId),
      peek: async (jobId) => {
        const seen = await peekJob(redis, jobId);
        if (seen.kind !== 'readable') return { kind: seen.kind };
        const { status, worker_id, user_id } = seen.job.fields;
        return { kind: 'job', status, workerId: worker_id ?? null, userId: user_id };
      },
      giveBackExpired,
      giveBackUnclaimed: async (jobId) => {
        const reason = 'no agent had it in hand';
        return (await requeueExpired(redis, consumer, jobId, { hostId, reason })) === 'requeued';
      },
      revive: async (jobId) => (await queue.requeue(jobId)).kind === 'done',
      dropTwin: (jobId) => dropTwin(redis, jobId),
      ourWorkers,
      emit: deps.emit,
      log: deps.log,
    },
    deps.mayRun,
    deps.timing,
  );
}

function parseJson(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
