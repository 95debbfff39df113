import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { failed, prompts, start, succeeded } from '../../support/comfy-prompts.ts';
import { client, double, submissions, until } from './stage.ts';

/** Contract 8.10: an agent that was restarted finds its prompt at ComfyUI and carries on. */
test('a running prompt is adopted: executed once, progress comes back', async () => {
  const server = await double();
  const before = client(server.url);
  const first = start(before, prompts.slow(3, 30));
  await until(() => first.seen.some(({ step }) => step !== null), 'first ticks');
  await before.close();
  await expect(first.outcome).rejects.toMatchObject({ code: 'COMFY_UNREACHABLE' });

  const after = client(server.url);
  let acceptedTimes = 0;
  const again = start(after, Buffer.from('{"2":{"class_type":"SlowImage","inputs":{}}}'), {
    promptId: first.promptId,
    fresh: false,
    resume: true,
    onAccepted: () => {
      acceptedTimes += 1;
    },
  });
  expect(succeeded(await again.outcome).files).toHaveLength(1);
  expect(acceptedTimes).toBe(1);
  expect(again.seen.some(({ phase }) => phase === 'running')).toBe(true);
  expect(again.seen.some(({ step, node }) => step !== null && node === 'SlowImage')).toBe(true);
  expect(submissions(server, first.promptId)).toBe(1);
});

test('a waiting prompt is adopted and runs once', async () => {
  const server = await double();
  const before = client(server.url);
  const ahead = start(before, prompts.slow(1));
  await ahead.accepted;
  const waiting = start(before, prompts.quick());
  await waiting.accepted;
  expect(await before.find(waiting.promptId)).toBe('queued');
  await before.close();

  const again = start(client(server.url), prompts.quick(), {
    promptId: waiting.promptId,
    fresh: false,
    resume: true,
  });
  expect(succeeded(await again.outcome).files).toHaveLength(1);
  expect(again.seen[0]?.phase).toBe('queued');
  expect(submissions(server, waiting.promptId)).toBe(1);
});

test('a finished prompt is taken from history, whether the attempt goes on or a new one starts', async () => {
  const server = await double();
  const comfy = client(server.url);
  const first = start(comfy, prompts.quick());
  const outcome = succeeded(await first.outcome);
  for (const resume of [true, false]) {
    const again = start(comfy, prompts.quick(), { promptId: first.promptId, fresh: false, resume });
    expect(succeeded(await again.outcome).files).toEqual(outcome.files);
  }
  expect(submissions(server, first.promptId)).toBe(1);
});

test('a failure counts when the attempt goes on, and is run again by a new attempt', async () => {
  const server = await double();
  server.faults.failNextPrompts(1, 'node_error');
  const comfy = client(server.url);
  const prompt = prompts.slow(0.1);
  const first = start(comfy, prompt);
  failed(await first.outcome);
  const resumed = start(comfy, prompt, { promptId: first.promptId, fresh: false, resume: true });
  failed(await resumed.outcome);
  expect(submissions(server, first.promptId)).toBe(1);

  const again = start(comfy, prompt, { promptId: first.promptId, fresh: false });
  expect(succeeded(await again.outcome).files).toHaveLength(1);
  expect(submissions(server, first.promptId)).toBe(2);
});

test('the one retry after out of memory does not mistake the first end for its own', async () => {
  const server = await double({ historyDelayMs: 20 });
  server.faults.failNextPrompts(1, 'oom');
  const comfy = client(server.url);
  const prompt = prompts.slow(0.3);
  const first = start(comfy, prompt);
  expect(failed(await first.outcome)).toMatchObject({ outOfMemory: true, error: { code: 'OUT_OF_VRAM' } });
  await comfy.free();
  for (const fresh of [true, false]) {
    const again = start(comfy, prompts.slow(0.3), { promptId: first.promptId, fresh });
    expect(again.promptId).toBe(first.promptId);
    expect(succeeded(await again.outcome).files).toHaveLength(1);
  }
});

test('find tells queued, running, finished and unknown apart', async () => {
  const server = await double();
  const comfy = client(server.url);
  const running = start(comfy, prompts.slow(1));
  const queued = start(comfy, prompts.quick());
  await running.accepted;
  await queued.accepted;
  await until(async () => (await comfy.find(running.promptId)) === 'running', 'running');
  expect(await comfy.find(queued.promptId)).toBe('queued');
  expect(await comfy.find(randomUUID())).toBe('unknown');
  await queued.outcome;
  expect(await comfy.find(queued.promptId)).toBe('finished');
});
