import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostLink } from '../../../src-main/connections/hosts/host-link.ts';
import type { RemoteHost } from '../../../src-main/connections/hosts/remote-host.ts';
import { NO_CHOICES } from '../../../src-main/domain/deploy/agent-settings.ts';
import type { DeployView, StepId } from '../../../src-main/domain/deploy/deploy-view.ts';
import type { DeployKeeper } from '../../../src-main/services/deploy/deploy-service.ts';
import { ADMIN, becomeBareUbuntu, holdAptLock } from '../../support/bare-ubuntu.ts';
import { startOwnRootMachines } from '../../support/own-root-machine.ts';
import { createHostsRig, type HostsRig, stateOf } from '../hosts/hosts-rig.ts';
import { cutAtStep } from './cut-at-step.ts';
import { act, HOST_ID, seen } from './deploy-rig.ts';
import { type MachinesRig, startMachinesRig } from './machines-rig.ts';

/* A machine as a cloud hands it over, from nothing to a running agent: what is installed on the way is played. */

const start = await startOwnRootMachines(['vps', 'gpu-host']);
if (start.kind === 'unavailable') console.log(`skipped: ${start.reason}`);

let rig: MachinesRig;
let laptop: HostsRig;
let host: RemoteHost;
let link: HostLink;
beforeAll(async () => {
  if (start.kind === 'unavailable') return;
  rig = await startMachinesRig(start.all, { become: becomeBareUbuntu });
  laptop = createHostsRig();
  link = await rig.ready(laptop, { user: ADMIN.user, keyFile: rig.keyFile });
  ({ host } = link);
});
afterAll(async () => {
  laptop?.close();
  await rig?.close();
});

const WAITS = /^Waiting for another installation to end: unattended-upgr, process \d+, for 0 s$/m;
const sudoPassword = ADMIN.password;
const consoleOf = (over: RemoteHost = host) =>
  rig.console({
    host: over,
    choices: { ...NO_CHOICES, runtime: 'compose' },
    configuration: { NUM_WORKERS: '0' },
  });
const stepOf = (view: DeployView, id: StepId) => view.steps.find((step) => step.id === id);
const look = async (keeper: DeployKeeper) => {
  await keeper.look({ targetId: 'it', skip: [] });
  return seen(keeper, ({ phase }) => phase === 'ready' || phase === 'failed');
};
const said = (view: DeployView) => view.output.map(({ text }) => text).join('\n');
const installed = async () =>
  (await rig.gpu.run('cat /var/log/installed')).trim().split('\n').filter(Boolean);

