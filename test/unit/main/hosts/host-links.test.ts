import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createHostLinks } from '../../../../src-main/connections/hosts/host-links.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a clock that jumps means that this computer slept: it is told once, to those who are no SSH link as well', () => {
  let told = 0;
  const links = createHostLinks({ onWake: () => (told += 1) });
  vi.advanceTimersByTime(10_000);
  expect(told).toBe(0);
  vi.setSystemTime(Date.now() + 600_000);
  vi.advanceTimersByTime(2000);
  expect(told).toBe(1);
  links.close();
  vi.setSystemTime(Date.now() + 600_000);
  vi.advanceTimersByTime(2000);
  expect(told).toBe(1);
});
