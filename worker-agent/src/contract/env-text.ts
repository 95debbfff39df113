/**
 * The text of a .env file as lines that can be printed back byte for byte. The rules are the platform's (contract 4.3):
 * `export`, full-line and inline comments, quotes over several lines, CRLF, a byte order mark; the last of equal keys
 * counts. `$` is kept as written: whether it is replaced depends on who reads the file.
 */

export type EnvQuote = 'none' | 'single' | 'double';

export interface EnvEntry {
  kind: 'entry';
  /** The characters of the file, line end included. */
  raw: string;
  /** Counted from 1. */
  line: number;
  key: string;
  value: string;
  quote: EnvQuote;
  exported: boolean;
  /** Comment behind the value with the blanks before it; '' for none. */
  comment: string;
  /** Compose, python-dotenv and `source` do not agree on this spelling. */
  doubtful: boolean;
}

export type EnvLine =
  | EnvEntry
  /** A blank line or one that is a comment as a whole. */
  | { kind: 'other'; raw: string; line: number }
  /** A line that no reader understands; `problem` holds nothing of its text. */
  | { kind: 'unreadable'; raw: string; line: number; problem: string };

export interface EnvFile {
  bom: boolean;
  lines: EnvLine[];
}

const BOM = '\uFEFF';
const HEAD = /^([^\S\r\n]*)(export[^\S\r\n]+)?([A-Za-z_][\w.-]*)[^\S\r\n]*=([^\S\r\n]*)/;
const LINE_END = /\r\n|\n|\r/g;
const ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v' },
  ...{ '"': '"', "'": "'", '\\': '\\', $: '$' },
};

/** Never throws: what cannot be understood stays in the file as an unreadable line. */
export function parseEnvText(text: string): EnvFile {
  const bom = text.startsWith(BOM);
  const body = bom ? text.slice(1) : text;
  const lines: EnvLine[] = [];
  let at = 0;
  let line = 1;
  while (at < body.length) {
    const end = endOfLine(body, at);
    const one = readLine(body, at, end, line);
    lines.push(one);
    at += one.raw.length;
    line += one.raw.match(LINE_END)?.length ?? 0;
  }
  return { bom, lines };
}

/** The inverse of `parseEnvText`. */
export function printEnvFile({ bom, lines }: EnvFile): string {
  return (bom ? BOM : '') + lines.map(({ raw }) => raw).join('');
}

/** The entries that count, in the order of the file: of equal keys the last. */
export function envEntries({ lines }: EnvFile): Map<string, EnvEntry> {
  const entries = new Map<string, EnvEntry>();
  for (const line of lines) if (line.kind === 'entry') entries.set(line.key, line);
  return entries;
}

/** The text of a .env file as key and value; a line that no reader understands counts as none. */
export function envValues(text: string): Record<string, string> {
  return Object.fromEntries([...envEntries(parseEnvText(text))].map(([key, { value }]) => [key, value]));
}

/** Keys that stand there more than once. */
export function repeatedKeys({ lines }: EnvFile): string[] {
  const seen = new Map<string, number>();
  for (const line of lines) if (line.kind === 'entry') seen.set(line.key, (seen.get(line.key) ?? 0) + 1);
  return [...seen].filter(([, count]) => count > 1).map(([key]) => key);
}

/** Index behind the end of the line that `at` is in. */
function endOfLine(text: string, at: number): number {
  LINE_END.lastIndex = at;
  const match = LINE_END.exec(text);
  return match ? match.index + match[0].length : text.length;
}

function readLine(text: string, start: number, end: number, line: number): EnvLine {
  const raw = text.slice(start, end);
  if (/^\s*(#|$)/.test(raw)) return { kind: 'other', raw, line };
  const unreadable = (problem: string): EnvLine => ({ kind: 'unreadable', raw, line, problem });
  const head = HEAD.exec(raw);
  if (!head) return unreadable(raw.includes('=') ? 'the name is not one' : 'there is no = in it');
  const key = head[3] ?? '';
  const exported = head[2] !== undefined;
  const from = start + head[0].length;
  const char = text.charAt(from);
  if (char === '"' || char === "'") {
    const quoted = readQuoted(text, from, char);
    if (quoted === 'open') return unreadable('a quote is not closed');
    const rest = text.slice(quoted.end, endOfLine(text, quoted.end));
    const tail = /^([^\S\r\n]*(?:#[^\r\n]*)?)[^\S\r\n]*(?:\r\n|\n|\r)?$/.exec(rest);
    if (!tail) return unreadable('something stands behind the closing quote');
    return {
      kind: 'entry',
      raw: text.slice(start, quoted.end + rest.length),
      ...{ line, key, value: quoted.value, exported },
      quote: char === '"' ? 'double' : 'single',
      comment: (tail[1] ?? '').trimEnd(),
      doubtful:
        quoted.escaped ||
        /[.-]/.test(key) ||
        (char === '"' ? /[$`]/.test(quoted.value) : quoted.value.includes('${')),
    };
  }
  const behind = (head[4] ?? '') + raw.slice(head[0].length).replace(/[\r\n]+$/, '');
  const bare = /^(.*?)([^\S\r\n]+#.*)?$/s.exec(behind);
  const value = (bare?.[1] ?? '').trim();
  return {
    kind: 'entry',
    ...{ raw, line, key, value, exported },
    quote: 'none',
    comment: (bare?.[2] ?? '').trimEnd(),
    // A shell splits at blanks and acts on these; compose replaces $.
    doubtful: /[\s$`\\"';&|<>()*?!~[\]{}]/.test(value),
  };
}

function readQuoted(
  text: string,
  from: number,
  quote: '"' | "'",
): { value: string; end: number; escaped: boolean } | 'open' {
  let value = '';
  let escaped = false;
  for (let at = from + 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === quote) return { value, end: at + 1, escaped };
    if (char === '\r' && text.charAt(at + 1) === '\n') continue;
    if (char !== '\\') {
      value += char;
      continue;
    }
    const next = text.charAt(at + 1);
    const means = quote === '"' ? ESCAPES[next] : next === "'" || next === '\\' ? next : undefined;
    if (means === undefined) value += char;
    else {
      // A backslash that ends a single-quoted value only looks like an escape.
      if (quote === "'" && next === "'" && !closesLater(text, at + 2)) {
        value += char;
        continue;
      }
      value += means;
      escaped = true;
      at += 1;
    }
  }
  return 'open';
}

/** Whether a single quote follows on the same line. */
function closesLater(text: string, from: number): boolean {
  return text.slice(from, endOfLine(text, from)).includes("'");
}
