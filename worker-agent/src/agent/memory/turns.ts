import type { Logger } from 'pino';
import { toWorkshopError } from '../../contract/errors.ts';
import type { Emit } from '../event-log.ts';
import type { CardMemory } from './card-memory.ts';
import { type Fit, judgeFit } from './fit.ts';
import type { OutOfMemoryLine } from './job-memory.ts';
import { figuresOf, waitOf } from './memory-words.ts';
import type { NeedBook, NeedKey } from './need-book.ts';
import { type PassedOver, PassedOverJobs, type Patience } from './passed-over.ts';
import type { QueueHead, WaitingJob } from './queue-head.ts';
import type { Neighbour, Turn } from './roles.ts';
import type { RunningJobs } from './running-jobs.ts';

export interface TurnsOptions {
  memory: CardMemory;
  book: NeedBook;
  running: RunningJobs;
  head: QueueHead;
  find: (workerId: string) => Neighbour | undefined;
  /** Jobs of a card that ran out of memory and wait for more. */
  lineOf: (card: string) => OutOfMemoryLine;
  emit: Emit;
  log: Logger;
  patience?: Patience | undefined;
}

/** Who may claim what while memory is short. */
export interface Turns {
  next(workerId: string): Promise<Turn>;
  /** What the claim after `next` gave; undefined = nothing. */
  claimed(workerId: string, jobId: string | undefined): void;
  /** What was claimed is begun or given back: others may have their turn. */
  over(workerId: string): void;
  /** A claimed job begins. */
  started(workerId: string, card: string, jobId: string): void;
  /** A claimed job goes back, since it does not fit. */
  passOver(workerId: string, job: { jobId: string; userId: string; key: NeedKey }): void;
  nameOf(card: string): string;
}

const CLAIM_ANY: Turn = { kind: 'claim', exclude: [] };
/** Between two looks at the queue while memory is short, ms. */
const SURVEY_MS = 1000;
/** After unloading others did not give a job its room, it is not tried again for so long, ms. */
const FREEING_PAUSE_MS = 10_000;

/**
 * Passes over jobs that have too little memory now and sees to it that none of them starves: the first in line is
 * passed over only so often or so long, then its card is kept for it until it fits or nothing else runs there.
 */
