/** A job that waits because one card has too little memory for it now. */
export interface PassedOver {
  jobId: string;
  userId: string;
  /** A few words, e.g. "ltx2 text to video". */
  kind: string;
  signature: string;
  /** Monotonic time, ms, since when it has been the first in line; null = it never was. */
  firstSince: number | null;
  /** Jobs that were started on this card instead of it while it was the first in line. */
  passes: number;
  /** It is tried again by unloading others' models only from then on; that failed before. Monotonic time, ms. */
  freeingFrom: number;
  /** The host was told that it waits; that nothing else is started until it fits. */
  toldWaiting: boolean;
  toldReserved: boolean;
}

export interface Patience {
  /**
   * Jobs that may be started on a card before the first that waits for its memory; workers that claim at the very
   * moment it is reached add one each.
   */
  passes: number;
  /** How long the first waits for its memory at most while others are started, ms. */
  ms: number;
}

export const PATIENCE: Patience = { passes: 4, ms: 60_000 };

/** The jobs that one card passes over, in the order in which they will get it. */
export class PassedOverJobs {
  #jobs = new Map<string, PassedOver>();
  readonly #patience: Patience;

  constructor(patience: Patience = PATIENCE) {
    this.#patience = patience;
  }

  get size(): number {
    return this.#jobs.size;
  }

  all(): PassedOver[] {
    return [...this.#jobs.values()];
  }

  first(): PassedOver | undefined {
    return this.#jobs.values().next().value;
  }

  get(jobId: string): PassedOver | undefined {
    return this.#jobs.get(jobId);
  }

  /** Adds it at the end of the line; one that is known keeps its place and its patience. */
  add(job: Pick<PassedOver, 'jobId' | 'userId' | 'kind' | 'signature'>, now: number): PassedOver {
    const known = this.#jobs.get(job.jobId);
    if (known) return known;
    const fresh = { firstSince: null, passes: 0, freeingFrom: now, toldWaiting: false, toldReserved: false };
    const added = { ...job, ...fresh };
    this.#jobs.set(job.jobId, added);
    return added;
  }

  /** Puts the line into the queue's order; what is not named stays behind. */
  arrange(order: readonly string[]): void {
    const rank = new Map(order.map((jobId, at) => [jobId, at]));
    const place = ({ jobId }: PassedOver) => rank.get(jobId) ?? order.length;
    this.#jobs = new Map(
      this.all()
        .sort((a, b) => place(a) - place(b))
        .map((job) => [job.jobId, job]),
    );
  }

  /**
   * A job starts on the card.
   * @param over the jobs that were left out for it: the first in line was passed over once more if it is among them.
   */
  countStart(jobId: string, over: readonly string[]): void {
    this.#jobs.delete(jobId);
    const first = this.first();
    if (first && over.includes(first.jobId)) first.passes += 1;
  }

  /** The first in line once it has waited long enough: nothing else may be started on the card before it. */
  reservedFor(now: number): PassedOver | undefined {
    const first = this.first();
    if (!first) return undefined;
    first.firstSince ??= now;
    const { passes, firstSince } = first;
    return passes >= this.#patience.passes || now - firstSince >= this.#patience.ms ? first : undefined;
  }

  /** It was its turn and the queue gave another: by the queue's own order it is not next. Its patience starts anew. */
  restart(jobId: string): void {
    const job = this.#jobs.get(jobId);
    if (job) Object.assign(job, { firstSince: null, passes: 0, toldReserved: false });
  }

  /** Forgets what no longer waits. */
  keepOnly(waiting: (jobId: string) => boolean): void {
    for (const jobId of this.#jobs.keys()) if (!waiting(jobId)) this.#jobs.delete(jobId);
  }
}
