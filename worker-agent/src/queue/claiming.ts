import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { JobText } from '../contract/job-text.ts';
import { editArguments, editedBytes, type JobEdit, statusOffset } from './edit.ts';
import { fetchJob, interpretJob, type StoredJob } from './job-store.ts';
import type { Claim, ClaimOutcome, ClaimRef, ClaimRequest } from './roles.ts';
import { runForList, runForWord, unexpected } from './script-runner.ts';

/** A claim together with its text as parsed, so that settling need not read it again. */
export type Claimed = { outcome: ClaimOutcome; job?: JobText };

/** How often one claim goes on after leftovers and lost races before it reports that nothing waits. */
const MAX_ROUNDS = 64;

/**
 * Takes the next waiting job. Jobs in the platform's own layout are started by the script in one step; any other is
 * reserved first, read here, and then started, parked (unreadable) or dropped (it had already ended).
 */
export async function claimNext(redis: Redis, request: ClaimRequest): Promise<Claimed> {
  const { workerId, hostId, leaseMs, mode, exclude = [] } = request;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const token = randomUUID();
    const reply = await runForList(redis, 'claim', [token, workerId, hostId, leaseMs, mode, ...exclude]);
    const kind = reply[0]?.toString();
    if (kind === 'held' || kind === 'none') return { outcome: { kind } };
    if (kind === 'again') continue;
    const [, id, text, rest, place] = reply;
    if (!id || !text) throw unexpected('claim');
    const jobId = id.toString();
    if (kind === 'parked') return { outcome: { kind, jobId, reason: text.toString() } };
    if (!rest || !place || (kind !== 'claimed' && kind !== 'reserved')) throw unexpected('claim');
    const [score, attempt, claimedAt] = place.toString().split(' ').map(Number);
    if (score === undefined || attempt === undefined || claimedAt === undefined) throw unexpected('claim');
    const taken = { jobId, token, text: Buffer.concat([text, rest]), score, attempt, claimedAt };
    const done = await begin(redis, taken, workerId, kind);
    if (done) return done;
  }
  return { outcome: { kind: 'none' } };
}

/** @returns undefined when the job was not to be run after all; the caller goes on to the next. */
async function begin(
  redis: Redis,
  claim: Claim,
  workerId: string,
  kind: 'claimed' | 'reserved',
): Promise<Claimed | undefined> {
  let stored: StoredJob =
    claim.text.length === 0 ? await fetchJob(redis, claim.jobId) : interpretJob(claim.text, claim.jobId);
  if (kind === 'claimed' && stored.kind === 'readable') {
    if (runsOn(stored.job, workerId)) return { outcome: { kind: 'claimed', claim }, job: stored.job };
    await runForWord(redis, 'restore', [claim.jobId, claim.token]);
    stored = await fetchJob(redis, claim.jobId);
  }
  for (let attempt = 0; attempt < MAX_ROUNDS; attempt += 1) {
    if (stored.kind === 'unreadable') return { outcome: await parkClaim(redis, claim, stored.reason) };
    if (stored.kind === 'gone' || isOver(stored.job)) {
      await runForWord(redis, 'drop', [claim.jobId, claim.token]);
      return undefined;
    }
    const { job } = stored;
    if (runsOn(job, workerId)) return ready(claim, job);
    const started = await startJob(redis, claim, job, workerId);
    if (started.kind === 'started') return ready(claim, started.job);
    if (started.kind === 'fenced' || started.kind === 'gone') return undefined;
    stored = await fetchJob(redis, claim.jobId);
  }
  return undefined;
}

function ready(claim: Claim, job: JobText): Claimed {
  return { outcome: { kind: 'claimed', claim: { ...claim, text: job.bytes } }, job };
}

export type StartOutcome = { kind: 'started'; job: JobText } | { kind: 'fenced' | 'gone' | 'changed' };

/** Writes running into a reserved job's text (contract 1.2: status, started_at, worker_id). */
export async function startJob(
  redis: Redis,
  claim: ClaimRef,
  job: JobText,
  workerId: string,
): Promise<StartOutcome> {
  const edit: JobEdit = { changes: { status: 'running', worker_id: workerId }, now: ['started_at'] };
  const reply = await runForList(redis, 'start', [
    ...[claim.jobId, claim.token, job.fields.user_id, statusOffset(job, edit)],
    ...editArguments(job, edit),
  ]);
  const kind = reply[0]?.toString();
  if (kind === 'fenced' || kind === 'gone' || kind === 'changed') return { kind };
  const date = reply[1]?.toString();
  if (kind !== 'started' || !date) throw unexpected('start');
  const now = interpretJob(editedBytes(job, edit, date), claim.jobId);
  if (now.kind !== 'readable') throw unexpected('start');
  return { kind: 'started', job: now.job };
}

/** Parks a job that the claim holds; its text is put back as it was submitted. */
export async function parkClaim(redis: Redis, claim: ClaimRef, reason: string): Promise<ClaimOutcome> {
  const text = JSON.stringify(reason.slice(0, 1000).toWellFormed());
  await runForWord(redis, 'park', [claim.jobId, claim.token, text]);
  return { kind: 'parked', jobId: claim.jobId, reason };
}

function runsOn(job: JobText, workerId: string): boolean {
  return job.fields.status === 'running' && job.fields.worker_id === workerId;
}

function isOver(job: JobText): boolean {
  return job.fields.status !== 'pending' && job.fields.status !== 'running';
}