export function createTurns(options: TurnsOptions): Turns {
  const { memory, book, running, head, find, lineOf, emit, log } = options;
  const cards = new Map<string, PassedOverJobs>();
  /** The reserved job for whose sake a worker was allowed to claim. */
  const awaited = new Map<string, { card: string; jobId: string }>();
  /** The jobs that a worker was last told to leave out. */
  const leftOut = new Map<string, readonly string[]>();
  let surveyed: WaitingJob[] = [];
  let surveyedAt = Number.NEGATIVE_INFINITY;
  let surveying: Promise<void> | undefined;

  const judge = (workerId: string, card: string, signature: string) =>
    judgeFit(book.need(signature, card), workerId, running.view(card));
  const nameOf = (card: string) => memory.figures(card).name ?? 'the GPU';

  const look = async (): Promise<void> => {
    try {
      surveyed = await head.first();
      const order = surveyed.map(({ jobId }) => jobId);
      const known = new Set(order);
      const deeper = [...cards.values()].flatMap((jobs) => jobs.all().map(({ jobId }) => jobId));
      const waiting = await head.waiting(deeper.filter((jobId) => !known.has(jobId)));
      for (const jobs of cards.values()) {
        jobs.keepOnly((jobId) => known.has(jobId) || waiting.has(jobId));
        jobs.arrange(order);
      }
    } catch (cause) {
      log.debug({ reason: toWorkshopError(cause).message }, 'the head of the queue could not be read');
    }
    surveyedAt = performance.now();
  };
  const survey = async (): Promise<void> => {
    if (performance.now() - surveyedAt < SURVEY_MS) return;
    surveying ??= look().finally(() => {
      surveying = undefined;
    });
    await surveying;
  };

  const decide = async (workerId: string): Promise<Turn> => {
    const worker = find(workerId);
    const card = worker && memory.cardOf(worker);
    if (card === undefined) return CLAIM_ANY;
    const inLine = lineOf(card)[0];
    if (inLine?.waitingFor) return { kind: 'wait', waitingFor: inLine.waitingFor };
    const jobs = cards.get(card);
    if (!jobs || jobs.size === 0) return CLAIM_ANY;
    await survey();
    const now = performance.now();
    for (const { jobId, userId, workflow } of surveyed) {
      if (!workflow) continue;
      const { signature, kind } = workflow;
      if (!mayStart(judge(workerId, card, signature), now, jobs.get(jobId)))
        jobs.add({ jobId, userId, signature, kind }, now);
    }
    const reserved = jobs.reservedFor(now);
    if (reserved) return decideReserved(workerId, card, jobs, reserved, now);
    const tooBig = jobs.all().filter((job) => !mayStart(judge(workerId, card, job.signature), now, job));
    const [first] = tooBig;
    if (!first) return CLAIM_ANY;
    return {
      kind: 'claim',
      exclude: tooBig.map(({ jobId }) => jobId),
      waitingFor: waitOf(first.jobId, judge(workerId, card, first.signature)),
    };
  };
  const decideReserved = (
    workerId: string,
    card: string,
    jobs: PassedOverJobs,
    reserved: PassedOver,
    now: number,
  ): Turn => {
    const { jobId, userId, kind } = reserved;
    const fit = judge(workerId, card, reserved.signature);
    // One worker at a time: another might be given a job that takes the room away.
    const taken = [...awaited.values()].some((other) => other.jobId === jobId);
    if (!taken && mayStart(fit, now, reserved)) {
      awaited.set(workerId, { card, jobId });
      return { kind: 'claim', exclude: jobs.all().flatMap((job) => (job === reserved ? [] : job.jobId)) };
    }
    if (!reserved.toldReserved && fit.kind !== 'fits') {
      reserved.toldReserved = true;
      emit(
        'gpu-reserved',
        `Nothing more is started on ${nameOf(card)} until ${kind} of ${userId} fits: it needs ${figuresOf(fit)}`,
        { jobId, userId, workerId },
      );
    }
    return { kind: 'wait', waitingFor: waitOf(jobId, fit) };
  };

  /** Tells the host of the first job that waits, once. */
  const tellWaiting = (card: string, workerId: string) => {
    const first = cards.get(card)?.first();
    if (!first || first.toldWaiting) return;
    const fit = judge(workerId, card, first.signature);
    if (fit.kind === 'fits') return;
    first.toldWaiting = true;
    emit(
      'job-passed-over',
      `${first.kind} of ${first.userId} waits for memory on ${nameOf(card)}: it needs ${figuresOf(fit)}. ` +
        'Jobs that fit go first',
      { jobId: first.jobId, userId: first.userId, workerId },
    );
  };

  return {
    async next(workerId) {
      awaited.delete(workerId);
      const turn = await decide(workerId);
      leftOut.set(workerId, turn.kind === 'claim' ? turn.exclude : []);
      return turn;
    },
    claimed(workerId, jobId) {
      const promise = awaited.get(workerId);
      if (promise && promise.jobId !== jobId) cards.get(promise.card)?.restart(promise.jobId);
      if (jobId === undefined) awaited.delete(workerId);
    },
    over: (workerId) => void awaited.delete(workerId),
    started(workerId, card, jobId) {
      surveyed = surveyed.filter((job) => job.jobId !== jobId);
      cards.get(card)?.countStart(jobId, leftOut.get(workerId) ?? []);
      leftOut.delete(workerId);
      tellWaiting(card, workerId);
    },
    passOver(workerId, { jobId, userId, key }) {
      const { card, signature, kind } = key;
      const jobs = cards.get(card) ?? new PassedOverJobs(options.patience);
      cards.set(card, jobs);
      const now = performance.now();
      jobs.add({ jobId, userId, signature, kind }, now).freeingFrom = now + FREEING_PAUSE_MS;
      tellWaiting(card, workerId);
    },
    nameOf,
  };
}

function mayStart(fit: Fit, now: number, known: PassedOver | undefined): boolean {
  if (fit.kind !== 'after-freeing') return fit.kind === 'fits';
  return fit.alone || now >= (known?.freeingFrom ?? 0);
}
