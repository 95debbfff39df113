import type { Redis } from 'ioredis';
import { type JobText, readJobText } from '../contract/job-text.ts';
import { keys } from '../contract/keys.ts';
import { claimNext, parkClaim, startJob } from './claiming.ts';
import { editArguments, type JobEdit } from './edit.ts';
import { fetchJob } from './job-store.ts';
import { takeOver } from './recovery.ts';
import type { Claim, ClaimRef, JobConsumer, RenewOutcome, Settlement, SettleOutcome } from './roles.ts';
import { priorityScore } from './score.ts';
import { runForList, runForWord, unexpected } from './script-runner.ts';
import { planSettlement } from './settlement.ts';

/** Age at which a running score is refreshed, s; the platform's sweep fails jobs after 3600 (contract 1.8). */
const RUNNING_SCORE_REFRESH_S = 30;

/** How often a write is tried again because the text changed underneath. */
const MAX_ROUNDS = 32;

/** The agent's half of the queue, on one Redis connection. Every call may be sent twice without harm. */
export function createJobConsumer(redis: Redis): JobConsumer {
  /** Claims in hand, by token: the text as it was parsed, and what it takes to stand up for a claim that Redis lost. */
  const held = new Map<string, { workerId: string; hostId: string; job: JobText | undefined }>();
  const textOf = (claim: Claim) => {
    const job = held.get(claim.token)?.job;
    return job?.bytes === claim.text ? job : readJobText(claim.text, claim.jobId);
  };

  async function current(ref: ClaimRef): Promise<JobText | 'gone' | 'unreadable'> {
    const stored = await fetchJob(redis, ref.jobId);
    return stored.kind === 'readable' ? stored.job : stored.kind;
  }

  async function end(
    ref: ClaimRef,
    first: JobText,
    workerId: string | null | undefined,
    settlement: Settlement,
  ): Promise<SettleOutcome> {
    let job = first;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const { status, completed_at, worker_id, user_id } = job.fields;
      const plan = planSettlement({ status, completed: completed_at != null }, settlement);
      // Redis may have lost its last second, and our claim with it (everysec): nobody else then has the job.
      const mine = status !== 'running' || worker_id === workerId;
      const [kind, word] = await runForList(redis, 'settle', [
        ...[ref.jobId, ref.token, plan.status, user_id, plan.ours ? 1 : 0, mine ? 1 : 0],
        ...editArguments(job, plan.edit),
      ]);
      const answer = kind?.toString();
      if (answer === 'fenced' || answer === 'gone') return { kind: answer };
      if (answer === 'settled') {
        const settled = terminal(word?.toString());
        const ours = settled === settlement.status && (plan.ours || settled === 'cancelled');
        return { kind: ours ? 'settled' : 'overruled', status: settled };
      }
      if (answer !== 'changed') throw unexpected('settle');
      const now = await current(ref);
      if (now === 'unreadable') {
        await parkClaim(redis, ref, 'its text became unreadable while it ran');
        return { kind: 'gone' };
      }
      if (now !== 'gone') job = now;
    }
    throw unexpected('settle');
  }

  async function requeue(ref: ClaimRef | Claim, reason: string, uncounted: boolean) {
    let now: JobText | 'gone' | 'unreadable' =
      'text' in ref && ref.text.length > 0 ? textOf(ref) : await current(ref);
    const edit: JobEdit = { changes: { status: 'pending', started_at: null, worker_id: null } };
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      if (now === 'gone') return 'gone';
      if (now === 'unreadable') {
        await parkClaim(redis, ref, 'its text became unreadable while it ran');
        return 'gone';
      }
      const { status, worker_id } = now.fields;
      if (status !== 'running' && status !== 'pending') {
        const ended = await end(ref, now, worker_id, { status: 'cancelled' });
        return status === 'cancelled' && ended.kind === 'settled' ? 'cancelled' : 'fenced';
      }
      const answer = await runForWord(redis, 'requeue', [
        ...[ref.jobId, ref.token, priorityScore(now.fields), reason.slice(0, 300), uncounted ? 1 : 0],
        ...editArguments(now, edit),
      ]);
      if (answer === 'requeued' || answer === 'fenced' || answer === 'gone') return answer;
      if (answer !== 'changed') throw unexpected('requeue');
      now = await current(ref);
    }
    throw unexpected('requeue');
  }

  /** A renewal that could not tell the status from a few bytes. */
  async function look(ref: ClaimRef): Promise<RenewOutcome> {
    const now = await current(ref);
    if (now === 'gone') return 'gone';
    // Whatever stands there is dealt with when the job is settled.
    if (now === 'unreadable') return 'renewed';
    const { status, worker_id } = now.fields;
    if (status === 'cancelled') return 'cancelled';
    if (status === 'completed' || status === 'failed') {
      await end(ref, now, worker_id, { status: 'cancelled' });
      return 'lost';
    }
    if (status === 'running') return 'renewed';
    // A late platform write put back an older text (lost update, contract 1.7): the job is ours and runs.
    const worker = await redis.hget(keys.claim(ref.jobId), 'worker');
    if (worker) await startJob(redis, ref, now, worker);
    return 'renewed';
  }

  /** Redis lost its last second and the claim with it: take the job again under the same token, if nobody else has. */
  async function standUp(ref: ClaimRef, leaseMs: number): Promise<RenewOutcome> {
    const mine = held.get(ref.token);
    const now = await current(ref);
    if (now === 'gone') return 'gone';
    if (!mine || now === 'unreadable') return 'lost';
    const { status, worker_id } = now.fields;
    if (status === 'cancelled') return 'cancelled';
    if (status !== 'pending' && !(status === 'running' && worker_id === mine.workerId)) return 'lost';
    const taken = await takeOver(redis, ref.jobId, null, {
      ...{ workerId: mine.workerId, hostId: mine.hostId, leaseMs, token: ref.token },
    });
    return taken.kind === 'taken' ? 'renewed' : taken.kind === 'gone' ? 'gone' : 'lost';
  }

  return {
    async claim(request) {
      const { outcome, job } = await claimNext(redis, request);
      if (outcome.kind === 'claimed') {
        held.set(outcome.claim.token, { workerId: request.workerId, hostId: request.hostId, job });
      }
      return outcome;
    },
    async renew(claims, leaseMs) {
      if (claims.length === 0) return [];
      const words = await runForList(redis, 'renew', [
        ...[leaseMs, RUNNING_SCORE_REFRESH_S],
        ...claims.flatMap(({ jobId, token }) => [jobId, token]),
      ]);
      return Promise.all(
        claims.map(async (ref, index) => {
          const outcome = await renewed(ref, words[index]?.toString(), leaseMs);
          if (outcome === 'lost' || outcome === 'gone') held.delete(ref.token);
          return outcome;
        }),
      );
    },
    async executed(claim) {
      await runForWord(redis, 'executed', [claim.jobId, claim.token]);
    },
    async settle(claim, settlement) {
      const job = textOf(claim);
      const outcome = await end(claim, job, job.fields.worker_id, settlement);
      held.delete(claim.token);
      return outcome;
    },
    async requeue(claim, reason, options) {
      const outcome = await requeue(claim, reason, options?.uncounted ?? false);
      held.delete(claim.token);
      return outcome;
    },
    async park(claim, reason) {
      held.delete(claim.token);
      await parkClaim(redis, claim, reason);
    },
    async status(jobId) {
      const word = await runForWord(redis, 'status', [jobId]);
      if (word === 'gone') return undefined;
      if (word !== 'unsure') return word;
      const stored = await fetchJob(redis, jobId);
      return stored.kind === 'readable' ? stored.job.fields.status : undefined;
    },
  };

  async function renewed(ref: ClaimRef, word: string | undefined, leaseMs: number): Promise<RenewOutcome> {
    switch (word) {
      case 'renewed':
      case 'lost':
      case 'cancelled':
      case 'gone':
        return word;
      case 'missing':
        return standUp(ref, leaseMs);
      case 'ended':
        return 'lost';
      case 'unsure':
        return look(ref);
      default:
        throw unexpected('renew');
    }
  }
}

function terminal(status: string | undefined): 'completed' | 'failed' | 'cancelled' {
  if (status === 'completed' || status === 'failed' || status === 'cancelled') return status;
  throw unexpected('settle');
}
