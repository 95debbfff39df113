import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import type { MachineView } from '../../../src-main/domain/hosts/machine-view.ts';
import type { WorkshopSnapshot } from '../../../src-main/domain/workshop.ts';
import { emptyProfile } from '../../../src-main/domain/workshops/profile.ts';
import { createGpusOverSsh } from '../../../src-main/services/gpus-over-ssh.ts';
import { createMachinesService } from '../../../src-main/services/machines.ts';

const LINE = '0, GPU-1, NVIDIA H100 80GB HBM3, 81559, 1024, 80535, 7, 31, 70.5, 700.00';
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
  return () => rm(dir, { recursive: true, force: true });
});

/** The real service over this machine's shell, with a nvidia-smi that a test writes. */
async function rig(script: string | null) {
  if (script !== null) {
    await writeFile(join(dir, 'nvidia-smi'), `#!/bin/sh\necho run >> "${dir}/runs"\n${script}\n`);
    await chmod(join(dir, 'nvidia-smi'), 0o755);
  }
  const known: Pick<WorkshopSnapshot, 'links' | 'hosts'> = { links: { redis: { kind: 'idle' } }, hosts: {} };
  let shown: MachineView[] = [];
  const service = createGpusOverSsh({
    host: async () => createLocalHost({ env: { PATH: `${dir}:/usr/bin:/bin` } }),
    now: () => known,
    publish(views) {
      shown = views;
    },
    everyMs: 10,
  });
  return { service, known, gpus: () => shown[0]?.gpus };
}

test('without an agent, one nvidia-smi that stays alive tells of the GPU, with the time of the reading', async () => {
  const { service, gpus } = await rig(`while :; do echo "${LINE}"; sleep 0.05; done`);
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
  const { service, gpus } = await rig(`while :; do echo "${LINE}"; sleep 0.05; done`);
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
  const { service, known, gpus } = await rig(`while :; do echo "${LINE}"; sleep 0.05; done`);
  service.machines([machine('ready')]);
  await expect.poll(() => gpus()?.gpus.length, soon).toBe(1);
  known.links = { redis: { kind: 'ready', since: 1, rttMs: 1 } };
  const status = { hostId: 'h100' } as WorkshopSnapshot['hosts'][string]['status'];
  known.hosts = {
    h100: { id: 'h100', status, desired: null, live: null, heardAt: Date.now(), mismatch: null },
  };
  await expect.poll(gpus, soon).toBeNull();
  service.close();
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
