import { expect, test } from 'vitest';
import type { QueueControl } from '../../../src-main/api/types.ts';
import { limitsNote } from '../../../src-renderer/features/people/limits.tsx';
import { CONTROL, host, worker } from '../../support/scenarios.ts';

const caps = (everybody: number | null, users: Record<string, number> = {}) => ({ everybody, users });
const note = (change: Partial<QueueControl>, workers = 1) =>
  limitsNote({
    control: { ...CONTROL, ...change },
    hosts: {
      h100: host(
        {
          id: 'h100',
          workers: Array.from({ length: workers }, (_, at) => worker(at + 1, { kind: 'idle', since: 1 })),
        },
        1,
      ),
    },
  });

test('a limit that changes nothing says so', () => {
  expect(note({})).toBe('');
  expect(note({ caps: caps(1) })).toMatch(/^With 1 worker at most 1 job .* changes nothing now\.$/);
  expect(note({ caps: caps(null, { a: 2 }) }, 2)).toMatch(/^With 2 workers/);
  expect(note({ caps: caps(1) }, 2)).toBe('');
  expect(note({ lineCaps: caps(2), mode: 'fair' })).toMatch(/changes nothing/);
  expect(note({ lineCaps: caps(2), mode: 'fifo' })).toMatch(/join the end of the line/);
});
