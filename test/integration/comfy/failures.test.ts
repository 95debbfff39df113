import { expect, test } from 'vitest';
import { failed, prompts, start, succeeded } from '../../support/comfy-prompts.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { client, double, submissions, until } from './stage.ts';

test('deaf sockets: the end is found by polling, the socket replaced, the next prompt hears again', async () => {
  const server = await double();
  const notices: string[] = [];
  const comfy = client(server.url, { onNotice: (sentence) => notices.push(sentence) });
  const undo = server.faults.deafSockets();
  const deaf = start(comfy, prompts.slow(2.5));
  expect(succeeded(await deaf.outcome).files).toHaveLength(1);
  expect(notices.join()).toContain('deaf');
  undo();
  const next = start(comfy, prompts.slow(0.2));
  succeeded(await next.outcome);
  expect(next.seen.some(({ step }) => step !== null)).toBe(true);
  const clientIds = server.promptBodies.map(({ body }) => /"client_id":"([^"]+)"/.exec(String(body))?.[1]);
  expect(new Set(clientIds).size).toBe(2);
});

test('connections lost in the middle: the prompt ends once, with progress again', async () => {
  const server = await double();
  const comfy = client(server.url);
  const run = start(comfy, prompts.slow(2, 20));
  await until(() => run.seen.some(({ step }) => step === 2), 'two ticks');
  server.faults.dropConnections();
  const before = run.seen.length;
  expect(succeeded(await run.outcome).files).toHaveLength(1);
  expect(run.seen.slice(before).some(({ step }) => step !== null && step > 3)).toBe(true);
  expect(submissions(server, run.promptId)).toBe(1);
});

test('a link cut in the middle for longer than a restart takes: waited for, not run again', async () => {
  const server = await double();
  const proxy = await startFaultProxy(server.port);
  const comfy = client(`http://127.0.0.1:${proxy.port}`, { goneAfterMs: 100 });
  const run = start(comfy, prompts.slow(0.5));
  await run.accepted;
  proxy.cut();
  await until(() => server.queue.tasksRemaining === 0, 'the end at the server');
  proxy.mend();
  expect(succeeded(await run.outcome).files).toHaveLength(1);
  await proxy.stop();
});

test('HTTP hangs for a while, as while a node holds the interpreter: patience', async () => {
  const server = await double();
  const comfy = client(server.url, { httpTimeoutMs: 200 });
  const run = start(comfy, prompts.silent(2, true));
  expect(succeeded(await run.outcome).files).toHaveLength(1);
});

test('HTTP hangs for good: stuck, with the next step', async () => {
  const server = await double();
  const comfy = client(server.url, { httpTimeoutMs: 100, stuckAfterMs: 600 });
  const run = start(comfy, prompts.slow(20, 1));
  await until(() => run.seen.some(({ node }) => node === 'SlowImage'), 'running');
  server.faults.hangHttp();
  expect(failed(await run.outcome).error).toMatchObject({
    code: 'COMFY_STUCK',
    retryable: true,
    message: 'ComfyUI has not answered for 1 min.',
  });
});

test('the prompt thread is dead: stuck, but not while the GPU computes', async () => {
  const server = await double();
  let busy = true;
  let asked = 0;
  const comfy = client(server.url, {
    stuckAfterMs: 300,
    gpuBusy: () => {
      asked += 1;
      return busy;
    },
  });
  const run = start(comfy, prompts.slow(1, 10));
  await until(() => run.seen.some(({ step }) => step === 1), 'a tick');
  server.faults.killPromptThread();
  await until(() => asked > 2, 'the GPU was asked');
  busy = false;
  expect(failed(await run.outcome).error.code).toBe('COMFY_STUCK');
});

test('restart in the middle: vanished, and it may run again', async () => {
  const server = await double();
  const comfy = client(server.url);
  const run = start(comfy, prompts.slow(20));
  await run.accepted;
  await server.faults.restart(100);
  expect(await run.outcome).toMatchObject({
    kind: 'vanished',
    error: { code: 'COMFY_DIED', retryable: true },
  });
  succeeded(await start(comfy, prompts.quick()).outcome);
});

test('restart in the middle, and somebody else has submitted since: still noticed', async () => {
  const server = await double();
  const comfy = client(server.url);
  const other = client(server.url);
  const run = start(comfy, prompts.slow(20));
  await run.accepted;
  await server.faults.restart(0);
  const foreign = start(other, prompts.slow(5));
  await foreign.accepted;
  expect(await run.outcome).toMatchObject({ kind: 'vanished' });
  foreign.cancel();
  await foreign.outcome;
});

