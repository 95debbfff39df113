import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { JobText } from '../contract/job-text.ts';
import { editArguments, editedBytes, type JobEdit, statusOffset } from './edit.ts';
import { fetchJob } from './job-store.ts';
import type { Claim, ClaimRef, JobConsumer } from './roles.ts';
import { priorityScore } from './score.ts';
import { runForList, unexpected } from './script-runner.ts';

/** One id in queue:running and the claim behind it. */
export interface RunningInspection {
  jobId: string;
  score: number;
  /** null when it was not told cheaply. */
  status: string | null;
  /** null when no agent's claim is stored: the platform's own worker has it, or it is a leftover. */
  claim: RunningClaim | null;
}

export interface RunningClaim extends ClaimRef {
  workerId: string;
  hostId: string;
  userId: string;
  attempt: number;
  /** Redis time, epoch ms. */
  until: number;
  /** The lease ran out. */
  expired: boolean;
}

/** Who takes over, and for how long. */
export interface TakeOverRequest {
  workerId: string;
  hostId: string;
  leaseMs: number;
  /** Take it only if the lease ran out. Default false: a restarted agent takes its own claims at once. */
  onlyExpired?: boolean;
  /** Token to use; a new one by default. */
  token?: string;
}

export type TakeOverOutcome =
  | { kind: 'taken'; claim: Claim }
  /** Its lease still runs and `onlyExpired` was asked for. */
  | { kind: 'live' }
  /** The claim is no longer the one that was seen. */
  | { kind: 'fenced' }
  | { kind: 'gone' }
  | { kind: 'unreadable'; reason: string };

/** Lists queue:running with the claims behind it. */
export async function inspectRunning(
  redis: Redis,
): Promise<{ redisNow: number; running: RunningInspection[] }> {
  const [now, ...rest] = (await runForList(redis, 'inspectRunning', [])).map(String);
  const redisNow = Number(now);
  const running: RunningInspection[] = [];
  for (let at = 0; at < rest.length; at += 9) {
    const [jobId = '', score, status, token = '', workerId = '', hostId = '', userId = '', attempt, until] =
      rest.slice(at, at + 9);
    const lease = { until: Number(until), expired: Number(until) <= redisNow };
    running.push({
      ...{ jobId, score: Number(score), status: status || null },
      claim: token ? { jobId, token, workerId, hostId, userId, attempt: Number(attempt), ...lease } : null,
    });
  }
  return { redisNow, running };
}

/**
 * Fences the holder of a claim and carries its job on under a new token, without requeueing: adoption after a
 * restart, or the first half of a rescue. The attempt number stays.
 * @param seen the token that was seen; null when no claim is stored.
 */
export async function takeOver(
  redis: Redis,
  jobId: string,
  seen: string | null,
  request: TakeOverRequest,
): Promise<TakeOverOutcome> {
  const token = request.token ?? randomUUID();
  for (let round = 0; round < 32; round += 1) {
    const stored = await fetchJob(redis, jobId);
    if (stored.kind !== 'readable') return stored;
    const { job } = stored;
    const edit = carryOn(job, request.workerId);
    const reply = await runForList(redis, 'takeOver', [
      ...[jobId, seen ?? '', token, request.workerId, request.hostId, request.leaseMs],
      ...[
        request.onlyExpired ? 1 : 0,
        job.fields.user_id,
        statusOffset(job, edit),
        priorityScore(job.fields),
      ],
      ...editArguments(job, edit),
    ]);
    const kind = reply[0]?.toString();
    if (kind === 'live' || kind === 'fenced' || kind === 'gone') return { kind };
    if (kind === 'changed') continue;
    const [, score, attempt, now, date] = reply.map(String);
    if (kind !== 'taken' || date === undefined) throw unexpected('takeOver');
    const text = editedBytes(job, edit, date);
    return {
      kind: 'taken',
      claim: { jobId, token, text, score: Number(score), attempt: Number(attempt), claimedAt: Number(now) },
    };
  }
  throw unexpected('takeOver');
}

/**
 * Gives a job back to its old place if nobody holds it any more: its lease ran out, or it stands in queue:running
 * without a claim. Whether the latter is the platform's own worker's is for the caller to know.
 */
export async function requeueExpired(
  redis: Redis,
  consumer: JobConsumer,
  jobId: string,
  request: { hostId: string; reason: string },
): Promise<'requeued' | 'live' | 'gone' | 'fenced' | 'cancelled' | 'unreadable'> {
  const { running } = await inspectRunning(redis);
  const seen = running.find((entry) => entry.jobId === jobId);
  if (!seen) return 'gone';
  const taken = await takeOver(redis, jobId, seen.claim?.token ?? null, {
    ...{ workerId: seen.claim?.workerId ?? request.hostId, hostId: request.hostId },
    ...{ leaseMs: 10_000, onlyExpired: true },
  });
  return taken.kind === 'taken' ? consumer.requeue(taken.claim, request.reason) : taken.kind;
}

/** A job that has ended keeps its text; any other runs on that worker. */
function carryOn(job: JobText, workerId: string): JobEdit {
  const { status, worker_id } = job.fields;
  if (status === 'pending')
    return { changes: { status: 'running', worker_id: workerId }, now: ['started_at'] };
  return status === 'running' && worker_id !== workerId
    ? { changes: { worker_id: workerId } }
    : { changes: {} };
}
