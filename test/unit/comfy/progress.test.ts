import { expect, test } from 'vitest';
import { type ComfyFrame, readFrame } from '../../../worker-agent/src/comfy/messages.ts';
import { ProgressTracker } from '../../../worker-agent/src/comfy/progress.ts';
import type { PromptProgress } from '../../../worker-agent/src/comfy/roles.ts';

const PROMPT = Buffer.from(
  JSON.stringify({
    '1': { class_type: 'CheckpointLoaderSimple', inputs: {} },
    '2': { class_type: 'KSampler', inputs: {} },
    '3': { class_type: 'LoadImage', inputs: {} },
    '4': { class_type: 'SaveImage', inputs: {} },
  }),
);

function frame(type: string, data: object): ComfyFrame {
  const read = readFrame(JSON.stringify({ type, data: { prompt_id: 'p', ...data } }));
  if (!read) throw new Error(`no frame: ${type}`);
  return read;
}
const executing = (node: string | null) => frame('executing', { node });
const tick = (node: string, value: number, max: number) => frame('progress', { node, value, max });
const state = (nodes: Record<string, [number, number, string]>) =>
  frame('progress_state', {
    nodes: Object.fromEntries(
      Object.entries(nodes).map(([id, [value, max, word]]) => [id, { value, max, state: word }]),
    ),
  });

function tracked(...frames: ComfyFrame[]): PromptProgress[] {
  const seen: PromptProgress[] = [];
  const tracker = new ProgressTracker((progress) => seen.push(progress));
  tracker.setPrompt(PROMPT);
  tracker.queued();
  for (const one of frames) tracker.handle(one);
  return seen;
}

test('before its first node the share is unknown, not zero', () => {
  expect(tracked(frame('execution_start', {}))).toEqual([
    { phase: 'queued', fraction: null, node: null, step: null, steps: null },
    { phase: 'running', fraction: null, node: null, step: null, steps: null },
  ]);
});

test('a model loader is loading; loading an image is not', () => {
  const seen = tracked(executing('1'), executing('3'), executing('2'));
  expect(seen.slice(1).map(({ phase, node }) => `${phase} ${node}`)).toEqual([
    'loading CheckpointLoaderSimple',
    'running LoadImage',
    'running KSampler',
  ]);
});

test('sampling is most of the bar; steps are told and end with the node', () => {
  const seen = tracked(executing('2'), tick('2', 10, 20), executing('4'));
  expect(seen[2]).toMatchObject({ step: 10, steps: 20 });
  expect(seen[2]?.fraction).toBeCloseTo(0.4, 1);
  expect(seen[3]).toMatchObject({ node: 'SaveImage', step: null, steps: null });
});

test('cached nodes count as done', () => {
  const seen = tracked(frame('execution_cached', { nodes: ['1', '2', '3'] }));
  expect(seen.at(-1)?.fraction).toBeGreaterThan(0.9);
});

test('it never goes back, and 1 is the most', () => {
  const seen = tracked(
    state({ '1': [1, 1, 'finished'], '2': [15, 20, 'running'] }),
    tick('2', 3, 20),
    state({ '2': [20, 20, 'finished'], '9': [1, 1, 'finished'] }),
    state({ '2': [1, 20, 'running'] }),
    state({ '3': [1, 1, 'finished'], '4': [5, 1, 'finished'] }),
  );
  const fractions = seen.map(({ fraction }) => fraction ?? 0);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect(fractions.at(-1)).toBe(1);
});

test('a node of an expanded subgraph is shown as its parent', () => {
  const seen = tracked(executing('2:7'), state({ '2.0.1': [3, 8, 'running'] }));
  expect(seen[1]).toMatchObject({ node: 'KSampler' });
  expect(seen.at(-1)).toMatchObject({ node: 'KSampler', step: 3, steps: 8 });
});

test('events before the prompt was parsed are not lost', () => {
  const seen: PromptProgress[] = [];
  const tracker = new ProgressTracker((progress) => seen.push(progress));
  tracker.handle(frame('execution_cached', { nodes: ['1', '2', '3'] }));
  tracker.setPrompt(PROMPT);
  tracker.handle(executing('4'));
  expect(seen.at(-1)?.fraction).toBeGreaterThan(0.9);
});

test('unreadable prompts give progress without a share', () => {
  for (const text of ['', '[]', '{"a":1}', 'nonsense']) {
    const seen: PromptProgress[] = [];
    const tracker = new ProgressTracker((progress) => seen.push(progress));
    tracker.setPrompt(Buffer.from(text));
    tracker.handle(executing('2'));
    expect(seen.at(-1)).toMatchObject({ phase: 'running', fraction: null, node: null });
  }
});

test('the same progress is told once', () => {
  const again = state({ '2': [1, 20, 'running'] });
  expect(tracked(executing('2'), tick('2', 1, 20), again, tick('2', 1, 20), again)).toHaveLength(3);
});
