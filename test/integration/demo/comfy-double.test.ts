/** What the ComfyUI double does beyond the recordings: card memory, failure injection, its own process. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { pngSize } from '../../../resources/demo/comfy-double/media.ts';
import {
  type ComfyDouble,
  type ComfyDoubleOptions,
  startComfyDouble,
} from '../../../resources/demo/comfy-double/server.ts';
import { vramFileSchema } from '../../../resources/demo/comfy-double/vram-file.ts';

const MAIN = resolve(import.meta.dirname, '../../../resources/demo/comfy-double/main.ts');
const GIBIBYTE = 1024 ** 3;
const opened: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

function folder(): string {
  const created = mkdtempSync(join(tmpdir(), 'comfy-double-test-'));
  opened.push(() => rmSync(created, { recursive: true, force: true, maxRetries: 5 }));
  return created;
}

async function start(options: ComfyDoubleOptions = {}): Promise<ComfyDouble> {
  const double = await startComfyDouble({ historyDelayMs: 0, ...options });
  opened.push(() => double.stop());
  return double;
}

interface Listener {
  readonly socket: WebSocket;
  readonly types: string[];
}

async function listen(double: ComfyDouble, clientId: string): Promise<Listener> {
  const socket = new WebSocket(`ws://127.0.0.1:${double.port}/ws?clientId=${clientId}`);
  const types: string[] = [];
  socket.on('message', (data, isBinary) => {
    if (!isBinary) types.push(z.object({ type: z.string() }).parse(JSON.parse(String(data))).type);
  });
  socket.on('error', () => undefined);
  opened.push(() => socket.terminate());
  await expect.poll(() => types.length, { interval: 2 }).toBeGreaterThan(0);
  return { socket, types };
}

const accepted = z.object({ prompt_id: z.string(), number: z.number() });

async function post(double: ComfyDouble, prompt: object, more: object = {}): Promise<string> {
  const body = JSON.stringify({ prompt, ...more });
  const reply = await fetch(`${double.url}/prompt`, { method: 'POST', body });
  return accepted.parse(await reply.json()).prompt_id;
}

const entrySchema = z.object({
  outputs: z.record(z.string(), z.record(z.string(), z.array(z.unknown()))),
  status: z.object({
    status_str: z.string(),
    messages: z.array(z.tuple([z.string(), z.record(z.string(), z.unknown())])),
  }),
});
type Entry = z.infer<typeof entrySchema>;

async function historyOf(double: ComfyDouble, id: string): Promise<Entry | undefined> {
  const reply = await fetch(`${double.url}/history/${id}`);
  return z.record(z.string(), entrySchema).parse(await reply.json())[id];
}

async function finished(double: ComfyDouble, id: string): Promise<Entry> {
  await expect
    .poll(async () => (await historyOf(double, id)) !== undefined, { interval: 5, timeout: 10_000 })
    .toBe(true);
  const entry = await historyOf(double, id);
  if (!entry) throw new Error('no entry');
  return entry;
}

function quick(seconds = 0, seed = 1): object {
  return {
    1: { class_type: 'EmptyImage', inputs: { width: 64, height: 64, batch_size: 1, color: 255 } },
    2: { class_type: 'SlowImage', inputs: { seconds, steps: 4, seed, mode: 'plain', image: ['1', 0] } },
    3: { class_type: 'SaveImage', inputs: { images: ['2', 0], filename_prefix: 'quick' } },
  };
}

function image(checkpoint: string, seed = 1): object {
  return {
    1: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: checkpoint } },
    2: { class_type: 'CLIPTextEncode', inputs: { text: 'a cat', clip: ['1', 1] } },
    3: { class_type: 'EmptyLatentImage', inputs: { width: 512, height: 512, batch_size: 2 } },
    4: {
      class_type: 'KSampler',
      inputs: {
        ...{ model: ['1', 0], seed, steps: 4, cfg: 7, sampler_name: 'euler', scheduler: 'normal' },
        ...{ positive: ['2', 0], negative: ['2', 0], latent_image: ['3', 0], denoise: 1 },
      },
    },
    5: { class_type: 'VAEDecode', inputs: { samples: ['4', 0], vae: ['1', 2] } },
    6: { class_type: 'SaveImage', inputs: { images: ['5', 0], filename_prefix: 'user007/cat' } },
  };
}

function errorOf(entry: Entry): Record<string, unknown> {
  return entry.status.messages.find(([name]) => name === 'execution_error')?.[1] ?? {};
}

test('a real PNG of the latent size lies in the output folder, the same for the same seed', async () => {
  const output = folder();
  const double = await start({ speed: 10_000, outputDirectory: output });
  const first = await finished(double, await post(double, image('sd_xl_base_1.0.safetensors', 5)));
  expect(first.outputs['6']?.images).toEqual([
    { filename: 'cat_00001_.png', subfolder: 'user007', type: 'output' },
    { filename: 'cat_00002_.png', subfolder: 'user007', type: 'output' },
  ]);
  const bytes = readFileSync(join(output, 'user007/cat_00001_.png'));
  expect(pngSize(bytes)).toEqual({ width: 512, height: 512 });
  await fetch(`${double.url}/free`, { method: 'POST', body: '{"free_memory":true}' });
  await finished(double, await post(double, image('sd_xl_base_1.0.safetensors', 5)));
  expect(readFileSync(join(output, 'user007/cat_00003_.png')).equals(bytes)).toBe(true);
});

test('the raw bytes of every accepted body are kept', async () => {
  const double = await start({ speed: 10_000 });
  const body = JSON.stringify({ prompt: quick(), x: 'ü' }).replace(
    '"seed":1',
    '"seed": 18446744073709551615',
  );
  const reply = await fetch(`${double.url}/prompt`, { method: 'POST', body });
  const { prompt_id: id } = accepted.parse(await reply.json());
  expect(double.bodyOf(id)?.toString('utf8')).toBe(body);
  expect(await (await fetch(`${double.url}/queue`)).text()).not.toContain('18446744073709552000');
});

test('history is still empty at execution_success and readable at executing(null)', async () => {
  const double = await start({ speed: 10_000, historyDelayMs: 40 });
  const { types } = await listen(double, 'a');
  const id = await post(double, quick(), { client_id: 'a' });
  await expect.poll(() => types.includes('execution_success'), { interval: 1 }).toBe(true);
  expect(await historyOf(double, id)).toBeUndefined();
  const ends = () => types.filter((type) => type === 'executing').length;
  await expect.poll(ends, { interval: 1 }).toBe(4);
  expect(await historyOf(double, id)).toBeDefined();
});

test('models come onto the card when used, push each other off it, and leave it with /free', async () => {
  const double = await start({ speed: 10_000, vramTotal: 16 * GIBIBYTE });
  const idle = double.card.used;
  await finished(double, await post(double, image('sd_xl_base_1.0.safetensors')));
  expect(double.card.loadedModels).toContain('sd_xl_base_1.0.safetensors');
  expect(double.card.used).toBeGreaterThan(6 * GIBIBYTE);
  await finished(double, await post(double, image('flux1-schnell-fp8.safetensors')));
  expect(double.card.loadedModels).toContain('flux1-schnell-fp8.safetensors');
  expect(double.card.loadedModels).not.toContain('sd_xl_base_1.0.safetensors');
  await fetch(`${double.url}/free`, { method: 'POST', body: '{"unload_models":true}' });
  await expect.poll(() => double.card.used, { interval: 2 }).toBe(idle);
});

test('a card that others fill gives the out-of-memory error of the recordings and is empty afterwards', async () => {
  const card = folder();
  // The weights of a model may stay in main memory; the work on the card may not.
  const options = { speed: 10_000, vramTotal: 15.5 * GIBIBYTE };
  const one = await start({ ...options, vramFile: join(card, 'worker-1.json') });
  const two = await start({ ...options, vramFile: join(card, 'worker-2.json') });
  await finished(one, await post(one, image('flux1-schnell-fp8.safetensors')));
  const stats = z
    .object({ devices: z.tuple([z.object({ vram_total: z.number(), vram_free: z.number() })]) })
    .parse(await (await fetch(`${two.url}/system_stats`)).json());
  expect(stats.devices[0].vram_free).toBeLessThan(GIBIBYTE);
  const entry = await finished(two, await post(two, image('flux1-schnell-fp8.safetensors')));
  expect(errorOf(entry)).toMatchObject({
    exception_type: 'torch.OutOfMemoryError',
    exception_message: expect.stringMatching(
      /^CUDA out of memory\..*\nThis error means you ran out of memory on your GPU\.\n\nTIPS/,
    ),
  });
  expect(two.card.loadedModels).toEqual([]);
  const file = vramFileSchema.parse(JSON.parse(readFileSync(join(card, 'worker-2.json'), 'utf8')));
  expect(file).toEqual({ pid: process.pid, port: two.port, vramBytes: two.card.used, utilisation: 0 });
  await two.stop();
  expect(readdirSync(card)).toEqual(['worker-1.json']);
});

test('oomRate fails by chance, the same way for the same seed', async () => {
  const outcomes: string[][] = [];
  for (let run = 0; run < 2; run += 1) {
    const double = await start({ speed: 100_000, oomRate: 0.3, seed: 7 });
    const seen: string[] = [];
    for (let seed = 0; seed < 8; seed += 1) {
      seen.push(
        (await finished(double, await post(double, image('sd_xl_base_1.0.safetensors', seed)))).status
          .status_str,
      );
    }
    outcomes.push(seen);
  }
  expect(outcomes[0]).toEqual(outcomes[1]);
  expect(new Set(outcomes[0])).toEqual(new Set(['success', 'error']));
});

test('silence: no frame for its time, HTTP answers, then everything arrives', async () => {
  const double = await start({ speed: 10_000 });
  const { types } = await listen(double, 'a');
  const end = double.faults.silence(60);
  const id = await post(double, quick(), { client_id: 'a' });
  await delay(60);
  expect(types).toEqual(['status']);
  expect(await historyOf(double, id)).toBeUndefined();
  end();
  await finished(double, id);
  await expect.poll(() => types.includes('execution_success'), { interval: 2 }).toBe(true);
});

test('a dead prompt thread leaves the queue as it is', async () => {
  const double = await start({ speed: 10_000 });
  const revive = double.faults.killPromptThread();
  const [first, second] = [await post(double, quick(0, 1)), await post(double, quick(0, 2))];
  await fetch(`${double.url}/interrupt`, { method: 'POST' });
  await delay(40);
  expect(double.queue.current?.promptId).toBe(first);
  expect(double.queue.pending.map((item) => item.promptId)).toEqual([second]);
  revive();
  expect((await finished(double, second)).status.status_str).toBe('success');
});

test('HTTP hangs or speaks HTML until that is taken back', async () => {
  const double = await start();
  const release = double.faults.hangHttp();
  const answer = fetch(`${double.url}/prompt`);
  expect(await Promise.race([answer.then(() => 'answered'), delay(60, 'waiting')])).toBe('waiting');
  release();
  expect((await answer).status).toBe(200);
  double.faults.answerHtml();
  const html = await fetch(`${double.url}/history`);
  expect([html.status, html.headers.get('content-type')]).toEqual([502, 'text/html']);
  double.faults.clear();
  expect((await fetch(`${double.url}/history`)).status).toBe(200);
});

test('deaf sockets hear nothing but still answer pings', async () => {
  const double = await start({ speed: 10_000 });
  const { socket, types } = await listen(double, 'a');
  const undo = double.faults.deafSockets();
  await finished(double, await post(double, quick(0, 1), { client_id: 'a' }));
  await new Promise((resolve) => socket.once('pong', resolve).ping());
  expect(types).toEqual(['status']);
  undo();
  await finished(double, await post(double, quick(0, 2), { client_id: 'a' }));
  await expect.poll(() => types.includes('execution_success'), { interval: 2 }).toBe(true);
});

test('deafAfterReconnect: only a clientId used before is deaf', async () => {
  const double = await start({ speed: 10_000 });
  const first = await listen(double, 'a');
  double.faults.deafAfterReconnect();
  first.socket.close();
  await expect.poll(() => double.openSockets, { interval: 2 }).toBe(0);
  const again = new WebSocket(`ws://127.0.0.1:${double.port}/ws?clientId=a`);
  opened.push(() => again.terminate());
  const heard: string[] = [];
  again.on('message', (data) => heard.push(String(data)));
  await expect.poll(() => double.openSockets, { interval: 2 }).toBe(1);
  const fresh = await listen(double, 'b');
  await finished(double, await post(double, quick()));
  await expect.poll(() => fresh.types.includes('progress'), { interval: 2 }).toBe(true);
  expect(heard).toEqual([]);
});

test.each([
  ['node_error', 'RuntimeError'],
  ['oom', 'torch.OutOfMemoryError'],
] as const)('failNextPrompts(1, %s)', async (kind, type) => {
  const double = await start({ speed: 10_000 });
  double.faults.failNextPrompts(1, kind);
  expect(errorOf(await finished(double, await post(double, quick(0, 1)))).exception_type).toBe(type);
  expect((await finished(double, await post(double, quick(0, 2)))).status.status_str).toBe('success');
});

test.each([
  ['validation', 400],
  ['http_500', 500],
] as const)('failNextPrompts(1, %s) is refused at once', async (kind, status) => {
  const double = await start({ speed: 10_000 });
  double.faults.failNextPrompts(1, kind);
  const statuses: number[] = [];
  for (let at = 0; at < 2; at += 1) {
    const reply = await fetch(`${double.url}/prompt`, {
      method: 'POST',
      body: JSON.stringify({ prompt: quick() }),
    });
    statuses.push(reply.status);
  }
  expect(statuses).toEqual([status, 200]);
});

test('delayReply: the prompt runs before its POST is answered', async () => {
  const double = await start({ speed: 10_000 });
  const { types } = await listen(double, 'a');
  double.faults.delayReply(80);
  const reply = post(double, quick(), { client_id: 'a' });
  await expect.poll(() => types.includes('execution_success'), { interval: 2 }).toBe(true);
  expect(await Promise.race([reply, delay(0, 'waiting')])).toBe('waiting');
  await reply;
});

test('delayModelLoad makes loaders silent for longer', async () => {
  const double = await start({ speed: 10_000 });
  double.faults.delayModelLoad(50);
  const begin = performance.now();
  await finished(double, await post(double, image('sd_xl_base_1.0.safetensors')));
  expect(performance.now() - begin).toBeGreaterThan(145);
});

test('restart breaks sockets with 1006, forgets everything and keeps the port', async () => {
  const double = await start({ speed: 1 });
  const { socket } = await listen(double, 'a');
  const code = new Promise((resolve) => socket.once('close', resolve));
  const { port } = double;
  await post(double, quick(60, 1));
  await post(double, quick(60, 2));
  const restarted = double.faults.restart(50);
  expect(await code).toBe(1006);
  await expect(fetch(`${double.url}/prompt`)).rejects.toThrow();
  await restarted;
  expect(double.port).toBe(port);
  expect(await (await fetch(`${double.url}/queue`)).json()).toEqual({ queue_running: [], queue_pending: [] });
  const reply = await fetch(`${double.url}/prompt`, {
    method: 'POST',
    body: JSON.stringify({ prompt: quick() }),
  });
  expect(accepted.parse(await reply.json()).number).toBe(0);
});

test('dropConnections breaks what is open and nothing else', async () => {
  const double = await start({ speed: 10_000 });
  const { socket } = await listen(double, 'a');
  const code = new Promise((resolve) => socket.once('close', resolve));
  double.faults.dropConnections();
  expect(await code).toBe(1006);
  await finished(double, await post(double, quick()));
});

async function launch(
  ...args: string[]
): Promise<{ child: ChildProcess; url: string; code: Promise<unknown> }> {
  const child = spawn(process.execPath, [MAIN, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  opened.push(() => void child.kill('SIGKILL'));
  const code = new Promise((done) => child.once('exit', (status, signal) => done(status ?? signal)));
  const line = await new Promise<string>((done) => child.stdout?.once('data', (data) => done(String(data))));
  return { child, url: /^listening on (http:\S+)$/m.exec(line)?.[1] ?? '', code };
}

test('as a process: ready line, control, SIGTERM ends it at once', async () => {
  const card = join(folder(), 'card');
  const file = join(card, 'worker-1.json');
  const { child, url, code } = await launch('--control', '--version', '0.33.0', '--vram-file', file);
  expect(existsSync(file)).toBe(true);
  const stats: unknown = await (await fetch(`${url}/system_stats`)).json();
  expect(stats).toHaveProperty('system.comfyui_version', '0.33.0');
  const control = (action: object) =>
    fetch(`${url}/double/control`, { method: 'POST', body: JSON.stringify(action) });
  expect((await control({ action: 'nonsense' })).status).toBe(400);
  expect((await control({ action: 'answerHtml' })).status).toBe(200);
  expect((await fetch(`${url}/prompt`)).status).toBe(502);
  await control({ action: 'clear' });
  expect((await fetch(`${url}/prompt`)).status).toBe(200);
  const begin = performance.now();
  child.kill('SIGTERM');
  expect(await code).toBe('SIGTERM');
  expect(performance.now() - begin).toBeLessThan(1000);
  expect(readdirSync(card)).toEqual([]);
});

test('as a process: exit code 1 where ComfyUI crashes', async () => {
  const { url, code } = await launch('--speed', '100');
  const prompt = JSON.stringify({ prompt: quick(), client_id: ['a'] });
  await fetch(`${url}/prompt`, { method: 'POST', body: prompt });
  expect(await code).toBe(1);
});
