import { expect, test } from 'vitest';
import { mainAct, skippedIn, summaryOf } from '../../../src-renderer/features/hosts/deploy-words.ts';
import { deployStates } from '../../support/deploy-states.ts';

const one = (name: string) => {
  const [view] = deployStates[name]?.() ?? [];
  if (!view) throw new Error(`there is no state ${name}`);
  return view;
};

test.each([
  ['unseen', 'off', undefined, 'changes nothing there'],
  ['ready', 'busy', 'Deploy', 'steps to do'],
  ['blocked', 'warn', 'Deploy', 'must be put right or left out'],
  ['running', 'wait', undefined, 'Upload the agent'],
  ['stopping', 'wait', undefined, 'once the machine shows that it has ended'],
  ['waits-for-earlier', 'wait', undefined, '“Stop here” ends it'],
  ['interrupted', 'fail', 'Go on', 'this console ended in the middle of it, at “Docker”'],
  ['failed', 'fail', 'Go on', 'goes on where it stopped'],
  ['done', 'ok', undefined, 'It reports, 2 workers'],
] as const)('%s is told with its next step', (name, tone, act, words) => {
  const summary = summaryOf(one(name), Date.now());
  expect(summary.tone).toBe(tone);
  expect(summary.sentence).toContain(words);
  expect(mainAct(one(name))).toBe(act);
});

test('another release than the installed one is an upgrade', () => {
  expect(mainAct({ ...one('done'), phase: 'ready', offers: '0.2.0-ffffffffffff' })).toBe('Upgrade');
});

test('nothing to do is said, and offers no press', () => {
  const steps = one('ready').steps.map((step) => ({ ...step, state: 'done' as const }));
  const view = { ...one('done'), phase: 'ready' as const, steps };
  expect(summaryOf(view, Date.now()).sentence).toContain('Nothing is to be done');
  expect(mainAct(view)).toBeUndefined();
});

test('what was left out stays left out at the next press', () => {
  const steps = one('ready').steps.map((step) =>
    step.id === 'docker' ? { ...step, state: 'skipped' as const } : step,
  );
  expect(skippedIn({ steps })).toEqual(['docker']);
});
