import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import { NO_CHOICES } from '../../../src-main/domain/deploy/agent-settings.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { startOwnRootMachines } from '../../support/own-root-machine.ts';
import { slowImage } from '../agent/agent-rig.ts';
import { act, eventually, HOST_ID, seen } from './deploy-rig.ts';
import { type MachinesRig, startMachinesRig } from './machines-rig.ts';

/* Several workers whom the agent starts from one ComfyUI that lies on the machine. */

const start = await startOwnRootMachines(['vps', 'gpu-host']);
if (start.kind === 'unavailable') console.log(`skipped: ${start.reason}`);

const STATE = '/root/.local/share/worker-agent/state';
let rig: MachinesRig;
beforeAll(async () => {
  if (start.kind === 'unavailable') return;
  rig = await startMachinesRig(start.all);
});
afterAll(() => rig?.close());

describe.skipIf(start.kind === 'unavailable')('two workers of one ComfyUI', () => {
  test('both start: neither has the other’s database', async () => {
    const view = await act(rig.console({ configuration: { NUM_WORKERS: '2' } }), 'deploy');
    expect(view.error).toBeNull();
    expect(view.steps.find(({ id }) => id === 'models')?.why).toBe(
      '1 model file, 1 MB in /root/ComfyUI/models.',
    );
    await eventually('two idle workers', () => {
      const workers = rig.watch.now.hosts[HOST_ID]?.status?.workers ?? [];
      return workers.filter(({ state }) => state.kind === 'idle').length === 2 ? true : undefined;
    });
  });

  test('their ports are theirs; another first port that a program holds is named before anything is done', async () => {
    const ports = async (basePort: number | null) => {
      const keeper = rig.console({
        configuration: { NUM_WORKERS: '2' },
        choices: { ...NO_CHOICES, basePort },
      });
      await keeper.look({ targetId: 'it', skip: [] });
      const view = await seen(keeper, ({ phase }) => phase === 'ready' || phase === 'failed');
      return view.steps.find(({ id }) => id === 'ports');
    };
    expect(await ports(null)).toMatchObject({
      state: 'done',
      why: '8188–8190 can be used. 8188 and 8189 are in use by this agent’s own workers.',
    });
    await rig.gpu.run(`
node -e 'require("net").createServer().listen(9001, "127.0.0.1", () => require("fs").writeFileSync("/run/holds-9001", ""))' >/dev/null 2>&1 &
until [ -e /run/holds-9001 ]; do sleep 0.05; done`);
    expect(await ports(9000)).toMatchObject({
      state: 'blocked',
      problem: {
        code: 'HOST_PORT_TAKEN',
        message: expect.stringMatching(/^Something already listens on port 9001 \(node, process \d+\)/),
      },
    });
    expect((await ports(9010))?.why).toBe('9010–9012 can be used.');
  });

  test('two jobs with one file name at the same time deliver two different files, each to its owner', async () => {
    const jobs = ['17', '18'].map((seed, at) => ({ id: `job-${seed}`, userId: `user00${at + 1}`, seed }));
    for (const { id, userId, seed } of jobs)
      await submitAsQueueManager(rig.client, {
        ...{ id, userId, workflow: slowImage(4, seed), priority: 2 as const },
        createdAtMicros: Date.now() * 1000,
      });
    const ended = await eventually('the end of both', async () => {
      const all = await Promise.all(
        jobs.map(async ({ id }) => JSON.parse((await rig.client.get(keys.job(id))) ?? '{}')),
      );
      return all.every(({ status }) => status === 'completed') ? all : undefined;
    });
    expect(ended.map(({ worker_id }) => worker_id).sort()).toEqual(['worker-1', 'worker-2']);
    // The same name from ComfyUI, in folders of their own.
    const raw = (await rig.gpu.run(`cd ${STATE}/comfyui/output; find . -type f | sort`)).trim().split('\n');
    expect(raw).toEqual(['./worker-1/rig_00001_.png', './worker-2/rig_00001_.png']);
    const file = (path: string) => readFileSync(rig.gpu.path(path));
    const [first, second] = jobs.map(({ id, userId }) =>
      file(`${STATE}/outputs/${userId}/${id}/rig_00001_.png`),
    );
    expect(first?.equals(second ?? Buffer.of())).toBe(false);
    for (const [at, delivered] of [first, second].entries())
      expect(delivered).toEqual(file(`${STATE}/comfyui/output/${ended[at].worker_id}/rig_00001_.png`));
    expect(await rig.gpu.run('find /root/ComfyUI/output -type f')).toBe('');
  });

  test('models that lie elsewhere are found, and ComfyUI is told where', async () => {
    const pids = async () =>
      (await rig.gpu.run(`sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p' ${STATE}/run/*.json 2>/dev/null || :`))
        .split('\n')
        .filter(Boolean);
    await rig.gpu.run(`
mkdir -p /workspace/models/loras
mv /root/ComfyUI/models/checkpoints/model.safetensors /workspace/models/loras/
`);
    const view = await act(rig.console({ configuration: { NUM_WORKERS: '2' } }), 'deploy');
    expect(view.error).toBeNull();
    expect(view.modelsPath).toBe('/workspace/models');
    // Servers that run were taken over as they are; those that start next are told.
    const before = await pids();
    await rig.gpu.run('kill "$@"', ...before);
    await eventually('two other servers', async () => {
      const now = await pids();
      return now.length === 2 && now.every((pid) => !before.includes(pid)) ? true : undefined;
    });
    await eventually('two workers that can work', () => {
      const workers = rig.watch.now.hosts[HOST_ID]?.status?.workers ?? [];
      return workers.filter(({ state }) => state.kind === 'idle').length === 2 ? true : undefined;
    });
    const told = await rig.gpu.run(`cat ${STATE}/comfyui/extra_model_paths.yaml`);
    expect(told).toContain('base_path: /workspace/models');
  });
});
