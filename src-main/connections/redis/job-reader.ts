import type { Redis } from 'ioredis';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { type QueueView, readQueueView } from '../../../worker-agent/src/queue/queue-view.ts';
import { readSummaries } from '../../../worker-agent/src/queue/summaries.ts';
import type { Observation } from '../../domain/observation.ts';
import { ENDED_LISTED } from '../../domain/workshop.ts';
import { createJobList } from './job-list.ts';

/** Job texts asked for in one go. */
const PAGE = 200;
/** What one view lists: waiting in order, running, and the last ended of each kind. Counts always cover all. */
const LISTED = { pendingCount: 10_000, runningCount: 500, endedCount: ENDED_LISTED };

/** Waiting users whose completed jobs are counted. */
const USERS_COUNTED = 300;

/** Reads queues and jobs, remembering what was read before. Workflows are never transferred. */
export interface JobReader {
  /**
   * Reads what changed.
   * @param changed ids of job keys that were written or removed.
   * @param resync anything may have changed unseen.
   * @param completions also what round_robin counts: how many jobs of each waiting user were ever completed.
   * @throws what ioredis or the scripts' decoders throw; the next call makes up for it.
   */
  read(redis: Redis, changed: ReadonlySet<string>, resync: boolean, completions?: boolean): Promise<void>;
  /** The next view is read whole: another server may stand behind the link. */
  forgetDigest(): void;
  /** Local epoch ms of a moment of Redis's clock. */
  localTime(redisMs: number): number;
  /** Jobs that the last view listed. */
  readonly listed: number;
}

export function createJobReader(tell: (observation: Observation) => void): JobReader {
  const list = createJobList();
  let digest: string | undefined;
  let counts: QueueView['counts'] | undefined;
  /** What the completions were last read for. */
  let counted: string | undefined;
  let clock: { offsetMs: number; rttMs: number } | undefined;

  const readPages = async (redis: Redis, ids: readonly string[], traits: boolean) => {
    for (let at = 0; at < ids.length; at += PAGE) {
      const page = ids.slice(at, at + PAGE);
      list.read(page, await readSummaries(redis, page, { traits }), traits);
      tell({ kind: 'some-jobs', found: list.summaries(page), gone: [] });
    }
  };

  /** The view, with the time it was asked for: it is at least as new as that. */
  const readView = async (redis: Redis) => {
    const at = Date.now();
    const asked = performance.now();
    const reading = await readQueueView(redis, { ...LISTED, digest });
    const rttMs = performance.now() - asked;
    // The shortest round trip tells the time best; it ages, so that a clock that was set is noticed.
    if (!clock || rttMs <= clock.rttMs * 1.2)
      clock = { offsetMs: Math.round(reading.redisNow - (at + rttMs / 2)), rttMs };
    else clock.rttMs *= 1.05;
    return { at, reading, clockOffsetMs: clock.offsetMs };
  };

  /** Again when somebody new waits or something was completed. */
  const readCompletions = async (redis: Redis) => {
    const users = [...list.waitingUsers()].slice(0, USERS_COUNTED);
    const state = `${counts?.completed} ${users.join(' ')}`;
    if (users.length === 0 || state === counted) return;
    const values = await redis.mget(users.map(keys.userCompleted));
    // As the claim reads it: whatever is no number counts as none.
    const byUser = users.map((user, at) => [user, Math.max(0, Number.parseInt(values[at] ?? '', 10) || 0)]);
    counted = state;
    tell({ kind: 'completions', byUser: Object.fromEntries(byUser) });
  };

  return {
    async read(redis, changed, resync, completions = false) {
      list.mark(changed);
      if (resync) list.markActive();
      // A written job that no queue listed yet is probably new: reading it beside the view saves a round trip.
      const early = [...changed].slice(0, PAGE);
      const withTraits = list.needTraits(early);
      const [{ at, reading, clockOffsetMs }, summaries] = await Promise.all([
        readView(redis),
        early.length > 0 ? readSummaries(redis, early, { traits: withTraits }) : [],
      ]);
      if (reading.kind === 'view') {
        const { gone, moved } = list.place(reading.view);
        counts = reading.view.counts;
        tell({ kind: 'some-jobs', found: list.summaries(moved), gone });
      }
      list.read(early, summaries, withTraits);
      tell({ kind: 'some-jobs', found: list.summaries(early), gone: [] });
      const { fresh, stale } = list.toRead();
      await readPages(redis, fresh, true);
      await readPages(redis, stale, false);
      digest = reading.digest;
      if (counts) tell({ kind: 'queue', at, clockOffsetMs, counts });
      if (completions) await readCompletions(redis);
    },
    forgetDigest() {
      counted = undefined;
      digest = undefined;
    },
    localTime: (redisMs) => Math.min(Date.now(), redisMs - (clock?.offsetMs ?? 0)),
    get listed() {
      return list.size;
    },
  };
}
