import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import type { MachineView } from '../../../src-main/domain/hosts/machine-view.ts';
import type { OwnTailnet } from '../../../src-main/domain/hosts/tailnet.ts';
import type { WorkshopWays } from '../../../src-main/domain/hosts/workshop-ways.ts';
import type { WorkshopSnapshot } from '../../../src-main/domain/workshop.ts';
import { createTailnets, type TailnetsNeeds } from '../../../src-main/services/tailnets.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { tailscaleStatus } from '../../support/tailscale-answers.ts';

const soon = { timeout: 5000, interval: 5 };
const NEVER = 2 ** 30;
const DIRECT: WorkshopWays = { redis: { host: '100.64.0.7', through: 'direct' }, logins: [], saved: true };
const LOGINS = [
  { id: 'vps', name: 'the VPS', host: '203.0.113.7' },
  { id: 'h100', name: 'the H100', host: '203.0.113.8' },
];
const LOST: WorkshopSnapshot['links'] = {
  redis: { kind: 'lost', since: 1, code: 'x', why: 'x', remedy: 'x', retryAt: 2 },
};
const machine = (role: 'vps' | 'gpu-host', kind: 'ready' | 'lost' = 'ready'): MachineView => ({
  ...{ id: role === 'vps' ? 'vps' : 'h100', role, name: role, address: `root@${role}` },
  link:
    kind === 'ready'
      ? { kind, since: 1, rttMs: 5 }
      : { kind, since: 1, code: 'HOST_LINK_LOST', why: 'cut', remedy: '', retryAt: 2 },
});

let dir: string;
const open: { close(): void }[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tailnets-'));
  return async () => {
    for (const one of open.splice(0)) one.close();
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  };
});

/** Puts a tailscale on the PATH that runs this script; its runs are counted. */
async function tailscale(script: string): Promise<void> {
  await writeFile(join(dir, 'tailscale'), `#!/bin/sh\necho "$*" >> "${dir}/runs"\n${script}\n`);
  await chmod(join(dir, 'tailscale'), 0o755);
}
const answers = (json: string) => tailscale(`cat <<'END'\n${json}\nEND`);
const runs = async () =>
  (await readFile(join(dir, 'runs'), 'utf8').catch(() => '')).split('\n').filter(Boolean);

/** The real service over this machine's shell, in the place of all three machines. */
function rig(ways: WorkshopWays, change: Partial<TailnetsNeeds> = {}) {
  const here = createLocalHost({ env: { PATH: `${dir}:/usr/bin:/bin` } });
  const known: Pick<WorkshopSnapshot, 'links' | 'hosts'> = {
    links: { redis: { kind: 'ready', since: 1, rttMs: 1 } },
    hosts: {},
  };
  const shown = { machines: [] as MachineView[], own: null as OwnTailnet | null };
  const state = { ways };
  const service = createTailnets({
    ...{ host: async () => here, local: here, platform: 'linux', now: () => known, ways: () => state.ways },
    publish: (views) => {
      shown.machines = views;
    },
    publishOwn: (own) => {
      shown.own = own;
    },
    times: { everyMs: 5, calmMs: NEVER, urgentMs: NEVER, answerMs: 5000 },
    ...change,
  });
  open.push(service);
  return {
    ...{ service, known, state },
    own: () => shown.own,
    of: (id: string) => shown.machines.find((one) => one.id === id)?.tailnet,
  };
}

test('a machine is asked as soon as its link stands, and once only until its time has come', async () => {
  await answers(tailscaleStatus({ BackendState: 'Stopped' }));
  const { service, of } = rig({ ...DIRECT, redis: { host: '127.0.0.1', through: 'vps' }, logins: LOGINS });
  service.machines([machine('vps', 'lost')]);
  service.wake();
  expect(of('vps')).toBeNull();
  const before = Date.now();
  service.machines([machine('vps')]);
  await expect.poll(() => of('vps')?.state, soon).toEqual({ kind: 'stopped' });
  expect(of('vps')?.at).toBeGreaterThanOrEqual(before);
  expect(await runs()).toEqual(['status --json']);
  // Sleep or another network: it is asked anew.
  await answers(tailscaleStatus());
  service.wake();
  await expect.poll(() => of('vps')?.state.kind, soon).toBe('fine');
});

