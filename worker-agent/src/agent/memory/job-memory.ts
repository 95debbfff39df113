import type { CardMemory } from './card-memory.ts';
import { type CardView, type Fit, judgeFit, MARGIN_MIB, roomFor } from './fit.ts';
import type { RoomMaker } from './make-room.ts';
import type { NeedBook } from './need-book.ts';
import type { AdmissionRequest, JobMemory, Neighbour } from './roles.ts';
import type { Running, RunningJobs } from './running-jobs.ts';

/** Jobs of one card that ran out of memory and wait for more, first come first served. */
export type OutOfMemoryLine = Running[];

export interface JobMemoryContext {
  memory: CardMemory;
  book: NeedBook;
  running: RunningJobs;
  rooms: RoomMaker;
  lineOf: (card: string) => OutOfMemoryLine;
  workers: () => readonly Neighbour[];
  request: Pick<AdmissionRequest, 'signal' | 'onWait'>;
}

/** How long a job that ran out of memory waits for others to end before it is tried again all the same, ms. */
const PATIENCE_MS = 600_000;

/** The memory of one running job: what it waits for, what it does when there is too little, what is learned from it. */
export function createJobMemory(job: Running, context: JobMemoryContext): JobMemory {
  const { memory, book, running, rooms } = context;
  const { signal, onWait } = context.request;
  const { workerId } = job.worker;

  /** Until it fits, or nothing else runs on the card: what that left behind is unloaded, too. */
  const waitForRoom = async (look: () => Fit): Promise<void> => {
    const deadline = performance.now() + PATIENCE_MS;
    while (!signal.aborted && performance.now() < deadline) {
      const fit = look();
      if (fit.kind === 'fits') return;
      if (fit.kind === 'too-little') {
        const isOver = () => look().kind !== 'too-little';
        await rooms.wait(job, isOver, signal, deadline - performance.now());
        continue;
      }
      const chosen = context.workers().filter((one) => fit.workers.includes(one.workerId));
      if ((await rooms.unload(chosen, job, () => look().kind === 'fits', signal)) || fit.alone) return;
    }
  };

  return {
    async outOfMemory(askedMiB) {
      const key = job.key();
      running.unloaded(workerId);
      if (!key) return;
      const knownMiB = job.needMiB;
      const roomMiB = roomFor(workerId, running.view(key.card));
      const { totalMiB } = memory.figures(key.card);
      const heldMiB = job.observation.peakMiB() ?? 0;
      if (roomMiB !== null) {
        const least = Math.max(roomMiB, askedMiB === null ? 0 : heldMiB + askedMiB);
        book.recordTooLittle(key, Math.min(least, totalMiB ?? least));
      }
      const accident = knownMiB !== null && roomMiB !== null && knownMiB + MARGIN_MIB <= roomMiB;
      if (!accident) job.needMiB = book.need(key.signature, key.card);
      const line = context.lineOf(key.card);
      const look = () => judgeFit(job.needMiB, workerId, aheadOf(job, line, running.view(key.card)));
      line.push(job);
      job.waitingFor = {
        jobId: job.jobId,
        needMiB: job.needMiB,
        freeMiB: roomMiB === null ? null : Math.max(0, Math.round(roomMiB)),
      };
      onWait();
      try {
        const neighbours = context
          .workers()
          .filter((one) => one.workerId !== workerId && memory.cardOf(one) === key.card);
        await rooms.unload(neighbours, job, () => look().kind === 'fits', signal);
        await waitForRoom(look);
      } finally {
        const at = line.indexOf(job);
        if (at >= 0) line.splice(at, 1);
        job.waitingFor = undefined;
        onWait();
      }
    },
    facts: () => ({
      needMiB: job.needMiB,
      cardName: memory.figures(job.key()?.card ?? '').name,
    }),
    ended: (completed) => running.end(workerId, completed),
  };
}

/** The card without the jobs that stand behind this one in the line: they compute nothing and would wait for us. */
function aheadOf(job: Running, line: OutOfMemoryLine, view: CardView): CardView {
  const behind = new Set(line.slice(line.indexOf(job) + 1).map((one) => one.worker.workerId));
  return {
    ...view,
    workers: view.workers.map((worker) =>
      behind.has(worker.workerId) ? { ...worker, busy: false, expectedMiB: null } : worker,
    ),
  };
}
