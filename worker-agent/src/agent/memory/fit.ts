/** One worker of ours on a card, as far as its memory is known. MiB throughout. */
export interface CardWorker {
  workerId: string;
  /** What its ComfyUI holds now; null while unknown. */
  heldMiB: number | null;
  /** A job is in its hand. */
  busy: boolean;
  /** What that job's kind was seen to need at its peak; null when it never ran here. */
  expectedMiB: number | null;
  /** What it would go on holding after its models were unloaded (the CUDA context). */
  floorMiB: number;
}

/** One card and our workers on it. */
export interface CardView {
  /** Free as the driver says, counting everybody on the card; null while unknown. */
  freeMiB: number | null;
  workers: readonly CardWorker[];
}

export type Fit =
  | { kind: 'fits'; why: 'need-unknown' | 'card-unknown' | 'alone' | 'room' }
  /** There is room once these idle workers have unloaded their models; `alone` = it runs even if that fails. */
  | { kind: 'after-freeing'; workers: string[]; alone: boolean; needMiB: number; roomMiB: number }
  | { kind: 'too-little'; needMiB: number; roomMiB: number };

/** Left over beside the need: readings lag and allocators round up. */
export const MARGIN_MIB = 256;

/**
 * Whether a job may start on this worker now. A worker's own memory counts as room, since its job can use or evict
 * all of it; what running jobs are still expected to grow by is taken off. What is not known never holds a job back,
 * and a job that has the card to itself always runs.
 * @param needMiB peak VRAM of the worker's process for this kind of job; null = never seen.
 */
export function judgeFit(needMiB: number | null, workerId: string, card: CardView): Fit {
  const others = card.workers.filter((worker) => worker.workerId !== workerId);
  const alone = others.every((worker) => !worker.busy);
  if (needMiB === null) return { kind: 'fits', why: 'need-unknown' };
  if (card.freeMiB === null) return { kind: 'fits', why: 'card-unknown' };
  const roomMiB = roomFor(workerId, card) ?? 0;
  if (needMiB + MARGIN_MIB <= roomMiB) return { kind: 'fits', why: 'room' };
  const idle = others
    .filter((worker) => !worker.busy && evictable(worker) > 0)
    .sort((a, b) => evictable(b) - evictable(a));
  const freed: string[] = [];
  let within = roomMiB;
  for (const worker of idle) {
    if (needMiB + MARGIN_MIB <= within) break;
    within += evictable(worker);
    freed.push(worker.workerId);
  }
  const enough = needMiB + MARGIN_MIB <= within;
  if (freed.length > 0 && (enough || alone))
    return { kind: 'after-freeing', workers: freed, alone, needMiB, roomMiB };
  if (alone) return { kind: 'fits', why: 'alone' };
  return { kind: 'too-little', needMiB, roomMiB };
}

/** It fits, or it would have the card to itself: then it runs with what there is. */
export function mayRunAnyway(fit: Fit): boolean {
  return fit.kind === 'fits' || (fit.kind === 'after-freeing' && fit.alone);
}

/** Room that a job on this worker would have; below zero when running jobs are expected to want more than there is. */
export function roomFor(workerId: string, card: CardView): number | null {
  if (card.freeMiB === null) return null;
  let room = card.freeMiB;
  for (const worker of card.workers) {
    if (worker.workerId === workerId) room += worker.heldMiB ?? 0;
    else if (worker.busy && worker.expectedMiB !== null)
      room -= Math.max(0, worker.expectedMiB - (worker.heldMiB ?? 0));
  }
  return room;
}

function evictable(worker: CardWorker): number {
  return Math.max(0, (worker.heldMiB ?? 0) - worker.floorMiB);
}
