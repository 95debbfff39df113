import { countText, plural } from '../../components/format.ts';
import { isGap, type LogRow } from './log-buffer.ts';

/** Characters of a line that its row holds; the whole of it stands below the list. */
const IN_ROW = 500;
/** A find further in than this brings its own surroundings along. */
const FAR_IN = 120;
const AROUND = 40;

/** The part of a line that its row shows: its beginning, or what surrounds the first find. */
export function excerpt(text: string, search: string): string {
  const at = search === '' ? -1 : text.toLowerCase().indexOf(search);
  if (at <= FAR_IN) return text.length > IN_ROW ? `${text.slice(0, IN_ROW)}…` : text;
  const rest = text.slice(at - AROUND, at - AROUND + IN_ROW);
  return `…${rest}${at - AROUND + IN_ROW < text.length ? '…' : ''}`;
}

export interface Part {
  text: string;
  found: boolean;
}

/** A text cut at the finds of a search (lower case). */
export function partsOf(text: string, search: string): Part[] {
  const lower = text.toLowerCase();
  // Some letters change their length; then finds could not be marked in the right place.
  if (search === '' || lower.length !== text.length) return [{ text, found: false }];
  const parts: Part[] = [];
  let from = 0;
  for (let at = lower.indexOf(search); at >= 0; at = lower.indexOf(search, from)) {
    if (at > from) parts.push({ text: text.slice(from, at), found: false });
    parts.push({ text: text.slice(at, at + search.length), found: true });
    from = at + search.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), found: false });
  return parts;
}

const two = (value: number) => String(value).padStart(2, '0');

/** Time of day on this laptop with milliseconds, "14:02:31.120". */
export function timeText(at: number): string {
  const date = new Date(at);
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

export const gapText = (gap: number) => `${plural(gap, 'line')} not shown`;

/** Rows as a text file holds them. */
export function asText(rows: readonly LogRow[]): string {
  return rows
    .map((row) => {
      if (isGap(row)) return `… ${gapText(row.gap)} …\n`;
      const time = row.at === null ? '' : `${new Date(row.at).toISOString()} `;
      const cut = row.cut > 0 ? ` … (${countText(row.cut)} more characters)` : '';
      return `${time}${row.level.padEnd(5)} ${row.text}${cut}\n`;
    })
    .join('');
}
