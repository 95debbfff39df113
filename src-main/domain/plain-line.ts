/** A line that a program printed, for people: no colours, no control or direction characters, the last state of a \r line. */
export function plainLine(text: string): string {
  return (text.split('\r').findLast((part) => part.trim() !== '') ?? '')
    .replaceAll(ANSI, '')
    .replaceAll(INVISIBLE, '')
    .slice(0, 2000);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is taken out.
const ANSI = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above; tabs stay.
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
