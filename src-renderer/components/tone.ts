/**
 * What a state means to the host; one colour and one wash each (tokens.css). Never shown without a word and an icon.
 * `wait` is under way, `queued` stands in line. `off` is neither good nor bad: not set up, not wanted.
 */
export type Tone = 'ok' | 'busy' | 'wait' | 'queued' | 'warn' | 'fail' | 'off';

const COLORS: Record<Tone, string> = {
  ok: 'var(--ok)',
  busy: 'var(--busy)',
  wait: 'var(--start)',
  queued: 'var(--queue)',
  warn: 'var(--warn)',
  fail: 'var(--fail)',
  off: 'var(--faint)',
};

export const toneColor = (tone: Tone): string => COLORS[tone];
