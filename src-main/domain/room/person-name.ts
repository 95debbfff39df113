/** Longest name that is kept or shown, in characters as people count them. */
export const NAME_MAX = 40;

/** Invisible or steering characters: controls, formats, surrogates, private use; the two joiners that scripts need stay. */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const JOINERS = new Set(['\u200c', '\u200d']);
/** More marks on one letter than any script stacks. */
const STACKED_MARKS = /(\p{M}{3})\p{M}+/gu;
const words = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * A name from outside as it may stand on a projector: one line, no control or bidi characters, no towers of accents,
 * at most `NAME_MAX` characters. Empty when nothing of it can be shown.
 */
export function showableName(text: string): string {
  const clean = text
    .slice(0, 1000)
    .replace(/\s/gu, ' ')
    .replace(UNSHOWABLE, (character) => (JOINERS.has(character) ? character : ''))
    // Only now: what was taken out may have stood between two spaces, or a letter and its accent.
    .normalize('NFC')
    .replace(/ +/g, ' ')
    .replace(STACKED_MARKS, '$1')
    .trim();
  const letters = [...words.segment(clean)].map(({ segment }) => segment);
  if (!letters.some((letter) => /[\p{L}\p{N}\p{S}\p{P}]/u.test(letter))) return '';
  return letters.length <= NAME_MAX
    ? clean
    : `${letters
        .slice(0, NAME_MAX - 1)
        .join('')
        .trimEnd()}…`;
}
