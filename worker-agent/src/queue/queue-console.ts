import type { Redis } from 'ioredis';
import type { JobText } from '../contract/job-text.ts';
import { editArguments, guardArguments, type JobEdit } from './edit.ts';
import { type PeekedJob, peekJob } from './peek.ts';
import type { ActOutcome, QueueConsole } from './roles.ts';
import { priorityScore } from './score.ts';
import { runForWord, type ScriptArgument, type ScriptName, unexpected } from './script-runner.ts';

/** How often an act is tried again because the job changed between reading and writing. */
const MAX_ROUNDS = 32;

/** One try: a script to run, or an answer that needs none. */
type Plan = { script: ScriptName; args: ScriptArgument[] } | ActOutcome;

/** The console's half of the queue, on one Redis connection. Every call may be sent twice without harm. */
export function createQueueConsole(redis: Redis): QueueConsole {
  async function act(
    jobId: string,
    plan: (job: JobText, hidden: number, again: boolean) => Plan,
    missing: Plan = { kind: 'not-found' },
  ): Promise<ActOutcome> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const seen: PeekedJob = await peekJob(redis, jobId);
      if (seen.kind === 'unreadable') return { kind: 'wrong-state', status: 'unreadable' };
      const next = seen.kind === 'gone' ? missing : plan(seen.job, seen.hidden, round > 0);
      if ('kind' in next) return next;
      const word = await runForWord(redis, next.script, next.args);
      if (word === 'done' || word === 'not-found') return { kind: word };
      if (word === 'running') return { kind: 'wrong-state', status: 'running' };
      if (word === 'queued' || word === 'nowhere')
        return {
          kind: 'wrong-state',
          status: seen.kind === 'readable' ? seen.job.fields.status : word,
        };
      if (word !== 'changed') throw unexpected(next.script);
    }
    throw unexpected('job act');
  }

  return {
    cancelPending: (jobId) =>
      act(
        jobId,
        (job, hidden) =>
          job.fields.status === 'pending'
            ? { script: 'cancelPending', args: [jobId, job.fields.user_id, ...guardArguments(job, hidden)] }
            : { kind: 'wrong-state', status: job.fields.status },
        { script: 'cancelPending', args: [jobId, ''] },
      ),
    async reinstate(jobId) {
      const word = await runForWord(redis, 'reinstate', [jobId]);
      if (word === 'done' || word === 'not-found') return { kind: word };
      throw unexpected('reinstate');
    },
    cancelRunning: (jobId) =>
      act(jobId, (job, hidden, again) => {
        const { status } = job.fields;
        // The call sent before (its reply was lost), or another host's: what was asked for holds.
        if (again && status === 'cancelled') return { kind: 'done' };
        if (status !== 'running') return { kind: 'wrong-state', status };
        return {
          script: 'cancelRunning',
          args: [jobId, ...editArguments(job, { changes: { status: 'cancelled' } }, hidden)],
        };
      }),
    prioritise: (jobId, priority) =>
      act(jobId, (job, hidden) => {
        if (job.fields.status !== 'pending') return { kind: 'wrong-state', status: job.fields.status };
        const score = priorityScore({ ...job.fields, priority });
        return {
          script: 'prioritise',
          args: [jobId, score, ...editArguments(job, { changes: { priority } }, hidden)],
        };
      }),
    requeue: (jobId) =>
      act(jobId, (job, hidden, again) => {
        const { status, user_id } = job.fields;
        if (again && status === 'pending') return { kind: 'done' };
        if (status === 'completed') return { kind: 'wrong-state', status };
        const nowhere = status === 'pending' || status === 'running' ? 1 : 0;
        return {
          script: 'revive',
          args: [jobId, user_id, priorityScore(job.fields), nowhere, ...editArguments(job, REVIVED, hidden)],
        };
      }),
  };
}

/** A job as if it had just been submitted. */
const REVIVED: JobEdit = {
  changes: {
    ...{
      status: 'pending',
      started_at: null,
      completed_at: null,
      worker_id: null,
      result: null,
      error: null,
    },
  },
};
