// @vitest-environment happy-dom
import { notifications, notificationsStore } from '@mantine/notifications';
import { beforeEach, expect, test } from 'vitest';
import { sayDone, sayFailed } from '../../../src-renderer/components/notice.tsx';

/** As many as the screen has room for, which is what the app sets as well. */
const ROOM = 5;
const error = { code: 'INTERNAL', message: 'why', retryable: false } as const;
const standing = () => notificationsStore.getState().notifications.map(({ title, id }) => title ?? id);
const told = (about: string) => standing().some((one) => String(one).startsWith(`${about}/`));

beforeEach(() => notifications.clean());

test('the newest receipt is seen at once, whatever stands there, and an old one does not come late', () => {
  for (let n = 1; n <= ROOM + 2; n += 1) sayDone(`act ${n}`, () => {}, `act-${n}`);
  expect(standing()).toHaveLength(ROOM);
  expect(told('act-7')).toBe(true);
  expect(told('act-2')).toBe(false);
  for (const { id } of notificationsStore.getState().notifications) notifications.hide(id ?? '');
  expect(standing()).toEqual([]);
});

test('a failure gives way to what is newer and comes back when there is room', () => {
  sayFailed('It failed', error, () => {});
  for (let n = 1; n <= ROOM; n += 1) sayDone(`act ${n}`, undefined, `act-${n}`);
  expect(standing()).not.toContain('It failed');
  notifications.hide(notificationsStore.getState().notifications[0]?.id ?? '');
  expect(standing()).toContain('It failed');
});
