import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import type { DeployView, StepId } from '../../../src-main/domain/deploy/deploy-view.ts';
import { LAST_WORDS } from '../../../src-main/services/deploy/scripts.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { startOwnRootMachines } from '../../support/own-root-machine.ts';
import { slowImage } from '../agent/agent-rig.ts';
import { createHostsRig } from '../hosts/hosts-rig.ts';
import { act, eventually, HOST_ID, seen } from './deploy-rig.ts';
import { type MachinesRig, startMachinesRig } from './machines-rig.ts';

/* The agent under a real systemd: as a unit of the machine, and as one of a user without rights. */

const start = await startOwnRootMachines(['vps', 'gpu-host'], { systemd: ['gpu-host'] });
if (start.kind === 'unavailable') console.log(`skipped: ${start.reason}`);

const ROOT = '/root/.local/share/worker-agent';
let rig: MachinesRig;
beforeAll(async () => {
  if (start.kind === 'unavailable') return;
  rig = await startMachinesRig(start.all);
});
afterAll(() => rig?.close());

const stepOf = (view: DeployView, id: StepId) => view.steps.find((step) => step.id === id);
const instance = () => rig.watch.now.hosts[HOST_ID]?.status?.instance;
const unit = async (property: string) =>
  (await rig.gpu.run('systemctl show worker-agent -p "$1" --value', property)).trim();
const jobOf = async (id: string) => JSON.parse((await rig.client.get(keys.job(id))) ?? '{}');
const submit = (id: string, seconds: number) =>
  submitAsQueueManager(rig.client, {
    ...{ id, userId: 'user001', workflow: slowImage(seconds), priority: 2 as const },
    createdAtMicros: Date.now() * 1000,
  });
const runs = (id: string) =>
  eventually(`${id} to run`, async () => ((await jobOf(id)).status === 'running' ? true : undefined));
const ends = (id: string) =>
  eventually(`the end of ${id}`, async () => ((await jobOf(id)).status === 'completed' ? true : undefined));

/** In order: each test goes on from the machine that the one before left. */
describe.skipIf(start.kind === 'unavailable')('a unit of the machine', () => {
  test('is installed, enabled and started by one press', async () => {
    const view = await act(rig.console(), 'deploy');
    expect(view.error).toBeNull();
    expect(stepOf(view, 'service')?.state).toBe('finished');
    expect(view.installed).toMatchObject({ service: 'system', running: true });
    expect(await unit('ActiveState')).toBe('active');
    expect(await unit('UnitFileState')).toBe('enabled');
    expect((await act(rig.console(), 'deploy')).result).toMatch(/^Nothing was to be done/);
  });

  test('its last words are those of the journal', async () => {
    const words = await rig.gpu.run(LAST_WORDS, ROOT, 'system');
    expect(words).toMatch(/"msg":/);
  });

  test('is started again after a crash', async () => {
    const before = instance();
    await rig.gpu.run('kill -KILL "$1"', await unit('MainPID'));
    await eventually('another agent', () => (instance() !== before ? true : undefined));
    expect(await unit('NRestarts')).toBe('1');
  });

  test('an upgrade in the middle of a job hands over; the job ends once', async () => {
    await submit('job-upgrade', 8);
    await runs('job-upgrade');
    const before = await unit('MainPID');
    const view = await act(rig.console({ bundle: rig.release('two') }), 'deploy');
    expect(view.error).toBeNull();
    expect(stepOf(view, 'start')?.title).toBe('Hand over');
    expect(await unit('MainPID')).not.toBe(before);
    expect(await unit('ActiveState')).toBe('active');
    await ends('job-upgrade');
    const prompts =
      'for port in 8188 8189; do curl -fsS "http://127.0.0.1:$port/history" 2>/dev/null || :; done';
    expect((await rig.gpu.run(prompts)).match(/"job-upgrade":/g)).toHaveLength(1);
  });

  test('a rollback hands over as well', async () => {
    const view = await act(rig.console({ bundle: rig.release('two') }), 'rollback');
    expect(view.error).toBeNull();
    expect(view.installed).toMatchObject({ running: true, stale: false });
    expect(await unit('ActiveState')).toBe('active');
  });

  test('an uninstall lets the running job end, and leaves no unit', async () => {
    await submit('job-last', 4);
    await runs('job-last');
    const view = await act(rig.console(), 'uninstall');
    expect(view.error).toBeNull();
    expect((await jobOf('job-last')).status).toBe('completed');
    expect(await unit('LoadState')).toBe('not-found');
    expect(await rig.gpu.run(`ls ${ROOT}; systemctl --failed --no-legend`)).toBe('state\n');
  });
});

describe.skipIf(start.kind === 'unavailable')('a unit of a user without rights', () => {
  test('is installed, goes on without a login, and is said to end with it where that is not allowed', async () => {
    await rig.gpu.run(`
useradd -m -s /bin/bash guest
cp -r /root/.ssh /home/guest/.ssh
chown -R guest: /home/guest
echo 'guest:the password of guest' | chpasswd
cp -r /root/ComfyUI /home/guest/ComfyUI
chown -R guest: /home/guest
chmod -R a+rwX /var/lib/cards
`);
    const hosts = createHostsRig();
    const { host } = await rig.ready(hosts, { user: 'guest', keyFile: rig.keyFile });
    const keeper = rig.console({ host });
    // Whether a user has rights is told after the right password only; then it goes on without.
    const refused = await act(keeper, 'deploy', { sudoPassword: 'the password of guest' });
    expect(refused.error).toMatchObject({
      code: 'HOST_NO_SUDO',
      remedy: expect.stringContaining('press again to go on without root'),
    });
    const view = await act(keeper, 'deploy');
    expect(view.error).toBeNull();
    expect(view.installed).toMatchObject({ service: 'user', running: true });
    expect(await rig.gpu.run('ls /var/lib/systemd/linger')).toBe('guest\n');
    const before = instance();
    hosts.close();
    await eventually('nobody to be logged in', async () =>
      (await rig.gpu.run('loginctl --no-legend list-sessions')).includes('guest') ? undefined : true,
    );
    const lock = await rig.gpu.run('cat /home/guest/.local/share/worker-agent/state/agent.lock');
    await rig.gpu.run('kill -KILL "$1"', String(JSON.parse(lock).pid));
    await eventually('another agent', () => (instance() !== before ? true : undefined));

    await rig.gpu.run('rm /var/lib/systemd/linger/guest');
    const again = createHostsRig();
    const link = await rig.ready(again, { user: 'guest', keyFile: rig.keyFile });
    await rig.gpu.run('chmod 700 /usr/bin/sudo');
    const later = rig.console({ host: link.host });
    await later.look({ targetId: 'it', skip: [] });
    const looked = await seen(later, ({ phase }) => phase === 'ready');
    expect(stepOf(looked, 'service')).toMatchObject({
      state: 'warned',
      problem: { remedy: expect.stringContaining('loginctl enable-linger guest') },
    });
    expect((await act(later, 'uninstall')).error).toBeNull();
    expect(await rig.gpu.run('ls -A /home/guest/.config/systemd/user')).not.toContain('worker-agent');
    again.close();
  });
});