test('the process ends and nothing comes back: vanished after the given patience', async () => {
  const server = await double();
  const comfy = client(server.url, { goneAfterMs: 300 });
  const run = start(comfy, prompts.slow(20));
  await run.accepted;
  server.faults.crash();
  expect(await run.outcome).toMatchObject({ kind: 'vanished', error: { code: 'COMFY_DIED' } });
});

test('an end that was announced counts, although the server dies before history shows it', async () => {
  const server = await double({ historyDelayMs: 60_000 });
  const comfy = client(server.url);
  const run = start(comfy, prompts.slow(0.1));
  await until(() => run.seen.some(({ node, fraction }) => node === 'SaveImage' && fraction === 1), 'saved');
  await server.faults.restart(100);
  const outcome = succeeded(await run.outcome);
  expect(outcome.files).toHaveLength(1);
  expect(outcome.warnings.join()).toContain('history');
});

test('a web page instead of ComfyUI: said so at once, survived in the middle', async () => {
  const server = await double();
  const comfy = client(server.url);
  const run = start(comfy, prompts.slow(1));
  await run.accepted;
  const undo = server.faults.answerHtml(200);
  await expect(comfy.stats()).rejects.toMatchObject({
    code: 'COMFY_PROTOCOL',
    message: `ComfyUI at ${server.url} answered /system_stats with a web page.`,
  });
  await expect(start(comfy, prompts.quick()).outcome).rejects.toMatchObject({ code: 'COMFY_PROTOCOL' });
  undo();
  server.faults.answerHtml(502);
  await expect(comfy.stats()).rejects.toMatchObject({ code: 'COMFY_UNREACHABLE', retryable: true });
  await expect(start(comfy, prompts.quick()).outcome).rejects.toMatchObject({ code: 'COMFY_UNREACHABLE' });
  server.faults.clear();
  expect(succeeded(await run.outcome).files).toHaveLength(1);
});

test('nobody listens: the prompt is not taken, and that is an error, not an outcome', async () => {
  const server = await double();
  const { url } = server;
  await server.stop();
  const comfy = client(url, { socketWaitMs: 50 });
  await expect(start(comfy, prompts.quick()).outcome).rejects.toMatchObject({
    code: 'COMFY_UNREACHABLE',
    message: `ComfyUI at ${url} refuses the connection; the server is not running.`,
  });
  await expect(comfy.stats()).rejects.toMatchObject({ code: 'COMFY_UNREACHABLE' });
});

test('the answer to POST is lost, the prompt was taken: followed, not submitted twice', async () => {
  const server = await double();
  const notices: string[] = [];
  const comfy = client(server.url, {
    submitTimeoutMs: 200,
    httpTimeoutMs: 200,
    onNotice: (sentence) => notices.push(sentence),
  });
  await until(() => server.openSockets > 0, 'connected');
  const undo = server.faults.hangHttp();
  const run = start(comfy, prompts.slow(0.3));
  await until(() => notices.length > 0, 'the answer was given up');
  undo();
  expect(succeeded(await run.outcome).files).toHaveLength(1);
  expect(submissions(server, run.promptId)).toBe(1);
});

test('cancelled while nobody knows whether it was taken: interrupted, nothing runs on', async () => {
  const server = await double();
  const notices: string[] = [];
  const comfy = client(server.url, {
    submitTimeoutMs: 200,
    httpTimeoutMs: 200,
    onNotice: (sentence) => notices.push(sentence),
  });
  await until(() => server.openSockets > 0, 'connected');
  const undo = server.faults.hangHttp();
  const run = start(comfy, prompts.slow(20, 100));
  await until(() => notices.length > 0, 'the answer was given up');
  run.cancel();
  undo();
  expect(await run.outcome).toEqual({ kind: 'interrupted' });
  expect(server.queue.tasksRemaining).toBe(0);
});

test('the connection breaks under POST and nothing was taken: submitted again, run once', async () => {
  const server = await double();
  const proxy = await startFaultProxy(server.port);
  const notices: string[] = [];
  const comfy = client(`http://127.0.0.1:${proxy.port}`, {
    submitTimeoutMs: 200,
    onNotice: (sentence) => notices.push(sentence),
  });
  await until(() => server.openSockets > 0, 'connected');
  proxy.freeze();
  const run = start(comfy, prompts.quick());
  await until(() => notices.length > 0, 'the answer was given up');
  proxy.cut();
  proxy.mend();
  expect(succeeded(await run.outcome).files).toHaveLength(1);
  expect(submissions(server, run.promptId)).toBe(1);
  await proxy.stop();
});
