import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { freshCapacitySettings } from '../../../src-main/domain/capacity/capacity-settings.ts';
import type { MachineView } from '../../../src-main/domain/hosts/machine-view.ts';
import type { WorkshopSnapshot } from '../../../src-main/domain/workshop.ts';
import { emptyProfile } from '../../../src-main/domain/workshops/profile.ts';
import { createGpusOverSsh, GPU_COMMAND } from '../../../src-main/services/gpus-over-ssh.ts';
import { createMachinesService } from '../../../src-main/services/machines.ts';
import { host } from '../../support/scenarios.ts';

const LINE = '0, GPU-1, NVIDIA H100 80GB HBM3, 81559, 1024, 80535, 7, 31, 70.5, 700.00';
const HELD = '4711, /opt/my, own/ComfyUI/venv/bin/python3, GPU-1, 20134';
/** Prints cards, or processes, again and again as nvidia-smi does; each says when it began and when it ended. */
const looped = (cards: string, processes = '') => `
case "$1" in
  --query-gpu=*) said='${cards}' what=cards ;;
  *) said='${processes}' what=processes ;;
esac
trap 'echo "end $what" >> "$0.runs"; exit 143' TERM PIPE
while [ -e "$0" ]; do [ -z "$said" ] || echo "$said" || exit; sleep 0.05; done`;
const machine = (kind: 'ready' | 'lost'): MachineView => ({
  ...{ id: 'h100', role: 'gpu-host', name: 'the H100', address: 'root@203.0.113.7' },
  link:
    kind === 'ready'
      ? { kind, since: 1, rttMs: 5 }
      : { kind, since: 1, code: 'HOST_LINK_LOST', why: 'cut', remedy: '', retryAt: 2 },
});
const soon = { timeout: 5000, interval: 10 };

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gpus-ssh-'));
  return () => rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

/** The real service over this machine's shell, with a nvidia-smi that a test writes. */
async function rig(script: string | null) {
  if (script !== null) {
    await writeFile(join(dir, 'nvidia-smi'), `#!/bin/sh\necho "run $*" >> "$0.runs"\n${script}\n`);
    await chmod(join(dir, 'nvidia-smi'), 0o755);
  }
  const known: Pick<WorkshopSnapshot, 'links' | 'hosts'> = { links: { redis: { kind: 'idle' } }, hosts: {} };
  const capacity = { settings: freshCapacitySettings() };
  let shown: MachineView[] = [];
  const service = createGpusOverSsh({
    host: async () => createLocalHost({ env: { PATH: `${dir}:/usr/bin:/bin` } }),
    now: () => known,
    capacity: () => capacity,
    workshopGuardMiB: () => 60_000,
    publish(views) {
      shown = views;
    },
    everyMs: 10,
  });
  const runs = async () => (await readFile(join(dir, 'nvidia-smi.runs'), 'utf8').catch(() => '')).split('\n');
  return { service, known, capacity, runs, gpus: () => shown[0]?.gpus };
}

test('without an agent, one nvidia-smi that stays alive tells of the GPU, with the time of the reading', async () => {
  const { service, gpus } = await rig(looped(LINE));
  const from = Date.now();
  service.machines([machine('ready')]);
  await expect
    .poll(() => gpus()?.gpus[0], soon)
    .toMatchObject({ name: 'NVIDIA H100 80GB HBM3', memoryUsedMiB: 1024 });
  const first = gpus()?.at ?? 0;
  expect(first).toBeGreaterThanOrEqual(from);
  await expect.poll(() => gpus()?.at, soon).toBeGreaterThan(first);
  // The link is cut: what was seen stays as old as it is.
  service.machines([machine('lost')]);
  expect(gpus()?.gpus).toHaveLength(1);
  service.close();
});

test('a GPU in this computer is read without any login', async () => {
  const { service, gpus } = await rig(looped(LINE));
  const machines = createMachinesService({
    open: () => {
      throw new Error('no link is needed');
    },
    local: createLocalHost(),
    secrets: { available: false, get: async () => undefined, set: async () => {}, remove: async () => {} },
    publish: (views) => service.machines(views),
  });
  machines.follow({
    ...emptyProfile('id', 'one'),
    gpuHosts: [{ id: 'here', name: 'my own', provider: 'local', login: null }],
  });
  await expect.poll(() => gpus()?.gpus[0]?.name, soon).toBe('NVIDIA H100 80GB HBM3');
  machines.close();
  service.close();
});

