import type { PlatformCancelOutcome } from '../platform-cancel.ts';
import type { WorkflowChoice } from './workflows.ts';

/** What became of a submission as its participant saw it. */
export interface Submission {
  readonly id: string;
  readonly userId: string;
  /** What was asked for; `own` comes from outside of the crowd. */
  readonly choice: WorkflowChoice | 'own';
  /** `uncertain`: the connection broke in the middle; it may or may not be queued (contract 8.1). */
  state: 'accepted' | 'uncertain';
  /** The participant's own cancellation, if it took effect. */
  cancelled?: Extract<PlatformCancelOutcome, 'deleted' | 'marked'>;
}

/** Everything the participants have handed in, kept outside of Redis so that a loss there cannot hide. */
export class SubmissionLedger {
  private readonly submissions = new Map<string, Submission>();
  private reserved = 0;
  /** Most submissions ever; undefined = no limit. */
  private readonly limit: number | undefined;

  constructor(limit?: number) {
    this.limit = limit;
  }

  /** Takes one of the submissions that are left; false when there are none. Give it back by `release`. */
  reserve(): boolean {
    if (this.limit !== undefined && this.reserved >= this.limit) return false;
    this.reserved += 1;
    return true;
  }

  release(): void {
    this.reserved -= 1;
  }

  add(submission: Submission): void {
    this.submissions.set(submission.id, submission);
  }

  get exhausted(): boolean {
    return this.limit !== undefined && this.submissions.size >= this.limit;
  }

  get size(): number {
    return this.submissions.size;
  }

  all(): Submission[] {
    return [...this.submissions.values()];
  }
}
