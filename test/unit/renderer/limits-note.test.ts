import { expect, test } from 'vitest';
import type { HostView, QueueControl } from '../../../src-main/api/types.ts';
import { limitsNote } from '../../../src-renderer/features/people/limits.tsx';
import { peopleWords } from '../../../src-renderer/live/people-words.ts';
import { CONTROL, host, worker } from '../../support/scenarios.ts';

const caps = (everybody: number | null, users: Record<string, number> = {}) => ({ everybody, users });
const note = (change: Partial<QueueControl>, workers = 1, others: Record<string, HostView> = {}, now = 1) =>
  limitsNote(
    {
      control: { ...CONTROL, ...change },
      hosts: {
        h100: host(
          {
            id: 'h100',
            workers: Array.from({ length: workers }, (_, at) => worker(at + 1, { kind: 'idle', since: 1 })),
          },
          1,
        ),
        ...others,
      },
    },
    now,
    peopleWords('people'),
  );

test('a limit that changes nothing says so', () => {
  expect(note({})).toBe('');
  expect(note({ caps: caps(1) })).toMatch(/^With 1 worker at most 1 job .* changes nothing now\.$/);
  expect(note({ caps: caps(null, { a: 2 }) }, 2)).toMatch(/^With 2 workers/);
  expect(note({ caps: caps(1) }, 2)).toBe('');
  expect(note({ lineCaps: caps(2), mode: 'fair' })).toMatch(/changes nothing/);
  expect(note({ lineCaps: caps(2), mode: 'fifo' })).toMatch(/join the end of the line/);
});

test('workers of a host that does not speak are not counted, and it is said whose', () => {
  const four = [1, 2, 3, 4].map((at) => worker(at, { kind: 'idle', since: 1 }));
  const silent = host({ id: 'dead', workers: four, heardAgo: 60_000 }, 1);
  expect(note({ caps: caps(1) }, 1, { dead: silent })).toBe(
    'With 1 worker (without dead, of which nothing is heard now) at most 1 job of anybody can run at once, so the limit on running jobs changes nothing now.',
  );
  const stopped = host({ id: 'off', workers: four, change: { phase: 'stopped' } }, 1);
  expect(note({ caps: caps(1) }, 1, { off: stopped })).toMatch(/^With 1 worker at most/);
  // Nobody speaks: nothing is known, so nothing is said.
  expect(note({ caps: caps(1) }, 1, {}, 100_000)).toBe('');
});
