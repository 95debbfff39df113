import { cleanText } from './clean-text.ts';
import { createHideSecrets } from './hide-secrets.ts';
import type { LogLevel, LogLine } from './log-line.ts';
import { createLineReader } from './read-line.ts';

/** Longest line shown, characters. */
const SHOWN = 4000;
/** Characters of a line that are looked at, and what is left off their end: a secret may stand across it. */
const LOOKED_AT = 8000;
const UNSURE = 3000;

/** What is known of a line beside its text; times are epoch ms. */
export interface LineFacts {
  /** When it was written, by the machine's clock. */
  at: number | null;
  level: LogLevel | null;
  /** When it came to this laptop; null for one that was there before. */
  came: number | null;
}

/** Makes the lines of one log, in their order, fit to leave main. */
export function createLineMaker(
  secrets: readonly string[],
): (raw: string, facts: LineFacts) => Omit<LogLine, 'seq'> {
  const read = createLineReader();
  const hide = createHideSecrets(secrets);
  return (raw, { came, ...known }) => {
    const line = read(cleanText(raw), known);
    // JSON may spell control characters, too.
    const whole = cleanText(line.text);
    const { text: safe, hidden } = hide(whole.slice(0, LOOKED_AT));
    const sure = whole.length > LOOKED_AT ? safe.length - UNSURE : safe.length;
    const text = safe.slice(0, Math.max(0, Math.min(SHOWN, sure))).trimEnd();
    const cut = text.length < safe.trimEnd().length ? whole.length - text.length : 0;
    return {
      at: line.at ?? came,
      came: line.at === null && came !== null,
      level: line.level,
      text,
      cut,
      hidden,
    };
  };
}
