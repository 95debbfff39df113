import { z } from 'zod';

/** Parsers of single configuration values; each failure says what is expected. */

const PLACEHOLDER = /^(changeme|change_me|your-|your_|<paste|\/path\/to)/i;

/** A text that somebody filled in (contract 4.3 lists the placeholders that mean nobody did). */
export const filledIn = z
  .string()
  .trim()
  .min(1, 'is empty; fill it in or remove the line')
  .refine((value) => !PLACEHOLDER.test(value), 'is still the placeholder of the example file; fill it in');

/** A whole number in a range, written in digits only. */
export const wholeNumber = (min: number, max: number, unit = '') =>
  z.string().transform((text, context) => {
    const value = /^\d{1,9}$/.test(text.trim()) ? Number(text.trim()) : Number.NaN;
    if (value >= min && value <= max) return value;
    context.addIssue({ code: 'custom', message: `must be a whole number${unit} from ${min} to ${max}` });
    return z.NEVER;
  });

/** Seconds, fractions allowed, as milliseconds. */
export const seconds = (min: number, max: number) =>
  z.string().transform((text, context) => {
    const value = /^\d{1,9}(\.\d+)?$/.test(text.trim()) ? Number(text.trim()) : Number.NaN;
    if (value >= min && value <= max) return Math.round(value * 1000);
    context.addIssue({
      code: 'custom',
      message: `must be seconds from ${min} to ${max}, digits only (60, not 1m)`,
    });
    return z.NEVER;
  });

const UNIT_EXPONENT: Record<string, number> = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4 };

/** A size as compose writes it (contract 4.3), in MiB. */
export const sizeMiB = z.string().transform((text, context) => {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([bkmgt])b?|([kmgt])ib)?$/i.exec(text.trim());
  const exponent = UNIT_EXPONENT[(match?.[2] ?? match?.[3] ?? '').toLowerCase()];
  if (match?.[1] && exponent !== undefined) return (Number(match[1]) * 1024 ** exponent) / 1024 ** 2;
  context.addIssue({ code: 'custom', message: 'must be a size such as 70G or 24576M' });
  return z.NEVER;
});

/** true/false/1/0/yes/no/on/off (contract 4.3). */
export const flag = z.string().transform((text, context) => {
  const word = text.trim().toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(word)) return true;
  if (['false', '0', 'no', 'off'].includes(word)) return false;
  context.addIssue({ code: 'custom', message: 'must be true or false' });
  return z.NEVER;
});

/** A comma list without empty items. */
export const commaList = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

/**
 * A command line split into words as a shell would split it, with quotes and backslashes, but without a shell: no
 * variables, no globs, no operators.
 */
export const argv = z.string().transform((text, context) => {
  const words = splitWords(text);
  if (words && words.length > 0) return words;
  context.addIssue({
    code: 'custom',
    message: words ? 'is empty; give a command' : 'has a quote that is not closed',
  });
  return z.NEVER;
});

function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote) {
      if (char === quote) quote = undefined;
      else if (char === '\\' && quote === '"' && /["\\]/.test(text.charAt(at + 1))) word += text.charAt(++at);
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '\\' && at + 1 < text.length) word = (word ?? '') + text.charAt(++at);
    else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (quote) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
