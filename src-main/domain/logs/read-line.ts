import type { LogLevel } from './log-line.ts';

/** What a line says about itself. */
export interface ReadLine {
  text: string;
  /** Epoch ms by the machine's clock; null when it does not say. */
  at: number | null;
  level: LogLevel;
}

/** Reads the lines of one log in their order: a traceback of several lines is one error. */
export type LineReader = (text: string, known: { at: number | null; level: LogLevel | null }) => ReadLine;

/** A time in front of a line: ISO 8601, also with a blank, in brackets, with a comma before the fraction. */
const TIME = /^\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?\]?[\s:-]*/;
const LEVEL_WORD =
  /(?:^|[\s[(|:!-])(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|CRITICAL|FATAL|EMERG|ALERT)(?:$|[\s\])|:-])/;
/** How far into a line a level may stand; further in it is part of what is said. */
const LEVEL_WITHIN = 60;
const LEVELS: Readonly<Record<string, LogLevel>> = {
  ...{ TRACE: 'debug', DEBUG: 'debug', INFO: 'info', NOTICE: 'info', WARN: 'warn', WARNING: 'warn' },
  ...{ ERROR: 'error', ERR: 'error', CRITICAL: 'error', FATAL: 'error', EMERG: 'error', ALERT: 'error' },
};
/** The end of a Python traceback, or a lone exception. */
const EXCEPTION = /^(?:[\w.]+\.)?\w*(?:Error|Exception|Interrupt)(?::|$)/;
const TRACEBACK = /^Traceback \(most recent call last\)|^!!! Exception/;
/** Lines that carry a traceback on after its exception was named. */
const CHAINED = /^(?:During handling of|The above exception was)/;

export function createLineReader(): LineReader {
  let inTraceback = false;
  return (text, known) => {
    const record = text.startsWith('{') ? jsonRecord(text) : undefined;
    if (record) {
      inTraceback = false;
      return { ...record, at: record.at ?? known.at };
    }
    const { at, rest } = timeOf(text);
    const body = at === null ? text : rest;
    const read = (level: LogLevel): ReadLine => ({ text: body, at: known.at ?? at, level });
    if (TRACEBACK.test(body) || CHAINED.test(body)) {
      inTraceback = true;
      return read('error');
    }
    if (EXCEPTION.test(body)) {
      inTraceback = false;
      return read('error');
    }
    if (inTraceback && (body === '' || /^\s/.test(body))) return read('error');
    inTraceback = false;
    return read(levelOf(body) ?? known.level ?? 'info');
  };
}

function levelOf(text: string): LogLevel | undefined {
  const word = LEVEL_WORD.exec(text.slice(0, LEVEL_WITHIN))?.[1];
  return word === undefined ? undefined : LEVELS[word];
}

function timeOf(text: string): { at: number | null; rest: string } {
  const found = TIME.exec(text);
  if (!found) return { at: null, rest: text };
  const [whole, day, clock, fraction = '0', zone] = found;
  // Without a zone it is not known which moment is meant: the machine may be elsewhere. It stays in the text.
  if (zone === undefined) return { at: null, rest: text };
  const at = Date.parse(`${day}T${clock}.${fraction.padEnd(3, '0').slice(0, 3)}${zone}`);
  return Number.isNaN(at) ? { at: null, rest: text } : { at, rest: text.slice(whole.length) };
}

/** A record of pino, as the worker-agent writes them; undefined for other JSON. */
function jsonRecord(text: string): ReadLine | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { level, time, msg, pid: _pid, hostname: _hostname, ...more } = parsed as Record<string, unknown>;
  if (typeof level !== 'number' || typeof msg !== 'string') return undefined;
  const fields = Object.entries(more).map(([name, value]) => `${name}=${inShort(value)}`);
  const at = typeof time === 'number' ? time : typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return {
    text: [msg.replaceAll(/\s*\n\s*/g, ' ⏎ '), ...fields].join('  '),
    at: Number.isNaN(at) ? null : at,
    level: level >= 50 ? 'error' : level >= 40 ? 'warn' : level >= 30 ? 'info' : 'debug',
  };
}

/** A field's value; of an error its message. */
function inShort(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string')
    return value.message;
  return JSON.stringify(value) ?? '';
}

/** Level of a syslog priority (RFC 5424, 6.2.1), as journald keeps it. */
export function levelOfPriority(priority: number): LogLevel {
  return priority <= 3 ? 'error' : priority === 4 ? 'warn' : priority === 7 ? 'debug' : 'info';
}
