import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TRPCClientError } from '@trpc/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startWebShell, type WebShell } from '../../../src-main/shells/web/server.ts';
import { shellClient } from '../../support/shell-client.ts';
import { fakeServices } from './fake-services.ts';
import { until } from './until.ts';

let dir: string;
let shell: WebShell;
let fake: ReturnType<typeof fakeServices>;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'web-shell-'));
  await mkdir(join(dir, 'renderer/assets'), { recursive: true });
  await writeFile(join(dir, 'renderer/index.html'), '<!doctype html><title>page</title>');
  await writeFile(join(dir, 'renderer/assets/a.js'), 'export {}');
  await writeFile(join(dir, 'secret.txt'), 'secret');
  fake = fakeServices();
  shell = await startWebShell({ services: fake.services, rendererDir: join(dir, 'renderer') });
});
afterEach(async () => {
  await shell.close();
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A request exactly as given: no path is tidied, no header is added but the ones here. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((done, fail) => {
    const options = { host: '127.0.0.1', port: shell.port, path, method, headers };
    const sent = request(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', fail);
    sent.end();
  });
}

const tokenPath = () => new URL(shell.link()).pathname + new URL(shell.link()).search;

async function logIn(): Promise<string> {
  const { headers } = await ask(tokenPath());
  const [cookie] = headers['set-cookie'] ?? [];
  return String(cookie).split(';')[0] ?? '';
}

describe('the door', () => {
  test('opens by the printed link, once, and sets a cookie that scripts and other sites cannot use', async () => {
    const path = tokenPath();
    const first = await ask(path);
    expect(first).toMatchObject({ status: 303, headers: { location: '/' } });
    expect(String(first.headers['set-cookie'])).toMatch(/; HttpOnly; SameSite=Strict; Path=\//);
    expect(await ask(path)).toMatchObject({ status: 401 });
    expect((await ask(path)).headers['set-cookie']).toBeUndefined();
  });

  test('stays shut without a cookie, with a made-up one, and for a made-up token', async () => {
    expect((await ask('/')).status).toBe(401);
    expect((await ask('/', { cookie: `workshop-${shell.port}=x` })).status).toBe(401);
    expect((await ask('/?token=x')).status).toBe(401);
    expect((await ask('/assets/a.js')).status).toBe(401);
  });

  test.each(['localhost', 'evil.example', '127.0.0.1', '[::1]'])(
    'refuses the Host %s even with a cookie',
    async (name) => {
      const cookie = await logIn();
      const host = name === '127.0.0.1' ? '127.0.0.1:1' : `${name}:${shell.port}`;
      expect((await ask('/', { host, cookie })).status).toBe(421);
      const spent = tokenPath();
      expect((await ask(spent, { host })).status).toBe(421);
      // A foreign site cannot even use up the link.
      expect((await ask(spent)).status).toBe(303);
    },
  );

  test('only reads', async () => {
    const cookie = await logIn();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await ask('/', { cookie }, method)).status).toBe(405);
    expect(await ask('/', { cookie }, 'HEAD')).toMatchObject({ status: 200, body: '' });
  });

  test('is bound to this machine alone', async () => {
    const addresses = Object.values((await import('node:os')).networkInterfaces()).flat();
    const other = addresses.find((address) => address?.family === 'IPv4' && !address.internal);
    if (!other) return;
    await expect(
      new Promise((done, fail) => connect(shell.port, other.address, () => done('open')).once('error', fail)),
    ).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('files', () => {
  test('come with their type and with headers that lock the page', async () => {
    const cookie = await logIn();
    const page = await ask('/', { cookie });
    expect(page.status).toBe(200);
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect((await ask('/assets/a.js', { cookie })).headers['content-type']).toBe(
      'text/javascript; charset=utf-8',
    );
    expect((await ask('/favicon.ico')).status).toBe(204);
    expect((await ask('/nothing', { cookie })).status).toBe(404);
  });

  test.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..%5csecret.txt',
    '/assets/a.js%00.html',
    '/%',
    '//etc/passwd',
    '/assets',
  ])('nothing outside of the folder is read by %s', async (path) => {
    const cookie = await logIn();
    const answer = await ask(path, { cookie });
    expect(answer.status).toBe(404);
    expect(answer.body).not.toContain('secret\n');
    expect(answer.body).not.toBe('secret');
  });
});

describe('the socket', () => {
  const upgrade = (headers: Record<string, string>, path = '/trpc') =>
    new Promise<string>((done) => {
      const socket = new WebSocket(`ws://127.0.0.1:${shell.port}${path}`, { headers });
      socket.once('open', () => {
        socket.terminate();
        done('open');
      });
      socket.once('error', (cause) => done(cause.message));
    });

  test('opens for our own page only', async () => {
    const cookie = await logIn();
    const origin = `http://127.0.0.1:${shell.port}`;
    expect(await upgrade({ cookie, origin })).toBe('open');
    expect(await upgrade({ cookie })).toMatch(/401/);
    expect(await upgrade({ cookie, origin: 'http://evil.example' })).toMatch(/401/);
    expect(await upgrade({ cookie, origin: `http://localhost:${shell.port}` })).toMatch(/401/);
    expect(await upgrade({ cookie, origin: 'null' })).toMatch(/401/);
    expect(await upgrade({ origin })).toMatch(/401/);
    expect(await upgrade({ cookie, origin, host: 'evil.example' })).toMatch(/421/);
    expect(await upgrade({ cookie, origin }, '/other')).toMatch(/404/);
  });

  test('carries the router: subscription, mutation, an error with its code and remedy; an end frees everything', async () => {
    const cookie = await logIn();
    const { client, close } = shellClient(shell.port, cookie);
    const seen: number[] = [];
    client.workshop.changes.subscribe(undefined, { onData: ({ seq }) => void seen.push(seq) });
    await until('messages', () => seen.length >= 3);
    expect(seen.slice(0, 3)).toEqual([0, 1, 2]);
    expect(fake.watching()).toBe(1);
    expect(await client.jobs.cancel.mutate({ jobId: 'a' })).toEqual({ was: 'pending' });
    const refused: unknown = await client.jobs.cancel
      .mutate({ jobId: 'gone' })
      .catch((cause: unknown) => cause);
    expect(refused).toBeInstanceOf(TRPCClientError);
    expect(refused).toMatchObject({
      data: { workshop: { code: 'NOT_FOUND', remedy: 'look again', retryable: false } },
    });
    expect(JSON.stringify(refused)).not.toMatch(/\.ts:\d+/);
    const bad: unknown = await client.jobs.cancel.mutate({ jobId: '../x' }).catch((cause: unknown) => cause);
    expect(bad).toMatchObject({ data: { code: 'BAD_REQUEST', workshop: { code: 'BAD_INPUT' } } });
    await close();
    await until('the subscription ended', () => fake.watching() === 0);
  });

  test('a message of the wrong shape or size ends at most its own socket', async () => {
    const cookie = await logIn();
    const origin = `http://127.0.0.1:${shell.port}`;
    const socket = new WebSocket(`ws://127.0.0.1:${shell.port}/trpc`, { headers: { cookie, origin } });
    await new Promise((done) => socket.once('open', done));
    socket.send('not json');
    socket.send(Buffer.from([0, 1, 2]));
    const closed = new Promise((done) => socket.once('close', done));
    socket.send('x'.repeat(2 * 1024 * 1024));
    await closed;
    expect(await upgrade({ cookie, origin })).toBe('open');
  });
});
