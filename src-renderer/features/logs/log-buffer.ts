import type { LogLevel, LogLine, LogMessage } from '../../../src-main/api/types.ts';

/** Lines that are not shown: they came faster than they can be read. */
export interface LogGap {
  seq: number;
  gap: number;
}
export type LogRow = LogLine | LogGap;
export type LeastLevel = 'all' | 'info' | 'warn' | 'error';

export interface LogFilter {
  least: LeastLevel;
  /** Lower case; '' for none. */
  search: string;
}

export const NO_FILTER: LogFilter = { least: 'all', search: '' };

/** Lines that are kept, and how many go at once when there are more. */
const KEPT = 50_000;
const TRIMMED = 5000;
const RANK: Readonly<Record<Exclude<LogLevel, 'note'>, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const LEAST: Readonly<Record<LeastLevel, number>> = { all: 0, info: 1, warn: 2, error: 3 };

export const isGap = (row: LogRow): row is LogGap => 'gap' in row;

/** The lines of one log as far as this window keeps them, and those of them that are wanted. Changes in place. */
export class LogBuffer {
  /** Wanted rows, oldest first. Replaced or appended to; `version` tells when. */
  shown: LogRow[] = [];
  version = 0;
  /** Among the kept lines. */
  counts: Record<LogLevel, number> = emptyCounts();
  hidden = 0;
  #rows: LogRow[] = [];
  #filter: LogFilter = NO_FILTER;
  #tail: string | null = null;
  #last: number | null = null;

  get size(): number {
    return this.#rows.length;
  }

  get filter(): LogFilter {
    return this.#filter;
  }

  add({ tail, lines }: Pick<LogMessage, 'tail' | 'lines'>): void {
    if (tail !== this.#tail) {
      this.clear();
      this.#tail = tail;
    }
    for (const line of lines) {
      // After this window's own line to main broke, main begins anew.
      if (this.#last !== null && line.seq <= this.#last) continue;
      if (this.#last !== null && line.seq > this.#last + 1)
        this.#push({ seq: this.#last + 1, gap: line.seq - this.#last - 1 });
      this.#last = line.seq;
      this.counts[line.level] += 1;
      this.hidden += line.hidden;
      this.#push(line);
    }
    if (this.#rows.length > KEPT) this.#trim();
    this.version += 1;
  }

  want(filter: LogFilter): void {
    if (filter.least === this.#filter.least && filter.search === this.#filter.search) return;
    this.#filter = filter;
    this.shown = this.#rows.filter((row) => isWanted(row, filter));
    this.version += 1;
  }

  clear(): void {
    this.#rows = [];
    this.shown = [];
    this.counts = emptyCounts();
    this.hidden = 0;
    this.#tail = null;
    this.#last = null;
    this.version += 1;
  }

  #push(row: LogRow): void {
    this.#rows.push(row);
    if (isWanted(row, this.#filter)) this.shown.push(row);
  }

  #trim(): void {
    for (const row of this.#rows.slice(0, TRIMMED))
      if (!isGap(row)) {
        this.counts[row.level] -= 1;
        this.hidden -= row.hidden;
      }
    this.#rows = this.#rows.slice(TRIMMED);
    this.shown = this.shown.slice(indexOfSeq(this.shown, this.#rows[0]?.seq ?? 0));
  }
}

/** Index of the first row with this number or a later one. */
export function indexOfSeq(rows: readonly LogRow[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.seq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isWanted(row: LogRow, { least, search }: LogFilter): boolean {
  // A word of the console about the log belongs to whatever is shown of it.
  if (isGap(row) || row.level === 'note') return true;
  if (RANK[row.level] < LEAST[least]) return false;
  return search === '' || row.text.toLowerCase().includes(search);
}

function emptyCounts(): Record<LogLevel, number> {
  return { debug: 0, info: 0, warn: 0, error: 0, note: 0 };
}
