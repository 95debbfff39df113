import { expect, test } from 'vitest';
import { palettePeople } from '../../../src-renderer/app/palette-people.ts';
import { CONTROL, job } from '../../support/scenarios.ts';

const now = 1_790_000_000_000;
const of = (userId: string, status: 'pending' | 'completed', at = 0) =>
  job(at, status, now, { id: `${userId}-${at}`, userId });

test('who waits or is held comes first; each is named by nickname and id', () => {
  const people = palettePeople({
    jobs: [of('user001', 'completed'), of('user002', 'pending', 1), of('', 'pending', 2)],
    nicknames: { user001: 'Ada', user009: '' },
    control: { ...CONTROL, heldUsers: ['user005'], nextTurn: 'user002' },
  });
  expect(people.map(({ name, waiting, held, nextTurn }) => [name, waiting, held, nextTurn])).toEqual([
    ['user002', 1, false, true],
    ['user005', 0, true, false],
    ['Ada (user001)', 0, false, false],
    ['user009', 0, false, false],
  ]);
});

test('no name turns the line around or is without end', () => {
  const [person] = palettePeople({
    jobs: [],
    nicknames: { user001: `\u202Eevil\u0007\u2066${'W'.repeat(10_000)}` },
    control: null,
  });
  expect(person?.name).toMatch(/^evilW{35}… \(user001\)$/);
});

test('of a thousand people it holds those who wait, and no more than can be typed through', () => {
  const jobs = Array.from({ length: 1000 }, (_, at) =>
    of(`user${String(at).padStart(4, '0')}`, at >= 950 ? 'pending' : 'completed', at),
  );
  const people = palettePeople({ jobs, nicknames: {}, control: null });
  expect(people.length).toBe(120);
  expect(people.filter(({ waiting }) => waiting > 0).length).toBe(50);
});
