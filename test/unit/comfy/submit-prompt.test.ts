import { describe, expect, test } from 'vitest';
import { withDefaults } from '../../../worker-agent/src/comfy/options.ts';
import type { RunPromptRequest } from '../../../worker-agent/src/comfy/roles.ts';
import type {
  HistoryLook,
  QueueLook,
  ServerCalls,
  Submission,
} from '../../../worker-agent/src/comfy/server-calls.ts';
import { submitPrompt } from '../../../worker-agent/src/comfy/submit-prompt.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';

const away = (why: 'refused' | 'silent' | 'broken') => ({
  kind: 'unreachable' as const,
  why,
  error: new WorkshopError('COMFY_UNREACHABLE', why),
});
const taken: Submission = { kind: 'accepted', number: 4, nodeErrors: {} };
const absent = { kind: 'absent' as const };

/** A server that gives these answers in turn; the last one stays. */
function server(answers: { submit: Submission[]; queue?: QueueLook[]; history?: HistoryLook[] }) {
  const asked: string[] = [];
  const next = <T>(name: string, list: readonly T[], otherwise: T): T => {
    const nth = asked.filter((one) => one === name).length;
    asked.push(name);
    return list[Math.min(nth, list.length - 1)] ?? otherwise;
  };
  const unused = () => Promise.reject(new Error('not to be asked'));
  const calls: ServerCalls = {
    submit: async () => next<Submission>('submit', answers.submit, taken),
    queue: async () => next<QueueLook>('queue', answers.queue ?? [], absent),
    history: async () => next<HistoryLook>('history', answers.history ?? [], absent),
    remaining: unused,
    cancel: unused,
    stats: unused,
    free: unused,
  };
  return { asked, calls };
}

function submit(calls: ServerCalls, more: Partial<RunPromptRequest> = {}, goneAfterMs = 10_000) {
  const deps = { calls, patience: withDefaults({ goneAfterMs }), closing: new AbortController().signal };
  const request: RunPromptRequest = {
    promptId: 'p',
    prompt: Buffer.from('{}'),
    fresh: true,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...more,
  };
  return submitPrompt(deps, request, async () => 'client');
}

describe('a submission without an answer', () => {
  test('that turns up late in the queue is not made twice', async () => {
    const { asked, calls } = server({
      submit: [away('silent')],
      queue: [absent, { kind: 'queued', number: 9, clientId: 'client' }],
    });
    expect(await submit(calls)).toMatchObject({ kind: 'held', prompt: { number: 9, adopted: false } });
    expect(asked.filter((one) => one === 'submit')).toHaveLength(1);
  });

  test('that stays absent is made once more, and then given up', async () => {
    const { asked, calls } = server({ submit: [away('broken')] });
    await expect(submit(calls)).rejects.toMatchObject({ code: 'COMFY_UNREACHABLE' });
    expect(asked.filter((one) => one === 'submit')).toHaveLength(2);
    expect(asked.filter((one) => one === 'queue').length).toBeGreaterThanOrEqual(4);
  }, 30_000);

  test('is not made again while nobody can say whether it was taken', async () => {
    const { asked, calls } = server({
      submit: [away('broken')],
      queue: [away('broken'), away('silent'), { kind: 'running', number: 9, clientId: 'client' }],
    });
    expect(await submit(calls)).toMatchObject({ kind: 'held' });
    expect(asked.filter((one) => one === 'submit')).toHaveLength(1);
  });

  test('to a server that is gone has vanished with it', async () => {
    const { calls } = server({ submit: [away('broken')], queue: [away('refused')] });
    expect(await submit(calls, {}, 300)).toMatchObject({
      kind: 'over',
      accepted: false,
      outcome: { kind: 'vanished', error: { code: 'COMFY_DIED' } },
    });
  });
});

test('refused connections took nothing in: an error at once', async () => {
  const { asked, calls } = server({ submit: [away('refused')] });
  await expect(submit(calls)).rejects.toMatchObject({ code: 'COMFY_UNREACHABLE' });
  expect(asked).toEqual(['submit']);
});

test('a fresh prompt is handed over without a look', async () => {
  const { asked, calls } = server({ submit: [taken] });
  expect(await submit(calls)).toMatchObject({ kind: 'held', prompt: { number: 4, clientId: 'client' } });
  expect(asked).toEqual(['submit']);
});

test('a resumed prompt at a server that is silent for a while is waited for', async () => {
  const { asked, calls } = server({
    submit: [taken],
    queue: [away('silent'), { kind: 'running', number: 1, clientId: 'old' }],
  });
  expect(await submit(calls, { fresh: false, resume: true })).toMatchObject({
    kind: 'held',
    prompt: { adopted: true, clientId: 'old' },
  });
  expect(asked).toEqual(['queue', 'queue']);
});
