import {
  causeOfFailure,
  FAILURE_CAUSES,
  failureKey,
} from '../../../worker-agent/src/contract/failure-cause.ts';
import type { StartEstimate } from '../wait/waits.ts';
import type { JobSummary } from '../workshop.ts';
import type { AlertAction, Reading } from './alert.ts';
import { type AlertFacts, count, knowsHost, knowsQueue, localOf, quoted, reading, span } from './facts.ts';

const MINUTE = 60_000;
/** Failures count for this long, ms. */
const BURST_MS = 10 * MINUTE;
/** A queue must fall to this share of the limit before its alert ends. */
const CLEAR_SHARE = 0.8;

const QUEUE_RULES = ['queue-deep', 'queue-held', 'nobody-served', 'failure-burst', 'unreadable-jobs'];

/** The queue and its jobs. */
export function lookAtQueue(facts: AlertFacts): { readings: Reading[]; blind: string[] } {
  const { snapshot, now } = facts;
  if (!knowsQueue(snapshot, now) || !snapshot.counts) return { readings: [], blind: QUEUE_RULES };
  const jobs = Object.values(snapshot.jobs);
  const waiting = jobs.filter(({ queue }) => queue === 'pending');
  return {
    readings: [
      ...deepQueue(facts),
      ...heldQueue(waiting, facts),
      ...nobodyServed(jobs, waiting, facts),
      ...failureBurst(jobs, facts),
      ...setAside(facts),
    ],
    blind: [],
  };
}

function deepQueue(facts: AlertFacts): Reading[] {
  const { snapshot, threshold } = facts;
  const pending = snapshot.counts?.pending ?? 0;
  const limit = threshold('queue-deep');
  if (pending <= Math.floor(limit * CLEAR_SHARE)) return [];
  const newJob = snapshot.waits?.newJob;
  const wait = newJob?.kind === 'range' ? ` A new job would start ${startText(newJob)}.` : '';
  return [
    reading('queue-deep', '', pending > limit ? 'over' : 'between', {
      severity: 'warn',
      text: `${count(pending, 'job')} wait, more than ${limit}.${wait}`,
      action: snapshot.control?.held ? { kind: 'release-queue' } : moreWorkers(facts),
    }),
  ];
}

/** The range as the Stage tells it, and that it is a guess where it is one. */
function startText({ low, p50, p90, guess }: Extract<StartEstimate, { kind: 'range' }>): string {
  const [from, to] = [Math.floor(low / MINUTE), Math.ceil(p90 / MINUTE)];
  const minutes = from === to ? to : `${from}–${to}`;
  const text =
    to <= 1 ? `in about ${span(p50)}` : from === 0 ? `in less than ${to} min` : `in about ${minutes} min`;
  return guess ? `${text}, by a first guess` : text;
}

/** One worker more where a host may run it and it fits; else the list. */
function moreWorkers({ snapshot, now, capacity }: AlertFacts): AlertAction {
  for (const host of Object.values(snapshot.hosts)) {
    if (!knowsHost(host, snapshot, now) || !host.status || host.status.phase !== 'running') continue;
    const next = Math.max(host.desired?.workers ?? 0, host.status.workers.length) + 1;
    if (next <= host.status.maxWorkers && capacity.fits(host.id, next) === true)
      return { kind: 'set-count', hostId: host.id, workers: next };
  }
  return { kind: 'show-jobs', status: 'pending' };
}

function heldQueue(waiting: readonly JobSummary[], { snapshot, now, threshold }: AlertFacts): Reading[] {
  const { control } = snapshot;
  if (!control?.held || waiting.length === 0) return [];
  const heldMs = now - localOf(snapshot, control.at);
  if (heldMs < threshold('queue-held') * MINUTE) return [];
  return [
    reading('queue-held', '', 'over', {
      severity: 'warn',
      text: `The queue has been held for ${span(Math.floor(heldMs / MINUTE) * MINUTE)}, and ${count(waiting.length, 'job')} wait.`,
      action: { kind: 'release-queue' },
    }),
  ];
}

