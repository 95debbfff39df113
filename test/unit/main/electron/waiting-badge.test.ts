import { expect, test } from 'vitest';
import type { WorkshopChange } from '../../../../src-main/domain/workshop.ts';
import { showWaiting } from '../../../../src-main/shells/electron/waiting-badge.ts';
import { workshop } from '../../../support/scenarios.ts';

const NOW = Date.now();
const { snapshot, histories } = workshop(NOW, [], []);
const counts = { pending: 0, running: 1, completed: 0, failed: 0, cancelled: 0, deadLetter: 0 };
const queue = (pending: number): WorkshopChange => ({
  ...{ kind: 'queue', queueAt: NOW, clockOffsetMs: 0 },
  counts: { ...counts, pending },
});
const redis = (ready: boolean): WorkshopChange => ({
  kind: 'links',
  links: {
    ...snapshot.links,
    redis: ready
      ? { kind: 'ready', since: NOW, rttMs: 1 }
      : { kind: 'lost', since: NOW, code: 'REDIS_UNREACHABLE', why: '', remedy: '', retryAt: null },
  },
});

async function shownBy(...messages: WorkshopChange[][]): Promise<string[]> {
  const shown: string[] = [];
  const watch = {
    async *watch() {
      for (const [seq, changes] of messages.entries()) yield { seq, changes };
    },
  };
  const place = {
    setBadgeCount: (count: number) => void shown.push(String(count)),
    setOverlay: (count: number, words: string) => void shown.push(`${count > 0 ? 'mark' : 'none'}: ${words}`),
  };
  await showWaiting(watch, place, new AbortController().signal);
  return shown;
}

test('the icon counts who waits, says it once, and says nothing while it is not known', async () => {
  const whole: WorkshopChange = {
    kind: 'snapshot',
    snapshot: { ...snapshot, counts: { ...counts, pending: 3 } },
    histories,
  };
  expect(
    await shownBy([whole, redis(true)], [queue(3)], [queue(1)], [redis(false)], [redis(true)], [queue(0)]),
  ).toEqual([
    ...['3', 'mark: 3 jobs wait', '1', 'mark: 1 job waits'],
    ...['0', 'none: 0 jobs wait', '1', 'mark: 1 job waits', '0', 'none: 0 jobs wait'],
  ]);
  const other: WorkshopChange = { kind: 'name', name: 'Other', redisAddress: 'x:1' };
  expect(await shownBy([whole, redis(true)], [other])).toEqual(expect.arrayContaining(['3', '0']));
});
