import { cleanText } from './logs/clean-text.ts';

/** A line that a program printed, for people: as `cleanText`, and of bounded length. */
export function plainLine(text: string): string {
  return cleanText(text).slice(0, 2000);
}
