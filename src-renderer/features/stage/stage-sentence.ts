import type { Tone } from '../../components/tone.ts';

/** The act that the sentence leads to; the verb bar offers it as a button. */
export type NextStep =
  | { kind: 'start'; hostId: string; workers: number }
  | { kind: 'resume'; hostId: string }
  | { kind: 'release' }
  | { kind: 'reconnect' }
  | { kind: 'enter-password' }
  | { kind: 'restart-worker'; hostId: string; workerId: string }
  /** Screens where it is mended, the likeliest first. */
  | { kind: 'go'; to: readonly ('hosts' | 'logs')[] };

/** What the verb bar says. */
export interface StageSentence {
  tone: Tone;
  /** One look must do: what holds now. */
  headline: string;
  /** What else matters, most pressing first, each a sentence. */
  details: string[];
  next: NextStep | null;
}
