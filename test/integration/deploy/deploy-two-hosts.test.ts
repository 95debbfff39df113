import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ComfyDouble, startComfyDouble } from '../../../resources/demo/comfy-double/server.ts';
import { submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { slowImage } from '../agent/agent-rig.ts';
import {
  act,
  type ConsoleOptions,
  type DeployRig,
  eventually,
  HOST_ID,
  startDeployRig,
} from './deploy-rig.ts';

let rig: DeployRig;
let comfy: ComfyDouble;
beforeAll(async () => {
  rig = await startDeployRig();
  comfy = await startComfyDouble({ speed: 1 });
});
afterAll(async () => {
  await rig?.stop();
  await comfy?.stop();
});

/** An ear that hears no agent of another machine. */
const deafToOthers = { deaf: () => null, workersElsewhere: () => [] };
const SECOND = 'gpu-2';
const second = (): ConsoleOptions => ({
  ...{ root: join(rig.dir, 'machine-2', 'agent'), hostId: SECOND, others: [HOST_ID] },
  configuration: { COMFYUI_URLS: comfy.url },
});
const workersOf = (hostId: string) => rig.watch.now.hosts[hostId]?.status?.workers.map(({ id }) => id) ?? [];

/** In order: each test goes on from the machines that the one before left. */
test('a host by itself spells its workers as the platform does; the next one is named for its host', async () => {
  expect((await act(rig.console(), 'deploy')).error).toBeNull();
  expect(workersOf(HOST_ID)).toEqual(['worker-1']);
  expect((await act(rig.console(second()), 'deploy')).error).toBeNull();
  expect(workersOf(SECOND)).toEqual(['gpu-2-worker-1']);
});

test('both run jobs at the same time, each under a name of its own', async () => {
  const client = rig.redis.client();
  const ids = ['job-on-one', 'job-on-the-other'];
  for (const id of ids)
    await submitAsQueueManager(client, {
      ...{ id, userId: 'user001', workflow: slowImage(2), priority: 2 as const },
      createdAtMicros: Date.now() * 1000,
    });
  const settled = await eventually('the end of both jobs', async () => {
    const jobs = await Promise.all(
      ids.map(async (id) => JSON.parse((await client.get(keys.job(id))) ?? '{}')),
    );
    return jobs.every(({ status }) => status === 'completed') ? jobs : undefined;
  });
  expect(settled.map(({ worker_id }) => worker_id).sort()).toEqual(['gpu-2-worker-1', 'worker-1']);
  for (const server of [rig.comfy, comfy]) expect(server.promptBodies).toHaveLength(1);
});

test('pressing again on either leaves the names as they stand, whatever the workshop has become', async () => {
  const first = await act(rig.console({ others: [SECOND] }), 'deploy');
  expect(first.result).toMatch(/^Nothing was to be done/);
  const alone = await act(rig.console({ ...second(), others: [] }), 'deploy');
  expect(alone.result).toMatch(/^Nothing was to be done/);
});

test('two that stand with one name part: the one that is deployed to again takes its own', {
  timeout: 150_000,
}, async () => {
  await act(rig.console(second()), 'uninstall');
  await act(rig.console(), 'uninstall');
  await rig.redis.client().del(keys.hostDesired(HOST_ID));
  const none = { NUM_WORKERS: '0' };
  // As a console before this rule left them: the first had no workers when the second was checked.
  const hidden = { ...second(), configuration: { COMFYUI_URLS: comfy.url, WORKER_ID_PREFIX: 'worker' } };
  expect((await act(rig.console({ configuration: none }), 'deploy')).error).toBeNull();
  expect((await act(rig.console(hidden), 'deploy')).error).toMatchObject({
    code: 'CONFLICT',
    message: `The GPU host ${HOST_ID} is being given workers named worker-1 and so on, and so would this machine.`,
    remedy: expect.stringContaining('WORKER_ID_PREFIX'),
  });
  const before = { ...hidden, claimPrefix: async () => null };
  expect((await act(rig.console(before), 'deploy')).error).toBeNull();
  expect(readFileSync(join(rig.root, 'agent.env'), 'utf8')).not.toContain('WORKER_ID_PREFIX');
  const again = await act(rig.console({ others: [SECOND] }), 'deploy');
  expect(again.error).toBeNull();
  expect(readFileSync(join(rig.root, 'agent.env'), 'utf8')).toContain(`WORKER_ID_PREFIX=${HOST_ID}-worker`);
});

test('two consoles that deploy to two new hosts at the same moment, neither knowing of the other, give them different names', {
  timeout: 150_000,
}, async () => {
  const hosts = ['new-a', 'new-b'];
  await act(rig.console(second()), 'uninstall');
  await act(rig.console(), 'uninstall');
  // What the ones before hold is let go, as some minutes later.
  await rig.redis.client().del(keys.lock('worker-prefix:worker'));
  const views = await Promise.all(
    hosts.map((hostId) =>
      act(
        rig.console({
          ...{ hostId, root: join(rig.dir, hostId, 'agent'), by: `${hostId}@laptop` },
          // Before either agent was heard, and with no other host in their workshops.
          ear: { ...deafToOthers, heard: (id) => rig.ear.heard(id) },
          configuration: { COMFYUI_URLS: comfy.url, NUM_WORKERS: '0' },
        }),
        'deploy',
      ),
    ),
  );
  expect(views.map(({ error }) => error)).toEqual([null, null]);
  const prefixes = hosts.map(
    (hostId) =>
      /^WORKER_ID_PREFIX=(.*)$/m.exec(readFileSync(join(rig.dir, hostId, 'agent/agent.env'), 'utf8'))?.[1],
  );
  const named = prefixes.findIndex((prefix) => prefix !== undefined);
  expect(prefixes[1 - named]).toBeUndefined();
  expect(prefixes[named]).toBe(`${hosts[named]}-worker`);
  expect(views[named]?.output.map(({ text }) => text).join('\n')).toContain(
    `Its workers are named ${hosts[named]}-worker-1 and so on: ${hosts[1 - named]} has “worker”.`,
  );
});
