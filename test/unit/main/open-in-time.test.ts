import { expect, test } from 'vitest';
import { openInTime } from '../../../src-main/services/open-in-time.ts';

const never = () => new Promise<string>(() => {});

test('a machine that waits for an answer is not waited for, and what to do is said', async () => {
  await expect(openInTime(never, 5)).rejects.toMatchObject({
    code: 'HOST_SILENT',
    remedy: expect.stringContaining('Answer what it asks'),
  });
});

test('what opens or fails by itself is passed on, and whoever stops is not told of silence', async () => {
  expect(await openInTime(async () => 'open', 60_000)).toBe('open');
  const broken = new Error('broken');
  await expect(openInTime(() => Promise.reject(broken), 60_000)).rejects.toBe(broken);
  const stop = AbortSignal.abort(new Error('stopped by the host'));
  await expect(openInTime(never, 60_000, stop)).rejects.toMatchObject({ name: 'AbortError' });
});
