import { statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { HostLink } from '../../../src-main/connections/hosts/host-link.ts';
import type { RemoteHost } from '../../../src-main/connections/hosts/remote-host.ts';
import { NO_CHOICES } from '../../../src-main/domain/deploy/agent-settings.ts';
import type { DeployView, StepId } from '../../../src-main/domain/deploy/deploy-view.ts';
import { releaseName } from '../../../src-main/domain/deploy/layout.ts';
import type { AgentBundle } from '../../../src-main/services/deploy/roles.ts';
import { ASK_ROOT } from '../../../src-main/services/env-import/scripts.ts';
import { type OwnRootMachine, startOwnRootMachines } from '../../support/own-root-machine.ts';
import { createSecretWatch } from '../../support/secret-watch.ts';
import { occupyPort } from '../../support/workshop-machines.ts';
import { confirmKey, createHostsRig, type HostsRig, stateOf } from '../hosts/hosts-rig.ts';
import { cutAtStep } from './cut-at-step.ts';
import { act, HOST_ID, seen } from './deploy-rig.ts';
import { type MachinesRig, PASSWORD, startMachinesRig } from './machines-rig.ts';

/*
 * What goes wrong between a console and two real machines: each with a root folder, users and an OpenSSH server of its
 * own, the VPS with a real Redis on its tailnet address. Unknown and changed host keys and locked keys are in
 * hosts/ssh-login.test.ts.
 */

const start = await startOwnRootMachines(['vps', 'gpu-host']);
if (start.kind === 'unavailable') console.log(`skipped: ${start.reason}`);

const ROOT = '/root/.local/share/worker-agent';
const SMALL = '/mnt/small-disk';
let rig: MachinesRig;
let vps: OwnRootMachine;
let gpu: OwnRootMachine;
let keyFile: string;
let link: HostLink;
let bundle: AgentBundle;
const secrets = createSecretWatch({
  'password of Redis': PASSWORD,
  'sudo password': 'the password of anna',
});

beforeAll(async () => {
  if (start.kind === 'unavailable') return;
  rig = await startMachinesRig(start.all);
  // What made the VPS was called with the password; from here on it is the product that calls.
  secrets.watchProcesses();
  ({ vps, gpu, keyFile, link, bundle } = rig);
});
afterEach(() => rig?.closeConsoles());
afterAll(() => rig?.close());

const consoleOf: MachinesRig['console'] = (options) => rig.console(options);
const ready: MachinesRig['ready'] = (hosts, login) => rig.ready(hosts, login);

const stepOf = (view: DeployView, id: StepId) => view.steps.find((step) => step.id === id);

describe.skipIf(start.kind === 'unavailable')('between a console and two machines', () => {
  test('a wrong password is asked for again; without one the machine lets nobody in', async () => {
    await gpu.run('useradd -m -s /bin/bash anna; echo "anna:right one" | chpasswd');
    const rig = createHostsRig();
    try {
      const opened = rig.open({ id: 'gpu', name: 'the GPU host', host: gpu.address, port: 22, user: 'anna' });
      await confirmKey(opened, gpu);
      const first = await stateOf(opened, 'asking', ({ question }) => question.kind === 'password');
      expect(first.question).toMatchObject({ again: false, machine: `anna@${gpu.address}:22` });
      await opened.answer(first.question.id, ['wrong one']);
      const again = (state: typeof first) => state.question.kind === 'password' && state.question.again;
      const second = await stateOf(opened, 'asking', again);
      await opened.answer(second.question.id, null);
      expect(await stateOf(opened, 'refused')).toMatchObject({
        code: 'HOST_AUTH',
        why: expect.stringMatching(
          /^The GPU host .*lets nobody in without a password, and none was given\.$/,
        ),
        remedy: 'Connect again and type the password.',
      });
      opened.connect();
      const third = await stateOf(opened, 'asking', ({ question }) => question.kind === 'password');
      await opened.answer(third.question.id, ['right one']);
      await stateOf(opened, 'ready');
      expect((await opened.run(['id', '-un'])).stdout.trim()).toBe('anna');
    } finally {
      rig.close();
    }
  });

  describe('becoming root, on a machine that is no pod and where Docker knows others only', () => {
    let hosts: HostsRig;
    beforeAll(async () => {
      await gpu.run(`
rm /.dockerenv
groupadd -f docker
for user in anna guest; do
  id "$user" >/dev/null 2>&1 || useradd -m -s /bin/bash "$user"
  echo "$user:the password of $user" | chpasswd
  cp -r /root/.ssh "/home/$user/.ssh"
  chown -R "$user:" "/home/$user"
done
printf '%s\\n' 'anna ALL=(ALL) ALL' 'Defaults logfile=/var/log/sudo.log, loglinelen=0' > /etc/sudoers.d/anna
cat > /usr/local/bin/docker <<'END'
#!/bin/sh
id -nG | grep -qw docker || { echo 'permission denied while trying to connect to the Docker daemon socket' >&2; exit 1; }
case $1 in info) echo '{"nvidia":{}}' ;; version | compose) echo 29.0.0 ;; esac
END
chmod +x /usr/local/bin/docker
`);
      hosts = createHostsRig();
    });
    afterAll(async () => {
      hosts?.close();
      await gpu.run('rm -f /usr/local/bin/docker /etc/sudoers.d/anna; touch /.dockerenv');
    });

    test('a user without rights is named, before a password where that shows, and after it where not', async () => {
      const { host } = await ready(hosts, { user: 'guest', keyFile });
      const keeper = consoleOf({ host });
      const unasked = await act(keeper, 'deploy');
      expect(unasked).toMatchObject({ phase: 'failed', wantsPassword: true });
      expect(unasked.error).toMatchObject({
        code: 'HOST_NO_SUDO',
        message: expect.stringMatching(/^sudo on .* wants a password\.$/),
        remedy: expect.stringContaining('Enter it beside the plan'),
      });
      const refused = await act(keeper, 'deploy', { sudoPassword: 'the password of guest' });
      expect(refused.error).toMatchObject({
        code: 'HOST_NO_SUDO',
        message: expect.stringMatching(/^This user may not become root on /),
        remedy: 'Log in as root or as a user with sudo; or press again to go on without root.',
      });
      expect(refused.wantsPassword).toBe(false);
      expect(JSON.stringify(refused)).not.toContain('the password of guest');
      await gpu.run('chmod 700 /usr/bin/sudo');
      try {
        const blocked = await act(keeper, 'deploy');
        expect(blocked.error).toMatchObject({
          code: 'HOST_NO_SUDO',
          message: 'guest may not use Docker yet. guest may not become root on this machine (no sudo).',
          remedy: expect.stringMatching(/^Log in as root or as a user with sudo/),
        });
        expect(stepOf(blocked, 'docker')?.state).toBe('blocked');
      } finally {
        await gpu.run('chmod 4755 /usr/bin/sudo');
      }
    });

    test('sudo with a password: a wrong one is named and nothing is done; the right one does the step', async () => {
      const { host } = await ready(hosts, { user: 'anna', keyFile });
      const keeper = consoleOf({ host, configuration: { REDIS_PASSWORD: 'wrong' } });
      const wrong = await act(keeper, 'deploy', { sudoPassword: 'guessed' });
      expect(wrong.error).toMatchObject({
        code: 'HOST_NO_SUDO',
        message: expect.stringMatching(/^sudo on .* refuses the password\.$/),
        remedy: 'Enter the password of the user who logs in there, then press again.',
      });
      expect(await gpu.run('id -nG anna')).toBe('anna\n');
      // One try: more may lock the account.
      const tries = await gpu.run('cat /var/log/sudo.log');
      expect(tries.match(/anna .*incorrect password attempts?/g)).toEqual([
        expect.stringMatching(/ 1 incorrect password attempt$/),
      ]);
      const right = await act(keeper, 'deploy', { sudoPassword: 'the password of anna' });
      expect(stepOf(right, 'docker')?.state).toBe('finished');
      expect(await gpu.run('id -nG anna')).toBe('anna docker\n');
      // Groups count from the next login on, so there was one: Docker answers, and what it has is not installed again.
      expect(stepOf(right, 'toolkit')?.state).toBe('done');
      expect(right.error?.code).toBe('REDIS_AUTH');
      expect(JSON.stringify(right)).not.toContain('the password of anna');
    });
  });

  test('Docker missing: in a pod it cannot be had; elsewhere an installation that fails is named', async () => {
    const wanted = { ...NO_CHOICES, runtime: 'compose' } as const;
    const inPod = await act(consoleOf({ choices: wanted }), 'deploy');
    expect(inPod.error).toMatchObject({
      code: 'HOST_DOCKER_MISSING',
      message: 'This machine is a container (a pod), where Docker does not run.',
      remedy: 'Choose the runtime “process” for it: the agent then starts ComfyUI itself.',
    });
    await gpu.run('rm /.dockerenv');
    try {
      // Nothing leads from this machine to the internet.
      const failed = await act(consoleOf({ choices: wanted }), 'deploy');
      expect(stepOf(failed, 'docker')?.state).toBe('failed');
      expect(failed.error).toMatchObject({
        code: 'HOST_DOCKER_MISSING',
        message: expect.stringMatching(
          /^Docker could not be set up\. .*Could not resolve host: get\.docker\.com/,
        ),
        remedy: expect.stringMatching(/^Check that the GPU host .*reaches the internet/),
      });
      expect(failed.output.map(({ text }) => text).join('\n')).toContain(
        '# curl -fsSL https://get.docker.com',
      );
      expect(await gpu.run(`ls -A ${ROOT} 2>/dev/null || :`)).toBe('');
    } finally {
      await gpu.run('touch /.dockerenv');
    }
  });

  test('a machine without a card is named; who leaves the step out may go on', async () => {
    await gpu.run('mv /usr/local/bin/nvidia-smi /root/away');
    try {
      const keeper = consoleOf();
      const view = await act(keeper, 'deploy');
      expect(view.error).toMatchObject({
        code: 'HOST_GPU_MISSING',
        message: 'No GPU is visible on this machine: nvidia-smi is not there.',
        remedy: expect.stringContaining('NVIDIA driver is installed'),
      });
      await keeper.look({ targetId: 'it', skip: ['gpu'] });
      const without = await seen(keeper, ({ phase }) => phase === 'ready');
      expect(without.steps.map(({ state }) => state)).not.toContain('blocked');
    } finally {
      await gpu.run('mv /root/away /usr/local/bin/nvidia-smi');
    }
  });

  test('a machine that takes long to look over is not one whose clock is behind', async () => {
    // Half of it would be more than what a clock may be off.
    await gpu.run(
      `mv /usr/local/bin/nvidia-smi /root/away; printf '%s\\n' '#!/bin/sh' 'sleep 10.5' > /usr/local/bin/nvidia-smi; chmod +x /usr/local/bin/nvidia-smi`,
    );
    try {
      const keeper = consoleOf();
      await keeper.look({ targetId: 'it', skip: [] });
      const { findings } = await seen(keeper, ({ phase }) => phase === 'ready');
      const clock = findings.find(({ label }) => label === 'Clock');
      expect(clock).toMatchObject({ tone: 'ok', note: '', value: expect.stringMatching(/^[0-4]\.\d s /) });
    } finally {
      await gpu.run('mv /root/away /usr/local/bin/nvidia-smi');
    }
  });

  test('a pod of RunPod gets the agent on its volume, unless it has none or an agent stands elsewhere', async () => {
    const root = '/workspace/worker-agent';
    const there = async () => {
      const keeper = consoleOf({ root });
      await keeper.look({ targetId: 'it', skip: [] });
      const { findings } = await seen(keeper, ({ phase }) => phase === 'ready');
      const imports = await gpu.run(ASK_ROOT, root);
      const looked = findings.find(({ label }) => label === 'Disk')?.note;
      expect(imports).toBe(looked);
      return looked;
    };
    expect(await there()).toBe(ROOT);
    await gpu.run('mkdir /workspace');
    try {
      expect(await there()).toBe(root);
      await gpu.run(`mkdir -p ${ROOT}; ln -s releases/x ${ROOT}/current`);
      expect(await there()).toBe(ROOT);
    } finally {
      await gpu.run(`rm -rf ${ROOT}; rmdir /workspace`);
    }
  });

  test('a port that a worker needs and something else has is named', async () => {
    const free = await occupyPort(gpu, 8189);
    try {
      const view = await act(consoleOf(), 'deploy');
      expect(view.error).toMatchObject({
        code: 'HOST_PORT_TAKEN',
        message: expect.stringMatching(
          /^Something already listens on port 8189 \(node, process \d+\), which workers need\.$/,
        ),
        remedy: expect.stringContaining('give the workers another first port'),
      });
    } finally {
      await free();
    }
  });

  test('a Redis that listens on the VPS’s loopback address only is named from the GPU host', async () => {
    await vps.run('redis-server --port 6380 --bind 127.0.0.1 --save "" --daemonize yes >/dev/null');
    const view = await act(consoleOf({ configuration: { REDIS_PORT: '6380' } }), 'deploy');
    await vps.run('redis-cli -p 6380 shutdown');
    expect(view.error).toMatchObject({
      code: 'REDIS_UNREACHABLE',
      message: `From this machine, nothing accepts connections at Redis’s address ${vps.address}: Redis on the VPS most likely listens on its loopback address only.`,
      remedy: expect.stringContaining('press “Set it and restart Redis” there'),
    });
    expect(await gpu.run(`ls ${ROOT}`)).not.toContain('current');
  });

  test('a wrong Redis password is named from the GPU host, and nothing is switched', async () => {
    const view = await act(consoleOf({ configuration: { REDIS_PASSWORD: 'wrong' } }), 'deploy');
    expect(view.error).toMatchObject({
      code: 'REDIS_AUTH',
      message: expect.stringMatching(/^From this machine, .*password/),
      remedy: expect.stringMatching(/^Import the \.env of the VPS again/),
    });
    expect(await gpu.run(`ls ${ROOT}`)).not.toContain('current');
  });

  test('a disk that fills up in the middle of the upload is named; with room again it goes on', async () => {
    await gpu.run(`mkdir -p ${SMALL}; mount -t tmpfs -o size=600m small ${SMALL}`);
    const { host } = link;
    const filling: RemoteHost = {
      ...host,
      files: {
        ...host.files,
        async upload(...args) {
          // Others fill the disk: what is left takes half of the agent.
          await gpu.run(`mount -o remount,size=$(($(du -sk ${SMALL} | cut -f1) + $1))k ${SMALL}`, halfKiB);
          return host.files.upload(...args);
        },
      },
    };
    const halfKiB = String(Math.round(statSync(bundle.path).size / 2048));
    const root = `${SMALL}/agent`;
    const full = await act(consoleOf({ host: filling, root }), 'deploy');
    expect(stepOf(full, 'release')?.state).toBe('failed');
    expect(full.error).toMatchObject({
      code: 'HOST_DISK_FULL',
      message: `The disk that holds ${root}/releases/${releaseName(bundle.version, bundle.sha256)} is full.`,
      remedy: expect.stringMatching(/Free some space/),
    });
    // Nothing half is left, not even the lock.
    expect(await gpu.run(`find ${root} -type f -o -name deploy.lock`)).toBe('');
    await gpu.run(`mount -o remount,size=600m ${SMALL}`);
    const isThere = (view: DeployView) => stepOf(view, 'release')?.state === 'finished';
    const keeper = consoleOf({ root });
    await act(keeper, 'deploy', { until: isThere });
    await keeper.stop({ targetId: 'it' });
    await seen(keeper, ({ phase }) => phase === 'failed');
  });

  test('two consoles that deploy at once: one works, the other is told who', async () => {
    const other = createHostsRig();
    try {
      const { host } = await ready(other, { user: 'root', keyFile });
      const both = [consoleOf({ by: 'anna@studio' }), consoleOf({ by: 'bert@laptop', host })];
      const ends = both.map((keeper) => act(keeper, 'deploy'));
      const told = await Promise.race(ends);
      expect(told.error).toMatchObject({
        code: 'HOST_BUSY',
        message: expect.stringMatching(
          /^(anna@studio|bert@laptop) is working on the GPU host .*; its last sign is \d+ s old\.$/,
        ),
        remedy: expect.stringMatching(/^Wait until that is done, then press again/),
      });
      const worker = told.error?.message.startsWith('anna') ? 0 : 1;
      // It works undisturbed. Stopped, it gives the lock free.
      await both[worker]?.stop({ targetId: 'it' });
      expect((await ends[worker])?.error?.message).toBe('It was stopped by you.');
      expect(await gpu.run(`ls -A ${ROOT}`)).not.toContain('deploy.lock');
    } finally {
      other.close();
    }
  });

  test('the link is cut at every step: each press goes on from there, and the end is as without', async () => {
    const way = cutAtStep(link.host, gpu);
    const keeper = consoleOf({ host: way.host });
    // Nor is anything of an earlier attempt at work there.
    await gpu.run(
      `pkill -KILL -f '[w]orker-agent.mjs' || :; pkill -KILL -f '[c]omfy-double' || :; rm -rf ${ROOT}`,
    );
    // Each with its place among what is to be done then. What stands nowhere but in the plan is done again.
    const steps = [
      ['node', 1],
      ['release', 2],
      ['configuration', 2],
      ['check', 2],
      ['switch', 3],
      ['service', 4],
      ['start', 2],
    ] as const;
    for (const [id, place] of steps) {
      way.cutAt(place);
      const view = await act(keeper, 'deploy');
      expect(view.steps.find(({ state }) => state === 'failed')?.id).toBe(id);
      expect(view.error).toMatchObject({
        code: 'HOST_LINK_LOST',
        retryable: true,
        message: expect.stringMatching(/the GPU host/i),
      });
      await stateOf(link, 'ready');
    }
    expect((await act(keeper, 'deploy')).error).toBeNull();
    const after = await act(consoleOf(), 'deploy');
    expect(after.result).toMatch(/^Nothing was to be done/);
    expect(rig.watch.now.hosts[HOST_ID]?.status?.phase).toBe('running');
    expect(
      await gpu.run(`ls ${ROOT}/releases ${ROOT}/config; ls -d ${ROOT}/deploy.lock 2>&1 || :`),
    ).not.toMatch(/draft|\.part|2\.env|deploy\.lock$/);
    // The agent's first word is waited for over the link only while nobody has heard it.
    await gpu.run(
      `kill -KILL $(cat ${ROOT}/daemon.pid) $(sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p' ${ROOT}/state/agent.lock)`,
    );
    await rig.client.client('PAUSE', 9000);
    way.cutAt(2);
    const unheard = await act(keeper, 'deploy');
    expect(unheard.steps.find(({ state }) => state === 'failed')?.id).toBe('heartbeat');
    expect(unheard.error).toMatchObject({ code: 'HOST_LINK_LOST', retryable: true });
    await stateOf(link, 'ready');
    expect((await act(keeper, 'deploy')).result).toMatch(/^Nothing was to be done/);
    for (const [id, place] of [
      ['stop', 1],
      ['remove', 2],
    ] as const) {
      way.cutAt(place);
      const view = await act(keeper, 'uninstall');
      expect(view.steps.find(({ state }) => state === 'failed')?.id).toBe(id);
      expect(view.error).toMatchObject({ code: 'HOST_LINK_LOST', retryable: true });
      await stateOf(link, 'ready');
    }
    expect((await act(keeper, 'uninstall')).error).toBeNull();
    expect(await gpu.run(`ls -A ${ROOT}`)).toBe('state\n');
  });

  test('none of all this told a secret to a page, a program or a disk', async () => {
    expect(rig.told.length).toBeGreaterThan(0);
    expect(secrets.find(rig.told.join('\n'), 'what the page was told')).toEqual([]);
    expect(await secrets.processes()).toEqual([]);
    const found = [];
    for (const folder of ['root', 'home', 'tmp', 'run', 'var/log', 'var/tmp', 'etc'])
      found.push(...(await secrets.folder(gpu.path(`/${folder}`), folder)));
    // The agent's own configurations, for the owner's eyes only.
    const elsewhere = found.filter(({ where }) => !/\/config\/\d+\.env$/.test(where));
    expect(elsewhere).toEqual([]);
    for (const { where } of found) expect(statSync(gpu.path(`/${where}`)).mode & 0o777, where).toBe(0o600);
  });
});
