/**
 * JSON as ComfyUI's Python reads and writes it.
 *
 * Three things a JavaScript JSON.parse/stringify pair would lose matter here (contract 5.11.22,
 * recording 21): integers above 2^53 stay exact, `6.0` stays a float while `6` stays an int, and bare
 * NaN/Infinity are read and written. Objects keep the order of their keys, also of integer-like ones,
 * because ComfyUI walks a prompt in that order.
 */

/** A Python float. Plain numbers in a Json value are always integers. */
export class PyFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** Already written JSON text, passed through by dumpJson (a history entry that was written before). */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A Python object json.dumps cannot write; dumpJson throws on it (recordings 25, 25b). */
export class Unserialisable {
  readonly repr: string;

  constructor(repr: string) {
    this.repr = repr;
  }
}

export type JsonObject = Map<string, Json>;
export type Json =
  | null
  | boolean
  | string
  | number
  | bigint
  | PyFloat
  | RawJson
  | Unserialisable
  | Json[]
  | JsonObject;
/** What dumpJson takes: Json, and plain objects for keys whose order JavaScript keeps. */
export type Dumpable =
  | Json
  | undefined
  | readonly Dumpable[]
  | ReadonlyMap<string, Dumpable>
  | { readonly [key: string]: Dumpable };

/** Python's ValueError of json.loads. */
export class JsonSyntaxError extends Error {}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const WHITESPACE = /[ \t\n\r]*/y;
const LITERALS: readonly (readonly [string, Json])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', new PyFloat(Number.NaN)],
  ['Infinity', new PyFloat(Number.POSITIVE_INFINITY)],
  ['-Infinity', new PyFloat(Number.NEGATIVE_INFINITY)],
];

class Reader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  fail(): never {
    throw new JsonSyntaxError(`Expecting value: char ${this.at}`);
  }

  space(): void {
    const code = this.text.charCodeAt(this.at);
    if (code > 32 || Number.isNaN(code)) return;
    WHITESPACE.lastIndex = this.at;
    WHITESPACE.exec(this.text);
    this.at = WHITESPACE.lastIndex;
  }

  string(): string {
    const { text } = this;
    let end = this.at + 1;
    for (;;) {
      end = text.indexOf('"', end);
      if (end < 0) this.fail();
      let slashes = 0;
      while (text.charCodeAt(end - 1 - slashes) === 92) slashes += 1;
      if (slashes % 2 === 0) break;
      end += 1;
    }
    const raw = text.slice(this.at, end + 1);
    this.at = end + 1;
    if (!raw.includes('\\')) return raw.slice(1, -1);
    try {
      const value: unknown = JSON.parse(raw);
      if (typeof value === 'string') return value;
    } catch {
      // falls through to fail()
    }
    return this.fail();
  }

  number(): Json {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (!match) return this.fail();
    this.at = NUMBER.lastIndex;
    const [lexeme, fraction, exponent] = match;
    if (fraction !== undefined || exponent !== undefined) return new PyFloat(Number(lexeme));
    return normaliseInt(lexeme.length < 16 ? Number(lexeme) : BigInt(lexeme));
  }

  value(): Json {
    this.space();
    const { text } = this;
    const first = text[this.at];
    if (first === '"') return this.string();
    if (first === '{') return this.object();
    if (first === '[') return this.array();
    for (const [word, value] of LITERALS) {
      if (first === word[0] && text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  array(): Json[] {
    const items: Json[] = [];
    this.at += 1;
    this.space();
    if (this.text[this.at] === ']') {
      this.at += 1;
      return items;
    }
    for (;;) {
      items.push(this.value());
      this.space();
      const next = this.text[this.at];
      this.at += 1;
      if (next === ']') return items;
      if (next !== ',') this.fail();
    }
  }

  object(): JsonObject {
    const members: JsonObject = new Map();
    this.at += 1;
    this.space();
    if (this.text[this.at] === '}') {
      this.at += 1;
      return members;
    }
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') this.fail();
      const key = this.string();
      this.space();
      if (this.text[this.at] !== ':') this.fail();
      this.at += 1;
      members.set(key, this.value());
      this.space();
      const next = this.text[this.at];
      this.at += 1;
      if (next === '}') return members;
      if (next !== ',') this.fail();
    }
  }
}

/** json.loads. */
export function parseJson(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value();
  reader.space();
  if (reader.at !== text.length) reader.fail();
  return value;
}

/** Integers live as numbers while they are safe, as bigints beyond. */
export function normaliseInt(value: number | bigint): number | bigint {
  if (typeof value === 'bigint') {
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }
  return Object.is(value, -0) ? 0 : value;
}

/** repr(float), also what json.dumps writes for one. */
export function floatRepr(value: number, forJson = false): string {
  if (Number.isNaN(value)) return forJson ? 'NaN' : 'nan';
  if (!Number.isFinite(value)) {
    const word = forJson ? 'Infinity' : 'inf';
    return value < 0 ? `-${word}` : word;
  }
  if (Object.is(value, -0)) return '-0.0';
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e16 || magnitude < 1e-4)) {
    const [mantissa = '', exponent = ''] = value.toExponential().split('e');
    const sign = exponent.startsWith('-') ? '-' : '+';
    return `${mantissa}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
  }
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function escapeNonAscii(text: string): string {
  const quoted = JSON.stringify(text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is json.dumps(ensure_ascii=True)
  return /^[\x00-\x7e]*$/.test(quoted)
    ? quoted
    : quoted.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** json.dumps with its defaults: ", " and ": " separators, ASCII only, bare NaN. */
export function dumpJson(value: Dumpable): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return escapeNonAscii(value);
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint')
    return String(value);
  if (value instanceof PyFloat) return floatRepr(value.value, true);
  if (value instanceof RawJson) return value.text;
  if (value instanceof Unserialisable) throw new TypeError('Object of type object is not JSON serializable');
  if (Array.isArray(value)) return `[${value.map((item: Dumpable) => dumpJson(item)).join(', ')}]`;
  const parts: string[] = [];
  const entries: Iterable<readonly [string, Dumpable]> = value instanceof Map ? value : Object.entries(value);
  for (const [key, member] of entries) {
    if (member !== undefined) parts.push(`${escapeNonAscii(key)}: ${dumpJson(member)}`);
  }
  return `{${parts.join(', ')}}`;
}
