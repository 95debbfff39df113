import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { LearnedNeed } from '../../contract/host.ts';
import type { Emit } from '../event-log.ts';
import { type CardMemorySources, createCardMemory } from './card-memory.ts';
import { type Fit, judgeFit, mayRunAnyway } from './fit.ts';
import { createJobMemory, type OutOfMemoryLine } from './job-memory.ts';
import { createRoomMaker } from './make-room.ts';
import { figuresOf, waitOf } from './memory-words.ts';
import { openNeedBook } from './need-book.ts';
import type { Patience } from './passed-over.ts';
import { readQueueHead, workflowTraits } from './queue-head.ts';
import type { Admission, AdmissionRequest, Neighbour, WorkerMemory } from './roles.ts';
import { followRunningJobs, type Running } from './running-jobs.ts';
import { createTurns } from './turns.ts';

export interface VramSenseOptions extends CardMemorySources {
  redis: Redis;
  /** What was learned is kept in this folder. */
  stateDir: string;
  workers: () => readonly Neighbour[];
  emit: Emit;
  log: Logger;
  patience?: Patience;
}

export interface VramSense {
  forWorker(workerId: string): WorkerMemory;
  /** What kinds of workflows were seen to need, for the host's status. */
  learned(): LearnedNeed[];
  close(): void;
}

const BOOK = 'memory-needs.json';

/**
 * Keeps jobs from being started on a card that has too little memory for them, by what their kind was seen to need.
 * It only ever delays, and never for ever: the queue's order decides who is next, a job that was passed over often
 * enough gets the card to itself, and what is not known is assumed to fit.
 */
export function createVramSense(options: VramSenseOptions): VramSense {
  const { redis, emit, log, workers } = options;
  const memory = createCardMemory(options);
  const book = openNeedBook(join(options.stateDir, BOOK), log);
  const running = followRunningJobs({ memory, book, workers });
  const rooms = createRoomMaker(memory, running);
  /** For each card the jobs that ran out of memory and wait for more, first come first served. */
  const lines = new Map<string, OutOfMemoryLine>();
  const lineOf = (card: string) => {
    const line = lines.get(card) ?? [];
    lines.set(card, line);
    return line;
  };
  const find = (workerId: string) => workers().find((worker) => worker.workerId === workerId);
  const head = readQueueHead(redis);
  const turns = createTurns({
    memory,
    book,
    running,
    head,
    find,
    lineOf,
    emit,
    log,
    patience: options.patience,
  });
  /** Cards whose figures are on their way from ComfyUI. */
  const asking = new Map<string, Promise<void>>();

  const admit = async (worker: Neighbour, request: AdmissionRequest): Promise<Admission> => {
    const { jobId, userId, comfy, signal } = request;
    const { workerId } = worker;
    const workflow = workflowTraits(request.workflow);
    // Which card it is may be known only once nvidia-smi has spoken.
    const keyNow = () => {
      const card = memory.cardOf(worker);
      return card === undefined || !workflow ? undefined : { ...workflow, card };
    };
    const key = keyNow();
    const needMiB = key ? book.need(key.signature, key.card) : null;
    const begin = () =>
      running.begin({ jobId, worker, comfy, key: keyNow, models: workflow?.models ?? [], needMiB });
    const run = (job: Running): Admission => {
      const card = keyNow()?.card;
      if (card !== undefined) turns.started(workerId, card, jobId);
      return {
        kind: 'run',
        memory: createJobMemory(job, { memory, book, running, rooms, lineOf, workers, request }),
      };
    };
    if (!key || request.resume) return run(begin());
    const look = () => judgeFit(needMiB, workerId, running.view(keyNow()?.card ?? key.card));
    // Who claimed first is judged first.
    for (let other = asking.get(key.card); other; other = asking.get(key.card)) await other;
    let fit = look();
    // ComfyUI itself is asked only where the answer matters and nobody else can give it.
    if (isOpen(fit, running.isBusyBeside(worker)) && memory.needsStats(worker)) {
      const answered = Promise.withResolvers<void>();
      asking.set(key.card, answered.promise);
      await Promise.all([memory.fetchStats(worker, comfy), running.fetchBeside(worker)]);
      asking.delete(key.card);
      // Whoever waits goes on only after all that follows here up to the next await.
      answered.resolve();
      fit = look();
    }
    if (fit.kind === 'fits') return run(begin());
    if (fit.kind === 'after-freeing') {
      // Taken down as running before anything is awaited: whoever is judged meanwhile counts with its need.
      const job = begin();
      job.waitingFor = waitOf(jobId, fit);
      request.onWait();
      const chosen = fit.workers;
      const enough = await rooms.unload(
        workers().filter((one) => chosen.includes(one.workerId)),
        job,
        () => look().kind === 'fits',
        signal,
      );
      running.drop(workerId);
      request.onWait();
      fit = look();
      // Only from now on does it hold what it needs.
      if (enough || signal.aborted || mayRunAnyway(fit)) return run(begin());
    }
    turns.passOver(workerId, { jobId, userId, key: keyNow() ?? key });
    return {
      kind: 'pass-over',
      reason: `too little memory on ${turns.nameOf(key.card)} for now: it needs ${figuresOf(fit)}`,
    };
  };

  const timer = setInterval(() => {
    memory.keepOnly(new Set(workers().map((worker) => worker.workerId)));
  }, 60_000).unref();

  return {
    forWorker: (workerId) => ({
      foundServer(stats) {
        const worker = find(workerId);
        if (worker) memory.takeStats(worker, stats);
      },
      turn: () => turns.next(workerId),
      waitingFor: () => running.get(workerId)?.waitingFor,
      claimedNothing: () => turns.claimed(workerId, undefined),
      async admit(request) {
        turns.claimed(workerId, request.jobId);
        const worker = find(workerId) ?? {
          ...{ workerId, gpu: null, endpoint: null },
          idleComfy: () => undefined,
        };
        try {
          return await admit(worker, request);
        } finally {
          turns.over(workerId);
        }
      },
    }),
    learned: book.learned,
    close() {
      clearInterval(timer);
      running.close();
      book.flush();
    },
  };
}

/** Whether newer figures might change the answer. */
function isOpen(fit: Fit, busyBeside: boolean): boolean {
  if (fit.kind !== 'fits') return true;
  return busyBeside && (fit.why === 'card-unknown' || fit.why === 'room');
}
