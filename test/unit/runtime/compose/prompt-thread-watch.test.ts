import { expect, test } from 'vitest';
import {
  type PromptSample,
  PromptThreadWatch,
} from '../../../../worker-agent/src/runtime/compose/prompt-thread-watch.ts';

const LIMIT = 600_000;
const STEP = 30_000;

/** Feeds a sample every 30 s for half an hour; answers when the watch first called it stuck, in ms. */
function stuckAt(
  sampleAt: (at: number) => Partial<PromptSample>,
  meanwhile?: (watch: PromptThreadWatch) => void,
) {
  const watch = new PromptThreadWatch(LIMIT);
  for (let at = 0; at <= 1_800_000; at += STEP) {
    if (watch.sample({ at, promptId: 'p1', cpuMs: 1000, gpuBusy: null, ...sampleAt(at) })) return at;
    meanwhile?.(watch);
  }
  return null;
}

test('8.22 a prompt that runs while nothing computes for ten minutes has a dead thread', () => {
  expect(stuckAt(() => ({}))).toBe(LIMIT + STEP);
});

test('answering HTTP alone is no sign of life: a hundredth of a core', () => {
  expect(stuckAt((at) => ({ cpuMs: at * 0.01 }))).not.toBeNull();
});

test('a silent model load is not stuck: it uses CPU', () => {
  expect(stuckAt((at) => ({ cpuMs: at * 0.3 }))).toBeNull();
});

test('a busy GPU is a sign of life', () => {
  expect(stuckAt(() => ({ gpuBusy: true }))).toBeNull();
});

test('a prompt that changes, or none, is no dead thread', () => {
  expect(stuckAt((at) => ({ promptId: `p${Math.floor(at / 300_000)}` }))).toBeNull();
  expect(stuckAt(() => ({ promptId: null }))).toBeNull();
});

test('unknown CPU is not zero CPU', () => {
  expect(stuckAt(() => ({ cpuMs: null }))).toBeNull();
});

test('progress seen by others counts', () => {
  expect(
    stuckAt(
      () => ({}),
      (watch) => watch.sawProgress(),
    ),
  ).toBeNull();
});
