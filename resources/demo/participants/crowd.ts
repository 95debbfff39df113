import { once } from 'node:events';
import { Redis } from 'ioredis';
import { SubmissionLedger } from './ledger.ts';
import { unsettled } from './outcomes.ts';
import { runParticipant } from './participant.ts';
import { createRandom } from './random.ts';

export interface CrowdOptions {
  redis: { port: number; password: string | undefined };
  users: number;
  seed: number;
  /** Times faster than life. */
  speed: number;
  /** Submissions after which the crowd is done; undefined = it goes on. */
  limit?: number;
}

/** The simulated participants of a workshop. */
export interface Crowd {
  readonly ledger: SubmissionLedger;
  /** Resolves when nobody will submit any more. */
  readonly finished: Promise<void>;
  /** Submissions that wait or run now. */
  open(): Promise<number>;
  /** Ends them all. Idempotent. */
  stop(): Promise<void>;
}

/** The last of them comes in after this time, ms: the queue fills while the host is still looking at the screen. */
const ARRIVAL_MS = 8000;

/** Lets participants loose on a Redis that answers; they write what the queue-manager would write for them. */
export async function startCrowd(options: CrowdOptions): Promise<Crowd> {
  const { port, password } = options.redis;
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    password,
    // A broken connection is an error for the participant, not a write that is silently sent twice.
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: 5000,
    retryStrategy: () => 250,
  });
  redis.on('error', () => {});
  if (redis.status !== 'ready') await once(redis, 'ready');
  const stopping = new AbortController();
  const random = createRandom(options.seed);
  const ledger = new SubmissionLedger(options.limit);
  const people = Array.from({ length: options.users }, (_, at) =>
    runParticipant({
      userId: `user${String(at + 1).padStart(3, '0')}`,
      redis,
      ledger,
      random: random.fork(),
      speed: options.speed,
      firstAfterMs: at === 0 ? 0 : random.int(0, ARRIVAL_MS / Math.max(1, options.speed)),
      signal: stopping.signal,
    }),
  );
  const finished = Promise.all(people).then(() => {});
  finished.catch(() => {});
  let stopped: Promise<void> | undefined;
  return {
    ledger,
    finished,
    async open() {
      const ids = ledger.all().map((submission) => submission.id);
      return (await unsettled(redis, ids)).size;
    },
    stop() {
      stopped ??= (async () => {
        stopping.abort();
        await Promise.allSettled(people);
        redis.disconnect();
      })();
      return stopped;
    },
  };
}
