/**
 * Finds where the members of a JSON object stand in its UTF-8 bytes, without decoding them: the means by which a
 * workflow passes through us untouched (contract 1.3, JS hazard).
 */

/** Half-open byte range. */
export interface Span {
  start: number;
  end: number;
}

export interface Member {
  key: string;
  value: Span;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Where and why the bytes are not a JSON object. */
export class JsonScanError extends Error {
  override readonly name = 'JsonScanError';
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
}

/**
 * Lists the members of the object that `bytes` holds from `start`. Nested values are skipped, not validated.
 * @throws JsonScanError when there is no well-delimited object, or something follows it (only without `start`).
 */
export function scanObject(bytes: Buffer, span: Span = { start: 0, end: bytes.length }): Member[] {
  const { end } = span;
  let at = skipSpace(bytes, span.start, end);
  if (bytes[at] !== OPEN_BRACE) throw new JsonScanError('expected {', at);
  const members: Member[] = [];
  at = skipSpace(bytes, at + 1, end);
  if (bytes[at] === CLOSE_BRACE) {
    expectEnd(bytes, at + 1, end);
    return members;
  }
  for (;;) {
    if (bytes[at] !== QUOTE) throw new JsonScanError('expected a member name', at);
    const keyEnd = skipString(bytes, at, end);
    const key = decodeKey(bytes, at, keyEnd);
    at = skipSpace(bytes, keyEnd, end);
    if (bytes[at] !== COLON) throw new JsonScanError('expected :', at);
    const start = skipSpace(bytes, at + 1, end);
    const valueEnd = skipValue(bytes, start, end);
    members.push({ key, value: { start, end: valueEnd } });
    at = skipSpace(bytes, valueEnd, end);
    if (bytes[at] === CLOSE_BRACE) {
      expectEnd(bytes, at + 1, end);
      return members;
    }
    if (bytes[at] !== COMMA) throw new JsonScanError('expected , or }', at);
    at = skipSpace(bytes, at + 1, end);
  }
}

function decodeKey(bytes: Buffer, start: number, end: number): string {
  try {
    return String(JSON.parse(bytes.toString('utf8', start, end)));
  } catch {
    throw new JsonScanError('unreadable member name', start);
  }
}

function expectEnd(bytes: Buffer, from: number, end: number): void {
  const at = skipSpace(bytes, from, end);
  if (at < end) throw new JsonScanError('unexpected text after the object', at);
}

function skipSpace(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at += 1;
  }
  return at;
}

/** @returns the offset after the closing quote. */
function skipString(bytes: Buffer, from: number, end: number): number {
  let at = from + 1;
  for (;;) {
    // indexOf runs natively: long prompts cost nothing.
    const quote = bytes.indexOf(QUOTE, at);
    if (quote < 0 || quote >= end) throw new JsonScanError('unterminated string', from);
    let slashes = 0;
    while (bytes[quote - 1 - slashes] === BACKSLASH && quote - 1 - slashes > from) slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

function skipValue(bytes: Buffer, from: number, end: number): number {
  const first = bytes[from];
  if (first === QUOTE) return skipString(bytes, from, end);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipNested(bytes, from, end);
  let at = from;
  while (at < end) {
    const byte = bytes[at];
    if (
      byte === COMMA ||
      byte === CLOSE_BRACE ||
      byte === CLOSE_BRACKET ||
      byte === undefined ||
      byte <= 0x20
    )
      break;
    at += 1;
  }
  if (at === from) throw new JsonScanError('expected a value', from);
  return at;
}

function skipNested(bytes: Buffer, from: number, end: number): number {
  let depth = 0;
  let at = from;
  while (at < end) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = skipString(bytes, at, end);
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
    at += 1;
  }
  throw new JsonScanError('unterminated object or list', from);
}
