import { capOf, type QueueControl } from '../../worker-agent/src/contract/desired.ts';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { PROTOCOL_VERSION } from '../../worker-agent/src/contract/protocol.ts';
import type { BulkReceipt, JobsService } from '../api/roles/jobs.ts';
import type { PeopleService } from '../api/roles/people.ts';
import type { WorkshopSnapshot } from '../domain/workshop.ts';
import type { ControlStore } from './roles.ts';

/** What holds before anybody ordered anything. */
export const noOrders = (): Orders => ({
  held: false,
  mode: null,
  heldUsers: [],
  nextTurn: null,
  caps: null,
  lineCaps: null,
});

type Orders = Pick<QueueControl, 'held' | 'mode' | 'heldUsers' | 'nextTurn' | 'caps' | 'lineCaps'>;

export interface PeopleNeeds {
  /** @throws WorkshopError when no workshop is set up. */
  control(): ControlStore;
  now(): Readonly<WorkshopSnapshot>;
  jobs: Pick<JobsService, 'bulk'>;
  /** Name of this console as others read it. */
  by(): string;
}

/** The claim clears a next turn, and others may order something at the same moment: that many are followed. */
const ROUNDS = 8;

/**
 * Orders about single people, kept in the queue's control. An act reads what stands there, changes the one thing it
 * names and writes at that revision; another change of the control meanwhile is no conflict, another answer to the
 * same question is one.
 */
export function createPeopleService({ control, now, jobs, by }: PeopleNeeds): PeopleService {
  const change = async (
    about: { userId: string | null; message: string },
    next: (before: QueueControl | null) => Partial<Orders>,
  ) => {
    const store = control();
    let current = await store.control();
    for (let round = 0; round < ROUNDS; round += 1) {
      const written: QueueControl = {
        ...(current ?? noOrders()),
        ...next(current),
        protocol: PROTOCOL_VERSION,
        revision: (current?.revision ?? 0) + 1,
        at: await store.time(),
        by: by(),
      };
      const outcome = await store.writeControl(written);
      if (outcome.kind === 'written') {
        // The act is done; a lost note changes nothing.
        await store
          .note({ kind: 'control-changed', by: by(), jobId: null, workerId: null, ...about })
          .catch(() => {});
        return { revision: outcome.revision };
      }
      current = outcome.current;
    }
    throw new WorkshopError('CONFLICT', 'The orders of the queue changed again and again meanwhile.', {
      remedy: 'Press again.',
    });
  };

  const limit = (which: 'caps' | 'lineCaps', { userId, cap, was }: Parameters<PeopleService['cap']>[0]) =>
    change({ userId, message: capSentence(which, userId, cap) }, (before) => {
      const caps = before?.[which] ?? { everybody: null, users: {} };
      const stands = userId === null ? caps.everybody : ownCap(caps.users, userId);
      if (stands !== was && stands !== cap)
        throw changedBy(before, capSentence(which, userId, stands).replace(/\.$/, ''));
      if (userId === null) return { [which]: { ...caps, everybody: cap } };
      const users = Object.entries(caps.users).filter(([id]) => id !== userId);
      if (cap !== null) users.push([userId, cap]);
      return { [which]: { ...caps, users: Object.fromEntries(bounded(users)) } };
    });

  return {
    hold: ({ userId, held }) =>
      change(
        {
          userId,
          message: held ? `${userId} is held: their waiting jobs are passed over.` : `${userId} goes on.`,
        },
        (before) => {
          const others = (before?.heldUsers ?? []).filter((each) => each !== userId);
          return { heldUsers: held ? bounded([...others, userId]) : others };
        },
      ),

    nextTurn: ({ userId, was }) =>
      change(
        {
          userId,
          message: userId === null ? 'Nobody has the next turn any more.' : `${userId} has the next turn.`,
        },
        (before) => {
          const stands = before?.nextTurn ?? null;
          // A turn that was served meanwhile is nobody's: nothing is taken away from anybody.
          if (stands !== was && stands !== null && stands !== userId)
            throw changedBy(before, `${stands} has the next turn`);
          return { nextTurn: userId };
        },
      ),

    cap: (input) => limit('caps', input),
    lineCap: (input) => limit('lineCaps', input),

    async cancelWaiting({ userId }): Promise<BulkReceipt> {
      const receipt: BulkReceipt = { done: [], refused: 0, why: [] };
      const jobIds = Object.values(now().jobs)
        .filter((job) => job.userId === userId && job.queue === 'pending')
        .map(({ id }) => id);
      return jobIds.length === 0 ? receipt : jobs.bulk({ jobIds, act: { kind: 'cancel' } });
    },
  };
}

const ownCap = (users: Readonly<Record<string, number>>, userId: string) =>
  capOf({ everybody: null, users }, userId);

function capSentence(which: 'caps' | 'lineCaps', userId: string | null, cap: number | null): string {
  const who = userId ?? 'Everybody without a limit of their own';
  const on = which === 'caps' ? 'running jobs' : 'jobs in line';
  if (cap === null)
    return userId === null
      ? `There is no limit on ${on} for everybody.`
      : `${who} has no limit of their own on ${on}.`;
  const jobs = `${cap} ${cap === 1 ? 'job' : 'jobs'}`;
  return which === 'caps' ? `${who} runs at most ${jobs} at once.` : `${who} has at most ${jobs} in line.`;
}

function changedBy(current: QueueControl | null, what: string): WorkshopError {
  const who = current ? `${current.by} changed it meanwhile: ` : 'It was changed meanwhile: ';
  return new WorkshopError('CONFLICT', `${who}${what}.`, {
    remedy: 'Look at what it is now, and press again if you still want the change.',
  });
}

function bounded<T>(list: T[]): T[] {
  if (list.length <= 1000) return list;
  throw new WorkshopError('BAD_INPUT', 'At most 1000 people can have an order of their own.', {
    remedy: 'Release some of them first.',
  });
}
