import type { PlanProblem } from './find-problems.ts';
import type { ImportReview } from './import-review.ts';

/** An import under way, as the renderer may know it: secrets are masked. */
export interface ImportDraft {
  id: string;
  /** Where the file came from, in words. */
  source: string;
  /** Whether the VPS itself was asked for its addresses. */
  askedVps: boolean;
  /** A sentence when the VPS could not be asked. */
  notice: string | null;
  /** What can be mended on the VPS from here: where its file lies is known, and for Redis its tailnet address. */
  mendable: NonNullable<PlanProblem['mend']>[];
  review: ImportReview;
  /** The GPU host that it goes to; null while none is chosen. */
  target: { hostId: string; where: string; path: string; exists: boolean } | null;
}

export interface ImportReceipt {
  where: string;
  path: string;
  bytes: number;
  /** Where the file that stood there went; null when there was none. */
  backup: string | null;
  /** Keys that differ from what stood there. */
  changed: number;
}
