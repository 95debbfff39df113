import { expect, test } from 'vitest';
import { peopleWords } from '../../../src-renderer/live/people-words.ts';

test.each([
  ['people', '1 person', '20 people'],
  ['participants', '1 participant', '20 participants'],
  ['Schüler', '1 Schüler', '20 Schüler'],
])('of %s', (many, one, twenty) => {
  const { count } = peopleWords(many);
  expect([count(1), count(20)]).toEqual([one, twenty]);
});
