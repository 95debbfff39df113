import type { JobSummary } from '../../src-main/api/types.ts';

interface Place {
  id: string;
  score: number;
}

/**
 * All jobs by id, and the waiting ones in queue order, kept in step one change at a time: 10,000 jobs changing ten
 * times a second leave no time for sorting anew. It is mutable; `version` says when a reader must look again.
 */
export class JobIndex {
  version = 0;
  #jobs = new Map<string, JobSummary>();
  #waiting: Place[] = [];
  #jobsOfUser = new Map<string, number>();

  get size(): number {
    return this.#jobs.size;
  }

  /** Distinct user ids among the known jobs. */
  get people(): number {
    return this.#jobsOfUser.size;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  get(id: string): JobSummary | undefined {
    return this.#jobs.get(id);
  }

  all(): IterableIterator<JobSummary> {
    return this.#jobs.values();
  }

  users(): string[] {
    return [...this.#jobsOfUser.keys()];
  }

  /** The first `most` waiting jobs in queue order: lower score first, ties by id (contract 1.4). */
  firstWaiting(most: number): JobSummary[] {
    const found: JobSummary[] = [];
    for (const { id } of this.#waiting.slice(0, most)) {
      const job = this.#jobs.get(id);
      if (job) found.push(job);
    }
    return found;
  }

  /** 0-based place in the queue, or undefined when the job does not wait. */
  placeOf(id: string): number | undefined {
    const job = this.#jobs.get(id);
    if (!job || !waits(job)) return undefined;
    const at = this.#search(placeFor(job));
    return this.#waiting[at]?.id === id ? at : undefined;
  }

  replaceAll(jobs: Iterable<JobSummary>): void {
    this.#jobs.clear();
    this.#jobsOfUser.clear();
    for (const job of jobs) {
      this.#jobs.set(job.id, job);
      this.#countUser(job.userId, 1);
    }
    this.#waiting = [...this.#jobs.values()].filter(waits).map(placeFor).sort(compare);
    this.version += 1;
  }

  change(upsert: readonly JobSummary[], remove: readonly string[]): void {
    if (upsert.length === 0 && remove.length === 0) return;
    for (const id of remove) this.#take(id);
    for (const job of upsert) {
      this.#take(job.id);
      this.#jobs.set(job.id, job);
      this.#countUser(job.userId, 1);
      if (waits(job)) {
        const place = placeFor(job);
        this.#waiting.splice(this.#search(place), 0, place);
      }
    }
    this.version += 1;
  }

  #take(id: string): void {
    const old = this.#jobs.get(id);
    if (!old) return;
    if (waits(old)) {
      const at = this.#search(placeFor(old));
      if (this.#waiting[at]?.id === id) this.#waiting.splice(at, 1);
    }
    this.#jobs.delete(id);
    this.#countUser(old.userId, -1);
  }

  #countUser(userId: string, by: number): void {
    const count = (this.#jobsOfUser.get(userId) ?? 0) + by;
    if (count > 0) this.#jobsOfUser.set(userId, count);
    else this.#jobsOfUser.delete(userId);
  }

  /** Index of the first waiting place that is not before `place`. */
  #search(place: Place): number {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const there = this.#waiting[middle];
      if (there && compare(there, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const waits = (job: JobSummary) => job.queue === 'pending';
const placeFor = (job: JobSummary): Place => ({ id: job.id, score: job.score ?? Number.MAX_VALUE });

function compare(a: Place, b: Place): number {
  if (a.score !== b.score) return a.score < b.score ? -1 : 1;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}
