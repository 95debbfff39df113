import { describe, expect, test } from 'vitest';
import {
  LAG_MS,
  type ObservationStart,
  observe,
} from '../../../../worker-agent/src/agent/memory/observation.ts';

const PLENTY = 40_000;
const start = (more: Partial<ObservationStart> = {}): ObservationStart => ({
  ...{ at: 0, heldMiB: 700, evictableMiB: 0, kept: 'own' as const },
  ...more,
});
const left = { heldMiB: 8700, evictableMiB: 8000 };

describe('what a job is seen to hold', () => {
  test('its peak', () => {
    const job = observe(start());
    for (const [at, held] of [
      [2000, 10_000],
      [3000, 31_000],
      [4000, 12_000],
    ] as const)
      job.sample(at, held, PLENTY);
    expect(job.result()).toEqual({ peakMiB: 31_000, cacheMiB: 0, exact: true });
  });

  test('readings that may be from before its start do not count', () => {
    const job = observe(start());
    job.sample(LAG_MS - 1, 60_000, PLENTY);
    expect(job.result()).toBeUndefined();
    job.sample(LAG_MS, 8000, PLENTY);
    expect(job.result()?.peakMiB).toBe(8000);
  });

  test('unknown is not zero', () => {
    const job = observe(start());
    job.sample(5000, null, PLENTY);
    expect(job.result()).toBeUndefined();
  });

  test('on a full card it may have made do with less than it wants', () => {
    const job = observe(start());
    job.sample(2000, 27_000, 100);
    expect(job.result()).toEqual({ peakMiB: 27_000, cacheMiB: 0, exact: false });
  });

  test('beside what other kinds left, only its growth is its own', () => {
    const job = observe(start({ ...left, kept: 'others' }));
    job.sample(2000, 27_000, PLENTY);
    expect(job.result()).toEqual({ peakMiB: 27_000, cacheMiB: 8000, exact: false });
  });

  test('growth over what the same models left shows it whole', () => {
    const job = observe(start({ ...left, kept: 'same-models' }));
    job.sample(2000, 27_000, PLENTY);
    expect(job.result()).toEqual({ peakMiB: 27_000, cacheMiB: 0, exact: true });
  });

  test.each(['same-models', 'others'] as const)(
    'a smaller job after a larger one (%s) tells nothing',
    (kept) => {
      const job = observe(start({ heldMiB: 60_000, evictableMiB: 59_300, kept }));
      job.sample(2000, 60_000, PLENTY);
      expect(job.result()).toBeUndefined();
    },
  );
});
