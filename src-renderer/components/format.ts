/** Figures as people read them. `null` is unknown and never becomes a zero. */

const thousands = new Intl.NumberFormat('en-GB');
const byName = new Intl.Collator('en', { numeric: true });

/** Orders names as people do: worker-2 before worker-10. */
export const compareNames = (a: string, b: string): number => byName.compare(a, b);

/** A worker's name beside the name of its host, which begins the names of its workers where there are several hosts. */
export const nameOnHost = (hostId: string, workerId: string): string =>
  workerId.startsWith(`${hostId}-`) ? workerId.slice(hostId.length + 1) : workerId;

/** What stands where a figure is not known. */
export const UNKNOWN = '–';

/** A duration in words: "4 s", "48 s", "3 min", "2 h 05 min". Negative spans (clock jitter) read as "0 s". */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.round(hours / 24)} days`;
}

/** A running time as a stopwatch shows it: "0:07", "1:48", "1:02:09". */
export function stopwatchText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const rest = String(seconds % 60).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}

/** Time of day on this laptop, "14:02"; with the day before it when it is not today's. */
export function clockText(at: number, now: number): string {
  const date = new Date(at);
  const text = `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
  if (date.toDateString() === new Date(now).toDateString()) return text;
  return `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${text}`;
}

/** How old a figure is: undefined while fresh (3 s and less), else "5 s ago". */
export function ageText(at: number | null, now: number): string | undefined {
  if (at === null) return undefined;
  const age = now - at;
  return age <= 3000 ? undefined : `${spanText(age)} ago`;
}

/** MiB as GB, "21.6"; whole numbers from 100 GB on. */
export function gigabytes(mib: number | null | undefined): string {
  if (mib === null || mib === undefined) return UNKNOWN;
  const gb = mib / 1024;
  return gb >= 100 ? gb.toFixed(0) : gb.toFixed(1);
}

/** Total of a card in GB as people name it: 81,559 MiB is an "80 GB" card. */
export function cardGigabytes(mib: number | null | undefined): string {
  return mib === null || mib === undefined ? UNKNOWN : String(Math.round(mib / 1024));
}

/** A rounded figure with its unit, or the dash alone. */
export function withUnit(value: number | null | undefined, unit: string): string {
  return value === null || value === undefined ? UNKNOWN : `${Math.round(value)} ${unit}`;
}

/** A count with thousands set apart, "10,000". */
export function countText(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN : thousands.format(value);
}

/** "1 job", "14 jobs". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** "worker-1", "worker-1 and worker-2", "worker-1, worker-2 and 3 more". */
export function listText(names: readonly string[], most = 3): string {
  if (names.length <= 1) return names[0] ?? '';
  if (names.length > most)
    return `${names.slice(0, most - 1).join(', ')} and ${names.length - most + 1} more`;
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

/** Text from outside, cut for display; the browser then renders it as plain text. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** Bytes as "90 KB" or "10 MB". */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} KB`;
  return `${(bytes / 1e6).toFixed(bytes < 9_950_000 ? 1 : 0)} MB`;
}

/** An amount with its currency: a sign stands before it, a code after it. */
export function money(amount: number, currency: string): string {
  const text = amount.toFixed(2);
  return /^[a-z]{2,}$/i.test(currency) ? `${text} ${currency}` : `${currency}${text}`;
}
