type Cell = string | number | null;

/** A spreadsheet takes a cell that begins like this for a formula; apostrophes of its own are guarded with it. */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/**
 * One cell by RFC 4180. Text that a spreadsheet would run is given a leading apostrophe, also behind blanks; figures of
 * ours stay figures.
 */
function cell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value.trimStart()) || FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows end in CR LF; the first one names the columns. A byte-order mark tells spreadsheets that it is UTF-8. */
export function csvText(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return `\ufeff${[columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')}`;
}

/** A cell as it was before `csvText` kept spreadsheets from running it. */
export const unguarded = (text: string): string =>
  text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text;
