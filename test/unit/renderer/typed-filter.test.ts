import { expect, test } from 'vitest';
import { groupFailures } from '../../../src-renderer/features/jobs/failure-groups.ts';
import { NO_FILTER, selectJobs } from '../../../src-renderer/features/jobs/select-jobs.ts';
import { JOB_EXAMPLES, readTyped, withoutStates } from '../../../src-renderer/features/jobs/typed-filter.ts';
import { FAILURE_CAUSES } from '../../../worker-agent/src/contract/failure-cause.ts';
import { job } from '../../support/scenarios.ts';
import { NOW } from './facts.ts';

const lacks = (model: string) => `Node 4 needs "${model}.safetensors" as ckpt_name.`;
const jobs = [
  job(1, 'failed', NOW, { id: 'a', userId: 'user004', error: lacks('flux') }),
  job(2, 'failed', NOW, { id: 'b', userId: 'user005', error: lacks('flux') }),
  job(3, 'failed', NOW, { id: 'c', userId: 'user005', error: lacks('wan') }),
  job(4, 'failed', NOW, { id: 'd', userId: 'user005', error: 'The job ran longer than 3600 s.' }),
  job(5, 'completed', NOW, { id: 'e', userId: 'user004', error: null }),
];
const ids = (search: string) =>
  selectJobs(jobs, readTyped({ ...NO_FILTER, search }), { column: 'user', descending: false }).jobs.map(
    ({ id }) => id,
  );

test('a filter can be typed: fields, states and any other word', () => {
  expect(ids('user:user004 failed')).toEqual(['a']);
  expect(ids('user:"user004"')).toEqual(['a', 'e']);
  expect(ids('Done')).toEqual(['e']);
  expect(ids('cause:missing-model')).toEqual(['a', 'b', 'c']);
  expect(ids('failed flux')).toEqual(['a', 'b']);
  expect(ids('colour:red')).toEqual([]);
});

test('a person is found by nickname as by id: a whole name, one of its words, and any part in a search', () => {
  const nicknames = { user004: 'Lynx', user005: 'Ada Lovelace' };
  const called = (search: string) =>
    selectJobs(
      jobs,
      readTyped({ ...NO_FILTER, search }),
      { column: 'user', descending: false },
      nicknames,
    ).jobs.map(({ id }) => id);
  expect(called('user:lynx')).toEqual(['a', 'e']);
  expect(called('user:user004 failed')).toEqual(['a']);
  expect(called('user:"ada lovelace" flux')).toEqual(['b']);
  expect(called('user:lovelace')).toEqual(['b', 'c', 'd']);
  expect(called('user:love')).toEqual([]);
  expect(called('lyn')).toEqual(['a', 'e']);
  // In the order that is shown: Ada Lovelace before Lynx.
  expect(called('')).toEqual(['b', 'c', 'd', 'a', 'e']);
});

test('what is typed counts before the lists, and a pressed state replaces a typed one', () => {
  expect(readTyped({ ...NO_FILTER, status: 'completed', search: 'failed' }).status).toBe('failed');
  expect(withoutStates('user:user004 failed flux')).toBe('user:user004 flux');
});

test('failures are grouped by what mends them, most people first', () => {
  expect(
    groupFailures(jobs).map(({ cause, about, people, jobs: all }) => [cause, about, people, all.length]),
  ).toEqual([
    ['missing-model', 'flux.safetensors', 2, 2],
    ['missing-model', 'wan.safetensors', 1, 1],
    ['timeout', null, 1, 1],
  ]);
});

test('every example of the help means something', () => {
  for (const { typed } of JOB_EXAMPLES)
    expect(readTyped({ ...NO_FILTER, search: typed }).search, typed).toBe('');
  for (const { typed } of JOB_EXAMPLES)
    expect(readTyped({ ...NO_FILTER, search: typed })).not.toEqual(NO_FILTER);
  const [, cause] =
    /^cause:(.*)$/.exec(JOB_EXAMPLES.find(({ typed }) => typed.startsWith('cause:'))?.typed ?? '') ?? [];
  expect(Object.keys(FAILURE_CAUSES)).toContain(cause);
});
