import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../resources/demo/free-port.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import type { RemoteHost } from '../../../src-main/connections/hosts/remote-host.ts';
import { createEnvImport, type EnvImport } from '../../../src-main/services/env-import/env-import.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { envSample } from '../../support/env-samples.ts';

/** The VPS, the GPU host and this laptop as three homes of one machine; Redis and the shells are real. */
const PASSWORD = 'Geheim-7f3a%';
const TARGET = '~/.local/share/worker-agent/workshop.env';

let dir: string;
let vpsIsThere: boolean;
let service: EnvImport;
/** What was run on the GPU host, argument by argument. */
let ran: string[][];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'env-import-'));
  vpsIsThere = true;
  ran = [];
  for (const name of ['vps/bin', 'vps/comfy-multi', 'gpu', 'laptop'])
    await mkdir(join(dir, name), { recursive: true });
  await program('tailscale', 'echo 100.99.216.71; echo fd7a:115c::1');
  // This machine may have a tailnet address of its own, or lend one to a test beside this one.
  await program('ip', 'echo "1: eth0    inet 192.0.2.7/24 scope global eth0"');
  await program('ss', 'echo "LISTEN 0 511 127.0.0.1:6379 0.0.0.0:*"; echo "LISTEN 0 511 [::1]:6379 [::]:*"');
  const gpu = watched(home('gpu', 'the GPU host'));
  service = createEnvImport({
    local: home('laptop', 'this computer'),
    vps: async () => {
      if (vpsIsThere) return home('vps', 'the VPS');
      throw new WorkshopError('WRONG_STATE', 'No VPS is set up yet.');
    },
    gpuHost: async () => gpu,
    agentRoot: async () => '~/.local/share/worker-agent',
  });
});
afterEach(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));

const home = (name: string, label: string) =>
  createLocalHost({
    label,
    env: { HOME: join(dir, name), PATH: `${join(dir, name, 'bin')}:${process.env.PATH}` },
  });

