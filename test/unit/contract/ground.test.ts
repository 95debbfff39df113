import { describe, expect, test } from 'vitest';
import {
  ERROR_CODES,
  RETRYABLE,
  toWorkshopError,
  WorkshopError,
} from '../../../worker-agent/src/contract/errors.ts';
import {
  formatPlatformDate,
  formatPythonIso,
  parsePlatformDate,
} from '../../../worker-agent/src/contract/job.ts';
import { jobIdOfKey, keys, TRACKED_PREFIXES } from '../../../worker-agent/src/contract/keys.ts';
import { PROTOCOL_VERSION, protocolMismatch } from '../../../worker-agent/src/contract/protocol.ts';

describe('dates (contract 1.2)', () => {
  test('six fraction digits, none when zero, Z', () => {
    expect(formatPlatformDate(1772360430123400)).toBe('2026-03-01T10:20:30.123400Z');
    expect(formatPlatformDate(1772360430000000)).toBe('2026-03-01T10:20:30Z');
    expect(formatPythonIso(1772360430123400)).toBe('2026-03-01T10:20:30.123400+00:00');
  });

  test.each([
    ['2026-03-01T10:20:30.123400Z', 1772360430123],
    ['2026-03-01T10:20:30Z', 1772360430000],
    ['2026-03-01 10:20:30.123456789+00:00', 1772360430123],
    ['2026-03-01T12:20:30+02:00', 1772360430000],
    ['2026-03-01T10:20:30', 1772360430000],
    [1772360430, 1772360430000],
    [1772360430000, 1772360430000],
    ['yesterday', null],
    [null, null],
  ])('%s is read', (value, ms) => {
    expect(parsePlatformDate(value)).toBe(ms);
  });
});

describe('errors', () => {
  test('every retryable code is a code', () => {
    for (const code of RETRYABLE) expect(Object.keys(ERROR_CODES)).toContain(code);
  });

  test.each([
    ['WRONGPASS invalid username-password pair', 'REDIS_AUTH'],
    ['NOAUTH Authentication required.', 'REDIS_AUTH'],
    ['LOADING Redis is loading the dataset in memory', 'REDIS_NOT_READY'],
    ['Connection is closed.', 'REDIS_UNREACHABLE'],
    ['something else', 'INTERNAL'],
  ])('%s becomes %s', (message, code) => {
    expect(toWorkshopError(new Error(message)).code).toBe(code);
  });

  test('our own error passes through unchanged', () => {
    const error = new WorkshopError('CONFLICT', 'x', { remedy: 'y' });
    expect(toWorkshopError(error)).toBe(error);
    expect(error.toInfo()).toEqual({ code: 'CONFLICT', message: 'x', remedy: 'y', retryable: true });
  });
});

describe('protocol', () => {
  test('the same version fits; another is refused, naming who must be upgraded', () => {
    expect(protocolMismatch(PROTOCOL_VERSION, 'agent')).toBeUndefined();
    expect(protocolMismatch(PROTOCOL_VERSION + 1, 'agent')).toMatch(/Upgrade the console/);
    expect(protocolMismatch(PROTOCOL_VERSION - 1, 'agent')).toMatch(/Upgrade the agent/);
    expect(protocolMismatch(PROTOCOL_VERSION + 1, 'console')).toMatch(/Upgrade the agent/);
  });
});

describe('keys', () => {
  test('what changes all the time is outside of the tracked prefixes', () => {
    const tracked = (key: string) => TRACKED_PREFIXES.some((prefix) => key.startsWith(prefix));
    expect([keys.claim('x'), keys.claimOf('w'), keys.served('d'), keys.lock('l')].some(tracked)).toBe(false);
    expect([keys.job('x'), keys.pending, keys.hostStatus('h'), keys.control].every(tracked)).toBe(true);
  });

  test('a job id comes out of its key only', () => {
    expect(jobIdOfKey('job:abc')).toBe('abc');
    expect(jobIdOfKey('queue:pending')).toBeUndefined();
  });
});