function nobodyServed(
  jobs: readonly JobSummary[],
  waiting: readonly JobSummary[],
  facts: AlertFacts,
): Reading[] {
  const { snapshot, now, threshold, lastMoved } = facts;
  const { control } = snapshot;
  const passed = new Set(control?.heldUsers ?? []);
  const served = waiting.filter(({ userId }) => !passed.has(userId));
  if (control?.held || served.length === 0) return [];
  const oldest = Math.min(...served.map(({ createdAt }) => createdAt ?? Number.POSITIVE_INFINITY));
  if (!Number.isFinite(oldest)) return [];
  let last = localOf(snapshot, Math.max(oldest, control?.at ?? 0));
  for (const { startedAt, completedAt } of jobs)
    last = Math.max(last, localOf(snapshot, Math.max(startedAt ?? 0, completedAt ?? 0)));
  const idleMs = now - Math.max(last, lastMoved ?? 0);
  if (idleMs < threshold('nobody-served') * MINUTE) return [];
  return [
    reading('nobody-served', '', 'over', {
      severity: 'fail',
      text: `${count(served.length, 'job')} wait, and for ${span(Math.floor(idleMs / MINUTE) * MINUTE)} none has started, moved on or ended. ${whyNobody(facts)}`,
      action: wayOut(facts),
    }),
  ];
}

function whyNobody({ snapshot, now }: AlertFacts): string {
  const hosts = Object.values(snapshot.hosts).filter((host) => knowsHost(host, snapshot, now));
  if (hosts.length === 0) return 'No agent reports.';
  const workers = hosts.flatMap((host) => host.status?.workers ?? []);
  if (workers.length === 0) return 'No worker runs.';
  if (workers.every(({ state }) => state.kind === 'drained' || state.kind === 'draining'))
    return 'All workers are drained.';
  if (workers.every(({ state }) => state.kind === 'failed')) return 'All workers have failed.';
  return 'The waiting jobs may need more memory than is free, or a worker hangs.';
}

function wayOut({ snapshot, now }: AlertFacts): AlertAction {
  const hosts = Object.values(snapshot.hosts).filter((host) => knowsHost(host, snapshot, now));
  const [host] = hosts;
  if (!host?.status) return { kind: 'show-host', hostId: null };
  const workers = host.status.workers;
  if (workers.length === 0) return { kind: 'set-count', hostId: host.id, workers: 1 };
  if (workers.every(({ state }) => state.kind === 'drained' || state.kind === 'draining'))
    return { kind: 'resume-workers', hostId: host.id };
  const failed = workers.find(({ state }) => state.kind === 'failed');
  if (failed) return { kind: 'restart-worker', hostId: host.id, workerId: failed.id };
  return { kind: 'show-jobs', status: 'pending' };
}

function failureBurst(jobs: readonly JobSummary[], { snapshot, now, threshold }: AlertFacts): Reading[] {
  const failed = jobs.filter(
    ({ status, completedAt }) =>
      status === 'failed' && completedAt !== null && now - localOf(snapshot, completedAt) < BURST_MS,
  );
  const limit = threshold('failure-burst');
  if (failed.length < Math.max(1, limit - 1)) return [];
  const causes = Map.groupBy(failed, ({ error }) => {
    const failure = causeOfFailure(error);
    // Two errors that nobody knows need not be the same.
    return failure.cause === 'unknown' ? `unknown/${error}` : failureKey(failure);
  });
  const [most = []] = [...causes.values()].sort((a, b) => b.length - a.length);
  const share = most.length === failed.length ? 'All' : `${most.length} of them`;
  return [
    reading('failure-burst', '', failed.length >= limit ? 'over' : 'between', {
      severity: 'warn',
      text: `${count(failed.length, 'job')} failed in the last 10 min. ${share}: ${causeText(most)}`,
      action: { kind: 'show-jobs', status: 'failed' },
    }),
  ];
}

/** What the jobs of one cause lack, and the step that mends them; of an error that says nothing known, its own words. */
function causeText(jobs: readonly JobSummary[]): string {
  const error = jobs.find((job) => job.error)?.error ?? null;
  const { cause, about } = causeOfFailure(error);
  const { name, step } = FAILURE_CAUSES[cause];
  const what = cause === 'unknown' && error !== null ? error : about === null ? name : `${name} ${about}`;
  return `${quoted(what, 140)} ${step}`;
}

function setAside({ snapshot }: AlertFacts): Reading[] {
  const parked = snapshot.counts?.deadLetter ?? 0;
  if (parked === 0) return [];
  return [
    reading('unreadable-jobs', '', 'over', {
      severity: 'warn',
      text: `${count(parked, 'job')} could not be read and ${parked === 1 ? 'was' : 'were'} set aside.`,
      action: { kind: 'show-jobs', status: 'unreadable' },
    }),
  ];
}
