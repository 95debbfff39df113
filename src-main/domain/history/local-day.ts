/** A day of this laptop's calendar, "2026-11-24". */
export type LocalDay = string;

const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');

/** The day that a moment falls on; `at` is local epoch ms. */
export function dayOf(at: number): LocalDay {
  const date = new Date(at);
  return `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** The day's first moment and that of the next, local epoch ms; undefined for text that names no day. */
export function boundsOf(day: LocalDay): { from: number; until: number } | undefined {
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day)?.map(Number) ?? [];
  if (year === undefined || month === undefined || date === undefined) return undefined;
  const from = new Date(year, month - 1, date).getTime();
  if (dayOf(from) !== day) return undefined;
  // By the calendar, since a day with a change of the clocks is not 24 hours long.
  return { from, until: new Date(year, month - 1, date + 1).getTime() };
}
