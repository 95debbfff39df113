import { expect, test } from 'vitest';
import { applyChanges } from '../../../src-renderer/live/apply.ts';
import { createActTeller, foreignActs } from '../../../src-renderer/live/foreign-acts.ts';
import { workshop } from '../../support/scenarios.ts';
import { NOW, stateOf } from './facts.ts';

const act = (by: string, message: string, change = {}) => ({
  kind: 'event' as const,
  event: {
    ...{ protocol: 1, at: NOW, kind: 'host-act' as const, by, message },
    ...{ jobId: null, userId: null, workerId: null },
    ...change,
  },
});
const begin = () => ({
  ...stateOf(workshop(NOW, [], [])),
  clockOffsetMs: 0,
  console: { name: 'Anna', usual: 'Anna' },
});

test('acts of other hosts are news, oldest first; own ones, those of agents, and old ones are not', () => {
  const before = begin();
  const after = applyChanges(before, [
    act('Ben', 'Cancelled 40 jobs of user004.'),
    act('Anna', 'Froze the room view.'),
    act('Ben', 'Blanked the room view.'),
    act('gpu-1', 'Completed.', { kind: 'job-completed' }),
    act('Ben', 'Long ago.', { at: NOW - 60_000 }),
  ]);
  const told = foreignActs(before, after, NOW).map(({ message }) => message);
  expect(told).toEqual(['Cancelled 40 jobs of user004.', 'Blanked the room view.']);
  // A new snapshot brings the same events as other objects.
  const again = { ...after, events: structuredClone(after.events) };
  expect(foreignActs(after, again, NOW)).toEqual([]);
  expect(foreignActs(before, { ...after, redisAddress: 'elsewhere' }, NOW)).toEqual([]);
  expect(foreignActs({ ...before, console: null }, { ...after, console: null }, NOW)).toEqual([]);
});

test('the first act of a person is told at once, a flood of them together', () => {
  const said: string[] = [];
  const timers: (() => void)[] = [];
  const tell = createActTeller((by, words) => said.push(`${by}: ${words}`), {
    later: (end) => timers.push(end),
  });
  const pass = () => {
    for (const end of timers.splice(0)) end();
  };
  for (let at = 1; at <= 12; at += 1) tell('Ben', `Act ${at}.`);
  tell('Zoë', 'Another.');
  expect(said).toEqual(['Ben: Act 1.', 'Zoë: Another.']);
  pass();
  expect(said.at(-1)).toBe('Ben: Act 12. And 10 more; Recent on the Stage lists them.');
  tell('Ben', 'Act 13.');
  pass();
  expect(said.at(-1)).toBe('Ben: Act 13.');
  pass();
  pass();
  expect(said).toHaveLength(4);
});
