// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is taken out.
const ANSI = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above; tabs stay.
const INVISIBLE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const ANY = /[^\t -~\u00a0-\u1fff]/;

/**
 * What a program printed, for people: no colours, no control or direction characters; of a line that was written over
 * with \r, as progress bars do, the last state.
 */
export function cleanText(raw: string): string {
  // Nearly all lines are plain.
  if (!ANY.test(raw)) return raw;
  const text = raw.includes('\r') ? (raw.split('\r').findLast((part) => part.trim() !== '') ?? '') : raw;
  return text.replaceAll(ANSI, '').replaceAll(INVISIBLE, '');
}