test('as soon as the agent tells, nothing is read over SSH any more', async () => {
  const { service, known, gpus } = await rig(looped(LINE));
  service.machines([machine('ready')]);
  await expect.poll(() => gpus()?.gpus.length, soon).toBe(1);
  known.links = { redis: { kind: 'ready', since: 1, rttMs: 1 } };
  known.hosts = { h100: host({ id: 'h100', workers: [] }, Date.now()) };
  await expect.poll(gpus, soon).toBeNull();
  // It says itself until when it will speak again, and that it stops.
  const h100 = host({ id: 'h100', workers: [], change: { nextWithinMs: 50 } }, Date.now());
  known.hosts = { h100 };
  await expect.poll(() => gpus()?.gpus.length, soon).toBe(1);
  known.hosts = { h100: host({ id: 'h100', workers: [] }, Date.now()) };
  await expect.poll(gpus, soon).toBeNull();
  known.hosts = { h100: host({ id: 'h100', workers: [], change: { phase: 'stopped' } }, Date.now()) };
  await expect.poll(() => gpus()?.gpus.length, soon).toBe(1);
  service.close();
});

test('what holds the memory is named, and gone a moment after it ended', async () => {
  const { service, gpus } = await rig(
    `${looped(LINE, HELD)}`.replace('echo "$said"', '[ -e "$0.$what.gone" ] || echo "$said"'),
  );
  service.machines([machine('ready')]);
  await expect
    .poll(() => gpus()?.processes, soon)
    .toEqual([{ pid: 4711, program: 'python3', gpuIndex: 0, memoryMiB: 20_134 }]);
  expect(gpus()?.gpus).toHaveLength(1);
  await writeFile(join(dir, 'nvidia-smi.processes.gone'), '');
  await expect.poll(() => gpus()?.processes, { ...soon, timeout: 15_000 }).toEqual([]);
  expect(gpus()?.gpus).toHaveLength(1);
  service.close();
}, 30_000);

test('the guard line is that of the host, of the day, or of the workshop', async () => {
  const { service, gpus, capacity } = await rig(looped(LINE));
  service.machines([machine('ready')]);
  const guard = () => gpus()?.guards[0]?.guardMiB;
  await expect.poll(guard, soon).toBe(60_000);
  capacity.settings = { ...freshCapacitySettings(), guardMiB: 50_000 };
  await expect.poll(guard, soon).toBe(50_000);
  service.close();
});

test('one channel asks for cards and processes, and both queries end with it', async () => {
  const { service, gpus, runs } = await rig(looped(LINE));
  service.machines([machine('ready')]);
  await expect.poll(() => gpus()?.gpus.length, soon).toBe(1);
  await expect.poll(async () => (await runs()).filter((line) => line.startsWith('run')).length, soon).toBe(2);
  expect((await runs()).join('\n')).toMatch(/--query-gpu=index,uuid.* -lms 1000/);
  expect((await runs()).join('\n')).toMatch(/--query-compute-apps=pid,process_name.* -lms 1000/);
  service.close();
});

test('where nobody reads any more, the query of the processes does not stay behind', async () => {
  await rig(looped(LINE));
  const [shell = '', ...args] = GPU_COMMAND;
  // As a cut link leaves it: the pipe is closed, and nobody ends the shell.
  const child = spawn(shell, args, {
    env: { PATH: `${dir}:/usr/bin:/bin` },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  await once(child, 'exit');
  await expect
    .poll(async () => (await readFile(join(dir, 'nvidia-smi.runs'), 'utf8')).includes('end processes'), soon)
    .toBe(true);
});

test('a machine without the driver says so, in words', async () => {
  const { service, gpus } = await rig(null);
  service.machines([machine('ready')]);
  await expect
    .poll(() => gpus()?.error, soon)
    .toBe('There is no nvidia-smi on this machine; the NVIDIA driver is missing.');
  expect(gpus()?.gpus).toEqual([]);
  service.close();
});

test('a driver that fails is quoted', async () => {
  const { service, gpus } = await rig(
    'echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18',
  );
  service.machines([machine('ready')]);
  await expect.poll(() => gpus()?.error, soon).toContain('code 18: Failed to initialize NVML');
  service.close();
});