test('a GPU host that is this computer is asked for its agent, unless the console asks for itself already', async () => {
  await answers(tailscaleStatus({ BackendState: 'Stopped' }));
  const local: MachineView = { ...machine('gpu-host'), local: true };
  const { service, own, of, state } = rig({ ...DIRECT, redis: { host: '100.64.0.7', through: 'vps' } });
  service.machines([local]);
  await expect.poll(() => of('h100'), soon).toMatchObject({ needed: true, state: { kind: 'stopped' } });
  expect(own()).toBeNull();
  state.ways = DIRECT;
  service.wake();
  await expect.poll(() => own()?.state.kind, soon).toBe('stopped');
  expect(of('h100')).toBeNull();
});

test('while Redis is lost it is asked more often, and at once when that begins', async () => {
  await answers(tailscaleStatus());
  const { known, own } = rig(DIRECT, {
    times: { everyMs: 5, calmMs: NEVER, urgentMs: 10, answerMs: 5000 },
  });
  await expect.poll(() => own()?.state.kind, soon).toBe('fine');
  await answers(tailscaleStatus({ BackendState: 'NeedsLogin' }));
  known.links = LOST;
  await expect.poll(() => own()?.state.kind, soon).toBe('logged-out');
  await answers(tailscaleStatus());
  await expect.poll(() => own()?.state.kind, soon).toBe('fine');
});

test('one question at a time, and none is left when the link is lost', async () => {
  await tailscale('echo $$ >> "$0.pids"; exec sleep 30');
  const { service, of } = rig({ ...DIRECT, redis: null, logins: LOGINS });
  service.machines([machine('vps')]);
  await expect.poll(runs, soon).toHaveLength(1);
  service.wake();
  service.wake();
  // Another machine that is asked later has its answer under way: a second question to the first would be as well.
  service.machines([machine('vps'), machine('gpu-host')]);
  await expect.poll(async () => (await runs()).length, soon).toBeGreaterThan(1);
  expect(await runs()).toHaveLength(2);
  service.machines([machine('vps', 'lost'), machine('gpu-host', 'lost')]);
  const pid = Number.parseInt(await readFile(join(dir, 'tailscale.pids'), 'utf8'), 10);
  const lives = () => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  await expect.poll(lives, soon).toBe(false);
  expect(of('vps')).toBeNull();
});

test('an answer that does not come is unknown with the reason; one that came before stays, with its age', async () => {
  await tailscale('exec sleep 30');
  const slow = { everyMs: 5, calmMs: NEVER, urgentMs: NEVER, answerMs: 100 };
  const { service, of } = rig({ ...DIRECT, logins: LOGINS }, { times: slow });
  service.machines([machine('vps')]);
  await expect.poll(() => of('vps'), soon).toMatchObject({ at: null, state: { kind: 'unknown' } });
  expect(of('vps')?.state).toMatchObject({ why: expect.stringContaining('did not end within') });
  await answers(tailscaleStatus());
  service.wake();
  await expect.poll(() => of('vps')?.state.kind, soon).toBe('fine');
  const { at } = of('vps') ?? {};
  await tailscale('exec sleep 30');
  service.wake();
  await expect.poll(() => of('vps')?.failed, soon).toContain('did not end within');
  expect(of('vps')).toMatchObject({ at, state: { kind: 'fine' } });
});

test('a link that is lost under the question says so itself; the answer before stays', async () => {
  const dead = new WorkshopError('HOST_LINK_LOST', 'The link to the VPS is lost.');
  await answers(tailscaleStatus());
  let lost = false;
  let refused = 0;
  const here = createLocalHost({ env: { PATH: `${dir}:/usr/bin:/bin` } });
  const { service, of } = rig(DIRECT, {
    host: async () => {
      if (lost) {
        refused += 1;
        throw dead;
      }
      return here;
    },
  });
  service.machines([machine('vps')]);
  await expect.poll(() => of('vps')?.state.kind, soon).toBe('fine');
  const before = of('vps');
  lost = true;
  service.wake();
  await expect.poll(() => refused, soon).toBe(1);
  service.wake();
  await expect.poll(() => refused, soon).toBe(2);
  expect(of('vps')).toEqual(before);
});

test('this computer is asked only while something is reached over the tailnet', async () => {
  const { service, own, state, known } = rig({ ...DIRECT, redis: { host: '100.64.0.7', through: 'vps' } });
  service.wake();
  expect(own()).toBeNull();
  state.ways = DIRECT;
  known.links = LOST;
  await expect
    .poll(() => own(), soon)
    .toMatchObject({
      ...{ state: { kind: 'not-installed' }, needed: true, app: false, instead: 'vps-after-login' },
    });
  state.ways = { ...DIRECT, logins: LOGINS };
  await expect.poll(() => own()?.instead, soon).toBe('vps');
  // A workshop that was given from outside has no Setup to choose in.
  state.ways = { ...DIRECT, saved: false };
  await expect.poll(() => own()?.instead, soon).toBeNull();
  state.ways = { ...DIRECT, redis: { host: 'redis.example', through: 'direct' } };
  await expect.poll(own, soon).toBeNull();
  // The way to the VPS may be a tailnet as well.
  state.ways = { ...state.ways, logins: [{ id: 'vps', name: 'the VPS', host: 'vps-1.tail1234.ts.net' }] };
  await expect.poll(() => own()?.state.kind, soon).toBe('not-installed');
});