/** In order: each test goes on from the machine that the one before left. */
describe.skipIf(start.kind === 'unavailable')('a machine with nothing but a driver', () => {
  test('another installation that never ends is named, and nothing is installed beside it', async () => {
    const free = await holdAptLock(rig.gpu);
    // Time flies on this machine.
    await rig.gpu.run("printf '#!/bin/sh\\n' > /usr/local/bin/sleep; chmod +x /usr/local/bin/sleep");
    try {
      const view = await act(consoleOf(), 'deploy', { sudoPassword });
      expect(stepOf(view, 'docker')?.state).toBe('failed');
      expect(view.error).toMatchObject({
        code: 'HOST_TIMEOUT',
        message: expect.stringMatching(
          /^Another installation is still at work on the GPU host .*, so nothing could be installed beside it\.$/,
        ),
        remedy: expect.stringContaining('Press again in some minutes'),
      });
      expect(said(view)).toMatch(/unattended-upgr, process \d+, for 600 s$/m);
      expect(await installed()).toEqual([]);
    } finally {
      await rig.gpu.run('rm /usr/local/bin/sleep');
      await free();
    }
  });

  test('one that comes in between is named as well', async () => {
    const free = await holdAptLock(rig.gpu, 'unseen');
    const view = await act(consoleOf(), 'deploy', { sudoPassword });
    await free();
    expect(view.error).toMatchObject({
      code: 'HOST_TIMEOUT',
      message: expect.stringMatching(/^Another installation is still at work on the GPU host /),
    });
  });

  test('while the machine updates itself it is waited for; then one press brings all, up to a running agent', async () => {
    const free = await holdAptLock(rig.gpu);
    const keeper = consoleOf();
    const planned = await look(keeper);
    const waiting = await act(keeper, 'deploy', {
      sudoPassword,
      until: (view) => WAITS.test(said(view)) || view.phase === 'failed',
    });
    expect(said(waiting)).toMatch(WAITS);
    expect(await installed()).toEqual([]);
    await free();
    const view = await seen(keeper, ({ phase }) => phase === 'done' || phase === 'failed');
    expect(view.error).toBeNull();
    for (const id of ['docker', 'toolkit', 'tailscale', 'start', 'heartbeat'] as const)
      expect([id, stepOf(view, id)?.state]).toEqual([id, 'finished']);
    const packages = ['docker-ce', 'docker-compose-plugin', 'nvidia-container-toolkit', 'tailscale'];
    expect(await installed()).toEqual(packages);
    expect(said(view)).toContain('https://login.tailscale.com/a/');
    expect(rig.watch.now.hosts[HOST_ID]?.status?.phase).toBe('running');
    expect(view.result).toContain(
      'It reports, 0 workers. No folder with models is given and none was found, so ComfyUI has only what its image brings.',
    );
    // What the plan showed is what ran.
    for (const id of ['docker', 'toolkit', 'tailscale'] as const)
      for (const line of stepOf(planned, id)?.commands ?? [])
        expect(said(view).replaceAll('"$1"', ADMIN.user)).toContain(`# ${line}`);
    expect(JSON.stringify(view)).not.toContain(ADMIN.password);
    const second = await act(consoleOf(), 'deploy', { sudoPassword });
    expect(second.result).toMatch(/^Nothing was to be done/);
  });

  test('models that were copied there meanwhile are found and used', async () => {
    await rig.gpu.run(
      'mkdir -p /mnt/sfs/models/shared/vae; echo weights > /mnt/sfs/models/shared/vae/a.safetensors',
    );
    const view = await act(consoleOf(), 'deploy', { sudoPassword });
    expect(view.error).toBeNull();
    expect(view.result).not.toContain('models');
    expect(stepOf(view, 'models')).toMatchObject({
      state: 'done',
      why: '1 model file, 1 MB in /mnt/sfs/models.',
    });
    const env = await rig.gpu.run(`cat /home/${ADMIN.user}/.local/share/worker-agent/agent.env`);
    expect(env).toContain('MODELS_PATH=/mnt/sfs/models\n');
  });

  test('a disk without room for the image is named before anything is installed', async () => {
    await rig.gpu.run('mkdir -p /var/lib/docker; mount -t tmpfs -o size=200m small /var/lib/docker');
    const keeper = consoleOf();
    const room = stepOf(await look(keeper), 'room');
    await rig.gpu.run('umount /var/lib/docker');
    expect(room).toMatchObject({ state: 'blocked', problem: { code: 'HOST_DISK_FULL' } });
    expect(room?.why).toMatch(/^Only 0 GiB are free where Docker keeps images \(\/var\/lib\/docker\)/);
  });

  test.each([
    ['Docker’s own packages', 'true', 'docker-compose-plugin'],
    [
      'Ubuntu’s packages',
      'sed -i /docker-ce/d /var/log/installed; touch /srv/vendor/has-compose-v2',
      'docker-compose-v2',
    ],
    ['packages without version 2', 'rm /srv/vendor/has-compose-v2', 'docker-compose'],
  ])('Docker without compose, from %s, gets compose and nothing else', async (_, prepare, brought) => {
    await rig.gpu.run(`rm /srv/vendor/compose; ${prepare}`);
    const before = await installed();
    const keeper = consoleOf();
    const planned = stepOf(await look(keeper), 'docker');
    expect(planned?.why).toBe(
      'Docker 29.0.0 is here without compose, which starts the workers. Only compose is added.',
    );
    expect(planned?.commands.join('\n')).not.toContain('get.docker.com');
    const view = await act(keeper, 'deploy', { sudoPassword });
    expect(view.error).toBeNull();
    expect(await installed()).toEqual([...before, brought]);
  });

  test('the link is cut at each installation: each press goes on from there', async () => {
    await rig.gpu.run(`
rm -f /usr/local/bin/docker /usr/local/bin/nvidia-ctk /usr/local/bin/tailscale /etc/init.d/docker
rm -f /etc/docker/daemon.json /run/docker.started /run/tailscale.up /srv/vendor/compose
groupdel docker
: > /var/log/installed`);
    const way = cutAtStep(host, rig.gpu);
    const keeper = consoleOf(way.host);
    const steps = [
      ['docker', 1],
      ['toolkit', 2],
      ['tailscale', 2],
    ] as const;
    for (const [id, place] of steps) {
      way.cutAt(place);
      const view = await act(keeper, 'deploy', { sudoPassword });
      expect(view.steps.find(({ state }) => state === 'failed')?.id).toBe(id);
      expect(view.error).toMatchObject({ code: 'HOST_LINK_LOST', retryable: true });
      await stateOf(link, 'ready');
    }
    expect((await act(keeper, 'deploy', { sudoPassword })).error).toBeNull();
    const packages = ['docker-ce', 'docker-compose-plugin', 'nvidia-container-toolkit', 'tailscale'];
    expect(await installed()).toEqual(packages);
    expect((await act(consoleOf(), 'deploy', { sudoPassword })).result).toMatch(/^Nothing was to be done/);
  });

  test('a Docker that does not run is started, not installed again', async () => {
    await rig.gpu.run('rm /run/docker.started');
    const before = await installed();
    const keeper = consoleOf();
    expect(stepOf(await look(keeper), 'docker')?.why).toBe('Docker is installed, but does not run.');
    expect((await act(keeper, 'deploy', { sudoPassword })).error).toBeNull();
    expect(await installed()).toEqual(before);
  });
});
