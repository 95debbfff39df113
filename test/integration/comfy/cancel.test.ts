import { expect, test } from 'vitest';
import { prompts, start, succeeded } from '../../support/comfy-prompts.ts';
import { client, double, submissions, until } from './stage.ts';

/** Contract 5.2, 5.11.7–8, 8.5: cancel at every point of a prompt's life. */
test('before it is handed over: nothing is submitted', async () => {
  const server = await double();
  const comfy = client(server.url);
  const run = start(comfy, prompts.quick(), { signal: AbortSignal.abort() });
  expect(await run.outcome).toEqual({ kind: 'interrupted' });
  expect(submissions(server, run.promptId)).toBe(0);
});

test('while it waits: deleted, and the prompt ahead of it goes on', async () => {
  const server = await double();
  const comfy = client(server.url);
  const ahead = start(comfy, prompts.slow(1));
  const waiting = start(comfy, prompts.slow(1));
  await ahead.accepted;
  await waiting.accepted;
  waiting.cancel();
  expect(await waiting.outcome).toEqual({ kind: 'interrupted' });
  expect(await comfy.find(waiting.promptId)).toBe('unknown');
  expect(succeeded(await ahead.outcome).files).toHaveLength(1);
});

test('while it samples: interrupted at the next tick', async () => {
  const server = await double();
  const comfy = client(server.url);
  const run = start(comfy, prompts.slow(30, 100), { onStep: ({ step }) => step === 2 && run.cancel() });
  expect(await run.outcome).toEqual({ kind: 'interrupted' });
  expect(server.queue.tasksRemaining).toBe(0);
});

test('while a model loads: kept waiting for until the node is over, then interrupted', async () => {
  const server = await double();
  const comfy = client(server.url);
  const run = start(comfy, prompts.silent(1.5));
  await until(() => run.seen.some(({ node }) => node === 'SilentImage'), 'the silent node');
  run.cancel();
  expect(await run.outcome).toEqual({ kind: 'interrupted' });
});

test('in a last node that never looks: success comes out', async () => {
  const server = await double();
  const comfy = client(server.url);
  const prompt = Buffer.from(
    '{"1":{"class_type":"EmptyImage","inputs":{"width":64,"height":64,"batch_size":1,"color":7}},"2":{"class_type":"SilentOut","inputs":{"image":["1",0],"seconds":0.5}}}',
  );
  const run = start(comfy, prompt);
  await until(() => run.seen.some(({ node }) => node === 'SilentOut'), 'the silent node');
  run.cancel();
  expect(succeeded(await run.outcome).outputs).toEqual({ '2': { text: ['slept'] } });
});

test('an interrupt that got lost is sent again', async () => {
  const server = await double();
  const comfy = client(server.url);
  const run = start(comfy, prompts.slow(30, 100));
  await until(() => run.seen.some(({ step }) => step === 1), 'sampling');
  const undo = server.faults.answerHtml(502);
  run.cancel();
  // By the tenth answer the interrupt, sent before the first, has had its own.
  for (let i = 0; i < 10; i++)
    await expect(comfy.stats()).rejects.toMatchObject({ code: 'COMFY_UNREACHABLE' });
  undo();
  expect(await run.outcome).toEqual({ kind: 'interrupted' });
});

test('with a deaf socket: confirmed by polling', async () => {
  const server = await double();
  const comfy = client(server.url);
  server.faults.deafSockets();
  const run = start(comfy, prompts.slow(30, 100));
  await run.accepted;
  await until(async () => (await comfy.find(run.promptId)) === 'running', 'running');
  run.cancel();
  expect(await run.outcome).toEqual({ kind: 'interrupted' });
});

test('at a server that was restarted meanwhile: there is nothing left to interrupt', async () => {
  const server = await double();
  const comfy = client(server.url);
  const run = start(comfy, prompts.slow(30, 100));
  await run.accepted;
  run.cancel();
  await server.faults.restart(200);
  expect(await run.outcome).toEqual({ kind: 'interrupted' });
});

test('an adopted prompt can be cancelled', async () => {
  const server = await double();
  const before = client(server.url);
  const first = start(before, prompts.slow(30, 100));
  await first.accepted;
  await before.close();
  const again = start(client(server.url), prompts.quick(), {
    promptId: first.promptId,
    fresh: false,
    resume: true,
  });
  await again.accepted;
  again.cancel();
  expect(await again.outcome).toEqual({ kind: 'interrupted' });
});