test('where Redis answers at a tailnet address without Tailscale, it goes another way, and nobody is alarmed', async () => {
  const { service, own, of, known } = rig({ ...DIRECT, logins: LOGINS });
  service.machines([machine('vps')]);
  await expect.poll(() => own(), soon).toMatchObject({ state: { kind: 'not-installed' }, needed: false });
  await expect.poll(() => of('vps'), soon).toMatchObject({ state: { kind: 'not-installed' }, needed: false });
  known.links = LOST;
  await expect.poll(() => own()?.needed, soon).toBe(true);
  expect(of('vps')?.needed).toBe(true);
});

test('what worked without Tailscale for long enough is not blamed on it later', async () => {
  const { own, known } = rig(DIRECT, {
    times: { everyMs: 5, calmMs: NEVER, urgentMs: NEVER, answerMs: 5000, provenMs: 50 },
  });
  await expect.poll(() => own(), soon).toMatchObject({ state: { kind: 'not-installed' }, needed: false });
  await expect.poll(() => Date.now() - (own()?.since ?? Date.now()), soon).toBeGreaterThan(80);
  known.links = LOST;
  const lostAt = own()?.at ?? 0;
  // It is asked anew because Redis is lost, and still not blamed.
  await expect.poll(() => own()?.at ?? 0, soon).toBeGreaterThan(lostAt);
  expect(own()?.needed).toBe(false);
});

test('another Redis forgets what was known of the way to the one before', async () => {
  await answers(tailscaleStatus({}, { vps: { Online: false } }));
  const { own, state } = rig(DIRECT);
  await expect.poll(() => own()?.state.kind, soon).toBe('peer-offline');
  state.ways = { ...DIRECT, redis: { host: '100.64.0.2', through: 'direct' } };
  await expect.poll(() => own()?.state.kind, soon).toBe('fine');
});

test('on macOS and Windows the app is found where no PATH leads', async () => {
  const asked: string[] = [];
  const local = createLocalHost();
  const { own } = rig(DIRECT, {
    platform: 'darwin',
    local: {
      ...local,
      exec: async ([program = '']) => {
        asked.push(program);
        const found = program.startsWith('/Applications/');
        return { code: found ? 0 : 127, signal: null, stdout: found ? tailscaleStatus() : '', stderr: '' };
      },
    },
  });
  await expect.poll(() => own(), soon).toMatchObject({ app: true, state: { kind: 'fine' } });
  expect(asked).toEqual(['tailscale', '/Applications/Tailscale.app/Contents/MacOS/Tailscale']);
});

test('a GPU host needs it where Redis is in the tailnet; an agent that reports without it has its own way', async () => {
  const { service, of, state, known } = rig({ ...DIRECT, logins: LOGINS });
  service.machines([machine('vps'), machine('gpu-host')]);
  await expect.poll(() => of('h100'), soon).toMatchObject({ needed: true, state: { kind: 'not-installed' } });
  known.hosts = {
    h100: { id: 'h100', status: null, desired: null, live: null, heardAt: Date.now(), mismatch: null },
  };
  await expect.poll(() => of('h100')?.needed, soon).toBe(false);
  known.hosts = {};
  // Through the VPS, the VPS itself says where its agents find it.
  state.ways = { ...state.ways, redis: { host: '127.0.0.1', through: 'vps' } };
  await expect.poll(() => of('h100')?.needed, soon).toBe(false);
  await answers(tailscaleStatus({ BackendState: 'Running' }));
  service.wake();
  await expect.poll(() => of('h100')?.needed, soon).toBe(true);
});

test('another machine of the same name is another machine', async () => {
  await answers(tailscaleStatus());
  const { service, of } = rig(DIRECT);
  service.machines([machine('vps')]);
  await expect.poll(() => of('vps')?.state.kind, soon).toBe('fine');
  await tailscale('exec sleep 30');
  service.machines([{ ...machine('vps'), address: 'root@another' }]);
  expect(of('vps')).toBeNull();
});
