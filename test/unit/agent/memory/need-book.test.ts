import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MARGIN_MIB } from '../../../../worker-agent/src/agent/memory/fit.ts';
import { openNeedBook } from '../../../../worker-agent/src/agent/memory/need-book.ts';
import { NEEDS_TOLD } from '../../../../worker-agent/src/contract/host.ts';

let dir: string;
let path: string;
const warnings: string[] = [];
const log = { warn: (_: unknown, message?: string) => void warnings.push(message ?? '') };
const open = () => openNeedBook(path, log);
const key = (signature: string, card = 'GPU-a') => ({ signature, card, kind: 'sdxl image' });
const seen = (peakMiB: number, more: { cacheMiB?: number; exact?: boolean } = {}) => ({
  ...{ peakMiB, cacheMiB: 0, exact: true },
  ...more,
});

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'needs-'));
  path = join(dir, 'state', 'memory-needs.json');
  warnings.length = 0;
});
afterEach(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));

describe('learned needs', () => {
  test('the highest peak counts, without what could have been evicted', () => {
    const book = open();
    expect(book.need('s', 'GPU-a')).toBeNull();
    book.record(key('s'), 'worker-1', seen(20_000), null);
    book.record(key('s'), 'worker-2', seen(30_000, { cacheMiB: 4000 }), null);
    expect(book.need('s', 'GPU-a')).toBe(26_000);
  });

  test('the console is told each kind once, at its highest, the one seen last first, and only a few', () => {
    const book = open();
    expect(book.learned()).toEqual([]);
    book.record(key('small'), 'worker-1', seen(9000), null);
    book.record(key('large', 'GPU-b'), 'worker-1', seen(21_000), null);
    book.recordTooLittle({ ...key('video'), kind: 'wan2.2 text to video' }, 30_000);
    expect(book.learned()).toEqual([
      { kind: 'wan2.2 text to video', needMiB: 30_000 + MARGIN_MIB, runs: 0 },
      { kind: 'sdxl image', needMiB: 21_000, runs: 2 },
    ]);
    for (let at = 0; at < 40; at += 1)
      book.record({ ...key(`s${at}`), kind: `kind ${at}` }, 'worker-1', seen(1000), null);
    const kinds = book.learned().map(({ kind }) => kind);
    expect(kinds).toHaveLength(NEEDS_TOLD);
    expect(kinds[0]).toBe('kind 39');
  });

  test('lower bounds count only until there is better', () => {
    const book = open();
    book.record(key('s'), 'worker-1', seen(10_000, { exact: false }), null);
    expect(book.need('s', 'GPU-a')).toBe(10_000);
    book.record(key('s'), 'worker-1', seen(20_000), null);
    expect(book.need('s', 'GPU-a')).toBe(20_000);
  });

  test('an old peak is forgotten in time', () => {
    const book = open();
    book.record(key('s'), 'worker-1', seen(50_000), null);
    for (let at = 0; at < 8; at += 1) book.record(key('s'), 'worker-1', seen(20_000), null);
    expect(book.need('s', 'GPU-a')).toBe(20_000);
  });

  test('each card has its own figure; another card’s stands in', () => {
    const book = open();
    book.record(key('s', 'GPU-a'), 'worker-1', seen(20_000), null);
    expect(book.need('s', 'GPU-b')).toBe(20_000);
    book.record(key('s', 'GPU-b'), 'worker-2', seen(15_000), null);
    expect(book.need('s', 'GPU-b')).toBe(15_000);
  });

  test('a kind that ran out of memory waits for more than it had', () => {
    const book = open();
    book.recordTooLittle(key('s'), 30_000);
    expect(book.need('s', 'GPU-a')).toBe(30_000 + MARGIN_MIB);
  });

  test('…until it runs through with as little', () => {
    const book = open();
    book.recordTooLittle(key('s'), 30_000);
    book.record(key('s'), 'worker-1', seen(29_900), 60_000);
    expect(book.need('s', 'GPU-a')).toBe(30_000 + MARGIN_MIB);
    book.record(key('s'), 'worker-1', seen(29_900), 30_000);
    expect(book.need('s', 'GPU-a')).toBe(29_900);
  });

  test('…or is seen to need far less: that was an accident', () => {
    const book = open();
    book.recordTooLittle(key('s'), 70_000);
    book.record(key('s'), 'worker-1', seen(12_000), 80_000);
    expect(book.need('s', 'GPU-a')).toBe(12_000);
  });

  test('outlives the agent', () => {
    const book = open();
    book.record(key('s'), 'worker-1', seen(20_000), null);
    book.recordTooLittle(key('t'), 30_000);
    book.flush();
    expect(open().need('s', 'GPU-a')).toBe(20_000);
    expect(open().need('t', 'GPU-a')).toBe(30_000 + MARGIN_MIB);
    expect(readdirSync(join(dir, 'state'))).toEqual(['memory-needs.json']);
  });

  test('is written by itself', async () => {
    open().record(key('s'), 'worker-1', seen(20_000), null);
    await expect.poll(() => existsSync(path), { timeout: 10_000 }).toBe(true);
  });

  test('a file that is not readable is set aside and told', () => {
    open().record(key('s'), 'worker-1', seen(1), null);
    const book = open();
    book.record(key('s'), 'worker-1', seen(20_000), null);
    book.flush();
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 40));
    const again = open();
    expect(again.need('s', 'GPU-a')).toBeNull();
    expect(existsSync(`${path}.unreadable`)).toBe(true);
    expect(warnings.join()).toContain('set aside');
    again.record(key('s'), 'worker-1', seen(5000), null);
    again.flush();
    expect(open().need('s', 'GPU-a')).toBe(5000);
  });

  test('one broken entry costs only itself', () => {
    const book = open();
    book.record(key('s'), 'worker-1', seen(20_000), null);
    book.flush();
    const file: { entries: unknown[] } = JSON.parse(readFileSync(path, 'utf8'));
    file.entries.push({ signature: 5 });
    writeFileSync(path, JSON.stringify(file));
    expect(open().need('s', 'GPU-a')).toBe(20_000);
    expect(warnings).toHaveLength(1);
  });

  test('is bounded; the least recently seen go first', () => {
    const book = open();
    for (let at = 0; at < 600; at += 1) {
      book.record(key(`s${at}`), 'worker-1', seen(1000 + at), null);
      book.record(key('often'), 'worker-1', seen(20_000), null);
    }
    book.flush();
    const file: { entries: unknown[] } = JSON.parse(readFileSync(path, 'utf8'));
    expect(file.entries).toHaveLength(500);
    expect(book.need('often', 'GPU-a')).toBe(20_000);
    expect(book.need('s0', 'GPU-a')).toBeNull();
    expect(book.need('s599', 'GPU-a')).toBe(1599);
  });
});
