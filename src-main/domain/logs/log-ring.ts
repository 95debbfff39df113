import type { LogLine } from './log-line.ts';

/** The newest lines of a log, bounded by their number and by their characters. */
export interface LogRing {
  /** Numbers it and keeps it. */
  add(line: Omit<LogLine, 'seq'>): void;
  /** Counts lines that are not kept; the numbers jump over them. */
  skip(count: number): void;
  /** The number that the next line gets. */
  readonly next: number;
  /** Lines from a number on, oldest first, at most `most`. What the ring has lost shows as a jump of the numbers. */
  from(seq: number, most: number): LogLine[];
}

/** What a line costs beside its characters. */
const OVERHEAD = 50;

export function createLogRing(limits: { lines: number; characters: number }): LogRing {
  let kept: LogLine[] = [];
  /** Lines in front of `kept` that are gone already; they are cut off in one go now and then. */
  let gone = 0;
  let characters = 0;
  let next = 0;
  const trim = () => {
    while (kept.length - gone > limits.lines || (characters > limits.characters && kept.length - gone > 1)) {
      characters -= (kept[gone]?.text.length ?? 0) + OVERHEAD;
      gone += 1;
    }
    if (gone < 1000 || gone < kept.length / 2) return;
    kept = kept.slice(gone);
    gone = 0;
  };
  /** Index of the first kept line with this number or a later one. */
  const indexOf = (seq: number) => {
    let low = gone;
    let high = kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((kept[middle]?.seq ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    add(line) {
      kept.push({ seq: next, ...line });
      next += 1;
      characters += line.text.length + OVERHEAD;
      trim();
    },
    skip(count) {
      next += count;
    },
    get next() {
      return next;
    },
    from(seq, most) {
      const start = indexOf(seq);
      return kept.slice(start, start + most);
    },
  };
}