async function program(name: string, body: string): Promise<void> {
  const path = join(dir, 'vps/bin', name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
}

function watched(host: RemoteHost): RemoteHost {
  return {
    ...host,
    exec: (argv, options) => {
      ran.push([...argv]);
      return host.exec(argv, options);
    },
  };
}

const sample = (change: Record<string, string> = {}) => {
  let text = envSample('vps-comfy-multi').replace('changeme_secure_password', PASSWORD);
  for (const [key, value] of Object.entries(change))
    text = text.replace(new RegExp(`^${key}=.*$`, 'm'), `${key}=${value}`);
  return text;
};
const onGpu = (path = 'gpu/.local/share/worker-agent/workshop.env') => join(dir, path);
const choose = (id: string, values: Record<string, string> = {}, accepted: string[] = []) =>
  service.choose({ id, accepted, values, target: { hostId: 'gpu', path: TARGET } });

describe('reading', () => {
  test('finds the .env on the VPS and asks the VPS itself for its tailnet address', async () => {
    await writeFile(join(dir, 'vps/comfy-multi/.env'), sample());
    await mkdir(join(dir, 'vps/comfy-other'));
    await writeFile(join(dir, 'vps/comfy-other/.env'), 'NOTHING=1\n');
    const [path] = await service.find();
    expect(path).toBe(join(dir, 'vps/comfy-multi/.env'));
    const draft = await service.readVps({ path: '~/comfy-multi/.env' });
    expect(draft).toMatchObject({
      askedVps: true,
      notice: null,
      review: { ready: true, redis: { host: '100.99.216.71', port: 6379 } },
    });
    const closed = draft.review.problems.find(({ id }) => id === 'REDIS_BIND_IP/closed');
    expect(closed?.sentence).toContain('on 127.0.0.1, ::1 only');
    expect(JSON.stringify(draft)).not.toContain(PASSWORD);
    expect(await service.reveal({ id: draft.id, key: 'REDIS_PASSWORD', of: 'source' })).toEqual({
      value: PASSWORD,
    });
  });

  test('the VPS tells where participants’ folders really are, as far as they are there', async () => {
    await mkdir(join(dir, 'vps/disk/outputs'), { recursive: true });
    await mkdir(join(dir, 'vps/comfy-multi/data'));
    await symlink(join(dir, 'vps/disk/outputs'), join(dir, 'vps/comfy-multi/data/outputs'));
    const text = sample({ OUTPUTS_PATH: './data/outputs', INPUTS_PATH: './data/inputs' });
    await writeFile(join(dir, 'vps/comfy-multi/.env'), text);
    const from = async (draft: Promise<Awaited<ReturnType<typeof service.readVps>>>) => {
      const { entries, problems } = (await draft).review;
      return {
        paths: entries.flatMap(({ key, to }) => (key.startsWith('VPS_') ? [[key, to]] : [])),
        problems: problems.flatMap(({ id }) => (id.startsWith('VPS_') ? [id] : [])),
      };
    };
    const path = join(dir, 'vps/comfy-multi/.env');
    const outputs = await realpath(join(dir, 'vps/disk/outputs'));
    expect(await from(service.readVps({ path }))).toEqual({
      paths: [['VPS_OUTPUTS_PATH', outputs]],
      problems: ['VPS_INPUTS_PATH/missing'],
    });
    // The same file from elsewhere: nobody knows what its relative paths start from.
    expect(await from(service.readText({ text, name: 'dropped' }))).toEqual({
      paths: [],
      problems: ['VPS_OUTPUTS_PATH/not-asked', 'VPS_INPUTS_PATH/not-asked'],
    });
    const absolute = sample({ OUTPUTS_PATH: '~/disk/outputs', INPUTS_PATH: '$HOME/inputs' });
    expect(await from(service.readText({ text: absolute, name: 'dropped' }))).toEqual({
      paths: [['VPS_OUTPUTS_PATH', outputs]],
      problems: ['VPS_INPUTS_PATH/not-asked'],
    });
  });

  test('a VPS without Tailscale, or none at all, leaves the address to be entered', async () => {
    await program('tailscale', 'exit 1');
    const draft = await service.readText({ text: sample(), name: 'dropped.env' });
    expect(draft.review.redis).toBeNull();
    vpsIsThere = false;
    await writeFile(join(dir, 'laptop/my.env'), sample({ REDIS_HOST: '100.64.0.3' }));
    const local = await service.readFile({ path: '~/my.env' });
    expect(local).toMatchObject({ askedVps: false, review: { redis: { host: '100.64.0.3' } } });
    expect(local.notice).toContain('No VPS is set up yet');
  });

  test('what is no .env is refused with a next step', async () => {
    await expect(service.readVps({ path: '~/none' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(service.readText({ text: 'hello', name: 'x' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await writeFile(join(dir, 'laptop/big'), 'A=1\n'.repeat(200_000));
    await expect(service.readFile({ path: join(dir, 'laptop/big') })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    await expect(service.reveal({ id: 'none', key: 'A', of: 'source' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('writing', () => {
  test('makes the folder, keeps others out, and reads back what the agent needs', async () => {
    const { id } = await service.readText({ text: sample(), name: 'dropped' });
    await expect(service.write({ id })).rejects.toMatchObject({ code: 'WRONG_STATE' });
    expect((await choose(id)).target).toMatchObject({ exists: false, path: onGpu() });
    expect(await service.write({ id })).toMatchObject({ path: onGpu(), backup: null });
    expect((await stat(onGpu())).mode & 0o777).toBe(0o600);
    const host = home('gpu', 'x');
    expect(await service.imported(host)).toMatchObject({
      REDIS_HOST: '100.99.216.71',
      REDIS_PASSWORD: PASSWORD,
    });
    expect(await readdir(join(onGpu(), '..'))).toEqual(['workshop.env']);
  });

  test('shows the difference to what stands there, and keeps it under a dated name', async () => {
    await mkdir(join(onGpu(), '..'), { recursive: true });
    await writeFile(onGpu(), 'RUNTIME=compose\nREDIS_PASSWORD=old-one\n', { mode: 0o644 });
    const { id } = await service.readText({ text: sample(), name: 'dropped' });
    const draft = await choose(id);
    expect(draft.review.changes.find(({ key }) => key === 'REDIS_PASSWORD')).toMatchObject({
      kind: 'changed',
      secret: true,
    });
    expect(JSON.stringify(draft)).not.toMatch(/old-one|Geheim/);
    expect(await service.reveal({ id, key: 'REDIS_PASSWORD', of: 'before' })).toEqual({ value: 'old-one' });
    const receipt = await service.write({ id });
    expect(await readFile(String(receipt.backup), 'utf8')).toBe('RUNTIME=compose\nREDIS_PASSWORD=old-one\n');
    expect((await stat(String(receipt.backup))).mode & 0o777).toBe(0o600);
    expect((await stat(onGpu())).mode & 0o777).toBe(0o600);
    expect(await readFile(onGpu(), 'utf8')).toMatch(/^RUNTIME=compose\nREDIS_PASSWORD=Geheim-7f3a%\n/);
    // A second time there is nothing to do and nothing to keep.
    expect((await choose(id)).review.changes.every(({ kind }) => kind === 'same')).toBe(true);
    expect(await service.write({ id })).toMatchObject({ backup: null, changed: 0 });
  });

  test('what changed meanwhile is not overwritten', async () => {
    const { id } = await service.readText({ text: sample(), name: 'dropped' });
    await choose(id);
    await mkdir(join(onGpu(), '..'), { recursive: true });
    await writeFile(onGpu(), 'SOMEBODY=else\n');
    await expect(service.write({ id })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await readFile(onGpu(), 'utf8')).toBe('SOMEBODY=else\n');
    await service.write({ id });
    expect(await readFile(onGpu(), 'utf8')).toContain('SOMEBODY=else\n');
  });

  test('a blocking problem keeps it from being written until its fix is taken', async () => {
    const { id } = await service.readText({ text: sample({ QUEUE_MODE: 'round-robin' }), name: 'dropped' });
    await choose(id);
    await expect(service.write({ id })).rejects.toMatchObject({ code: 'WRONG_STATE' });
    await choose(id, {}, ['QUEUE_MODE/value']);
    await service.write({ id });
    expect(await readFile(onGpu(), 'utf8')).toContain('QUEUE_MODE=round_robin');
  });
});

describe('the proof, run on the GPU host against a real Redis', () => {
  let redis: PrivateRedis;
  beforeEach(async () => {
    redis = await startPrivateRedis({ password: PASSWORD });
    return () => redis.stop();
  });
  const prove = async (change: Record<string, string>, entered: Record<string, string> = {}) => {
    const { id } = await service.readText({
      text: sample({ REDIS_PORT: String(redis.port), ...change }),
      name: 'dropped',
    });
    await choose(id, { REDIS_HOST: '127.0.0.1', ...entered });
    const proof = await service.prove({ id });
    return {
      proof,
      kinds: proof.steps.map(({ kind }) => kind),
      failed: proof.steps.find(({ kind }) => kind === 'failed'),
    };
  };

  test('PING and the round trip of a test key pass, nothing is left behind, the password is in no argument', async () => {
    const { proof } = await prove({});
    expect(proof).toMatchObject({ passed: true });
    expect(proof.steps.every(({ micros }) => micros !== null && micros >= 0)).toBe(true);
    expect(await redis.client().dbsize()).toBe(0);
    expect(JSON.stringify(ran)).not.toContain(PASSWORD);
  });

  test.each([
    [
      'a wrong password',
      { REDIS_PASSWORD: 'wrong-one' },
      {},
      ['passed', 'failed', 'not-tried', 'not-tried'],
      'refuses the password',
    ],
    [
      'an address where nothing listens',
      {},
      { REDIS_HOST: '127.0.0.2' },
      ['failed', 'not-tried', 'not-tried', 'not-tried'],
      'refuses connections',
    ],
    [
      'a name that is not known',
      {},
      { REDIS_HOST: 'no-such-host.invalid' },
      ['failed', 'not-tried', 'not-tried', 'not-tried'],
      'not known',
    ],
  ])('%s is told with its remedy', async (_, change, entered, kinds, words) => {
    const result = await prove(change, entered);
    expect(result.kinds).toEqual(kinds);
    expect(result.failed?.sentence).toContain(words);
    expect(result.failed?.remedy).toBeTruthy();
    expect(JSON.stringify(result)).not.toContain('wrong-one');
  });

  test('a password of any characters arrives as it is', async () => {
    const odd = `p "q' $x \\ #é`;
    await redis.client().config('SET', 'requirepass', odd);
    const { id } = await service.readText({
      text: sample({ REDIS_PORT: String(redis.port) }),
      name: 'dropped',
    });
    await choose(id, { REDIS_HOST: '127.0.0.1', REDIS_PASSWORD: odd });
    expect((await service.prove({ id })).passed).toBe(true);
  });

  test('a Redis that cannot be written, and something that is no Redis', async () => {
    await redis.client().config('SET', 'min-replicas-to-write', '1');
    const readOnly = await prove({});
    expect(readOnly.kinds).toEqual(['passed', 'passed', 'passed', 'failed']);
    const port = await freePort();
    const { createServer } = await import('node:net');
    const other = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-x\r\n')).listen(
      port,
      '127.0.0.1',
    );
    const result = await prove({ REDIS_PORT: String(port) });
    other.close();
    expect(result.failed).toMatchObject({
      name: 'password',
      sentence: expect.stringContaining('does not speak like Redis'),
    });
  });
});
