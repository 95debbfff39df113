import type { LogLevel } from '../../domain/logs/log-line.ts';

/** What a raw line of the machine turned out to be. */
export type Taken =
  /** `age`: whether it was there before; `trouble`: the program that reads the log complains. */
  | { kind: 'line'; text: string; at: number | null; level: LogLevel | null; age: 'old' | 'new' }
  | { kind: 'trouble'; text: string }
  /** A sentence of ours about the log. */
  | { kind: 'note'; text: string };

/** Characters after which a RemoteHost hands on a line in pieces. */
export const PIECE = 64 * 1024;

/** Reads one log over any number of links, each line once. */
export interface Follower {
  /** The program to run: from the last `lines` lines on, or from where the last link broke. */
  argv(lines: number): readonly string[];
  /** undefined: a line of the program that is none of the log, or one that was taken before. */
  take(line: string, from: 'stdout' | 'stderr'): Taken | undefined;
}

export const note = (text: string): Taken => ({ kind: 'note', text });

export function contentOf(text: string, age: 'old' | 'new' | 'trouble'): Taken {
  return age === 'trouble' ? { kind: 'trouble', text } : { kind: 'line', text, at: null, level: null, age };
}
