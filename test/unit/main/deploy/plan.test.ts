import { describe, expect, test } from 'vitest';
import { agentSettings, NO_CHOICES } from '../../../../src-main/domain/deploy/agent-settings.ts';
import { type ClockSkew, clockSkew } from '../../../../src-main/domain/deploy/clock-skew.ts';
import { describeMachine } from '../../../../src-main/domain/deploy/describe-machine.ts';
import { type Findings, isNodeUsable, parseFindings } from '../../../../src-main/domain/deploy/findings.ts';
import { AGENT_ROOTS, rootFor } from '../../../../src-main/domain/deploy/layout.ts';
import { planSteps } from '../../../../src-main/domain/deploy/plan.ts';
import type { Wanted } from '../../../../src-main/domain/deploy/plan-step.ts';

/** A rented machine as it is handed over: driver there, nothing else. */
const EMPTY = `os.id=ubuntu
os.name=Ubuntu 22.04.4 LTS
arch=x86_64
user=ubuntu
hostname=h100
root=/home/ubuntu/.local/share/worker-agent
clock=1795479705.25
clock.end=1795479706.75
disk.free.kib=209715200
docker.disk=209715200 /var/lib/docker
models=41 128849018880 209715200 /mnt/sfs/models
sudo=free
systemd=yes
gpu=0, NVIDIA H100 80GB HBM3, 81559, 570.133.20
listen=0016
listener=22 700 sshd
fetcher=curl
packages=apt
undelivered=0`;

const wanted: Wanted = {
  ...{
    act: 'deploy',
    release: '0.2.0-aaaaaaaaaaaa',
    sha256: 'a'.repeat(64),
    runtime: 'compose',
    missing: null,
    way: null,
    tunnel: false,
    image: 'workshop-comfyui:local',
    modelsPath: '/mnt/sfs/models',
  },
  ...{ redisHost: '100.99.216.71', ports: [8188, 8189, 8190], standingPorts: [], skip: new Set() },
  ...{ configurationCurrent: false, serviceCurrent: false },
  node: { version: 'v24.21.0', mirror: 'https://nodejs.org/dist' },
};
const found = (more: Partial<Findings> = {}): Findings => ({ ...parseFindings(EMPTY), ...more });
const plan = (more: Partial<Findings> = {}, want: Partial<Wanted> = {}) =>
  Object.fromEntries(planSteps(found(more), { ...wanted, ...want }).map((step) => [step.id, step]));
const installed = (current: string, more: Partial<Findings['agent']> = {}) => ({
  agent: {
    ...{
      current,
      previous: null,
      releases: { [current]: 'b'.repeat(64) },
      config: 'config/1.env',
      undelivered: 0,
    },
    ...{ running: { pid: 7, release: current, config: 'config/1.env' }, service: 'system' as const },
    ...more,
  },
});

describe('the plan for a machine', () => {
  test('an empty machine with a driver gets everything, with the exact commands', () => {
    const steps = plan();
    const needed = Object.values(steps).filter(({ state }) => state === 'needed');
    expect(needed.map(({ id }) => id)).toEqual([
      ...['docker', 'toolkit', 'tailscale', 'node', 'release', 'configuration', 'check', 'switch'],
      ...['service', 'start', 'heartbeat'],
    ]);
    expect(steps.docker?.commands).toContain('sh /tmp/get-docker.sh');
    expect(steps.node?.commands.join('\n')).toContain('sha256sum -c');
    expect(steps.tailscale).toMatchObject({ asRoot: true, skippable: true });
  });

  test('a machine in order is left alone, but listened to', () => {
    const release = wanted.release;
    const steps = plan(
      {
        ...installed(release, { releases: { [release]: wanted.sha256 } }),
        docker: { ...found().docker, client: true, server: '27.0', compose: '2.29', nvidia: true },
        tailscale: { installed: true, addresses: ['100.64.0.7'] },
        node: { path: `${found().root}/node`, version: 'v24.21.0' },
      },
      { configurationCurrent: true, serviceCurrent: true },
    );
    expect(
      Object.values(steps)
        .filter(({ state }) => state !== 'done')
        .map(({ id }) => id),
    ).toEqual(['heartbeat']);
  });

  test('a machine that is no Linux gets no plan, but a sentence', () => {
    const mac = parseFindings(
      'kernel=Darwin\nos.id=Darwin\nos.name=Darwin\nuser=anna\nroot=/Users/anna/x\nsudo=password',
    );
    for (const act of ['deploy', 'rollback', 'uninstall'] as const)
      expect(planSteps(mac, { ...wanted, act })).toMatchObject([
        {
          id: 'system',
          state: 'blocked',
          problem: {
            code: 'HOST_UNSUITABLE',
            message: 'This machine runs macOS. The agent and the workers need Linux with an NVIDIA card.',
            remedy: expect.stringMatching(/^Rent a GPU machine/),
          },
        },
      ]);
    expect(describeMachine(mac, null)[0]).toMatchObject({ label: 'System', tone: 'fail' });
    expect(found().kernel).toBe('Linux');
  });

  test('a user’s systemd is promised for as much as it keeps', () => {
    const user = { keeper: 'user' as const, sudo: 'none' as const };
    const kept = { ...installed('0.1.0-bbbbbbbbbbbb', { service: 'user' }), ...user };
    expect(plan({ ...user, lingers: true }).service?.why).toContain('starts it with the machine and after');
    expect(plan(user).service?.why).toContain('with the machine, too, if');
    expect(plan({ ...kept, lingers: true }, { serviceCurrent: true }).service?.state).toBe('done');
    expect(plan(kept, { serviceCurrent: true }).service).toMatchObject({
      state: 'warned',
      why: expect.stringContaining('it ends with the last login, and does not start with the machine'),
      problem: { remedy: expect.stringContaining('loginctl enable-linger ubuntu') },
    });
  });

  test('a pod of RunPod keeps its agent on the volume', () => {
    expect(rootFor('runpod')).toBe('/workspace/worker-agent');
    expect(rootFor('verda')).toBe('~/.local/share/worker-agent');
    expect(AGENT_ROOTS).toContain(rootFor('runpod'));
  });

  test('a damaged release is uploaded again', () => {
    expect(plan(installed(wanted.release)).release?.state).toBe('needed');
  });

  test('a running agent of another release hands over', () => {
    expect(plan(installed('0.1.0-bbbbbbbbbbbb')).start?.title).toBe('Hand over');
    expect(plan(installed('0.1.0-bbbbbbbbbbbb')).switch?.why).toContain('the old one stays to go back to');
  });

  test.each<[string, Partial<Findings>, Partial<Wanted>, string, string, string]>([
    ['no sudo', { sudo: 'none' }, {}, 'docker', 'HOST_NO_SUDO', 'may not become root'],
    ['a full disk', { diskFreeMiB: 12 }, {}, 'disk', 'HOST_DISK_FULL', 'Only 12 MiB are free'],
    ['no GPU', { gpus: [], gpuWhy: 'driver not loaded' }, {}, 'gpu', 'HOST_GPU_MISSING', 'driver not loaded'],
    ['a taken port', { ports: [22, 8189] }, {}, 'ports', 'HOST_PORT_TAKEN', 'port 8189,'],
    [
      'a port whose owner is known',
      { ports: [8189], listeners: { 8189: 'python3, process 41' } },
      {},
      'ports',
      'HOST_PORT_TAKEN',
      'port 8189 (python3, process 41),',
    ],
    [
      'a disk too small for the image',
      { docker: { ...found().docker, disk: { path: '/var/lib/docker', freeMiB: 9000 } } },
      {},
      'room',
      'HOST_DISK_FULL',
      'Only 8 GiB are free where Docker keeps images (/var/lib/docker)',
    ],
    ['Docker in a pod', { container: true }, {}, 'docker', 'HOST_DOCKER_MISSING', 'container (a pod)'],
    ['no way to fetch Node', { fetcher: null }, {}, 'node', 'HOST_UNSUITABLE', 'neither curl nor wget'],
    ['an odd processor', { arch: 'riscv64' }, {}, 'node', 'HOST_UNSUITABLE', 'riscv64'],
    ['nothing to go back to', {}, { act: 'rollback' }, 'check', 'NOT_FOUND', 'no release'],
    [
      'no Redis',
      {},
      { missing: { message: 'It is not known', remedy: 'Import' } },
      'configuration',
      'CONFIG',
      'not known',
    ],
  ])('%s is named, with a way on', (_, more, want, id, code, words) => {
    const step = plan(more, want)[id];
    expect(step?.state).toBe('blocked');
    expect(step?.problem).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(step?.problem?.remedy).toBeTruthy();
  });

  test('the host may leave out what can be left out, and nothing else', () => {
    const steps = plan(
      { sudo: 'none', gpus: [] },
      { skip: new Set(['docker', 'toolkit', 'gpu', 'release']) },
    );
    expect([steps.docker?.state, steps.gpu?.state, steps.release?.state]).toEqual([
      'skipped',
      'skipped',
      'needed',
    ]);
  });

  test('room for the image is asked for where it is not there yet, and for compose only', () => {
    const docker = (freeMiB: number, images: string[] = []) => ({
      docker: { ...found().docker, images, disk: { path: '/data/docker', freeMiB } },
    });
    expect(plan(docker(30 * 1024)).room).toMatchObject({
      state: 'warned',
      why: expect.stringContaining('30 GiB are free where Docker keeps images (/data/docker)'),
    });
    expect(plan(docker(9000, ['workshop-comfyui:local'])).room?.state).toBe('done');
    expect(plan(docker(9000, ['mine:latest']), { image: 'mine' }).room?.state).toBe('done');
    expect(plan(docker(9000), { skip: new Set(['room']) }).room?.state).toBe('skipped');
    expect(plan(docker(9000), { runtime: 'process' }).room).toBeUndefined();
    expect(plan().room?.state).toBe('done');
  });

  test('models that are missing are said before and after, and stop nothing', () => {
    expect(plan().models).toMatchObject({ state: 'done', why: '41 model files, 129 GB in /mnt/sfs/models.' });
    const none = plan({ models: [] }, { modelsPath: null }).models;
    expect(none).toMatchObject({
      state: 'warned',
      why: 'No folder with models is given and none was found, so ComfyUI has only what its image brings.',
      problem: { remedy: expect.stringContaining('Until then jobs fail with missing files.') },
    });
    const empty = { path: '/mnt/sfs/models', files: 0, bytes: 0, freeMiB: 20 * 1024 };
    expect(plan({ models: [empty] }).models?.why).toBe(
      'There are no model files in /mnt/sfs/models, and 20 GiB are free on its disk, where those of a workshop take 100 to 150 GB.',
    );
    expect(plan({ models: [] }, { runtime: 'external' }).models).toBeUndefined();
    const own = { runtime: 'process', modelsPath: null } as const;
    expect(plan({ models: [] }, own).models?.state).toBe('done');
  });

  test('what installs packages waits for the machine’s own installations, and asks nobody anything', () => {
    const bare = { docker: { ...found().docker, client: true, server: '28.2', compose: null } };
    for (const { docker, toolkit, tailscale } of [plan(), plan(bare)])
      for (const step of [docker, toolkit, tailscale]) {
        expect(step?.commands[0]).toBe('export DEBIAN_FRONTEND=noninteractive');
        expect(step?.commands.join('\n')).toContain('/var/lib/dpkg/lock-frontend');
      }
    const joins = plan({ tailscale: { installed: true, addresses: [] } }).tailscale;
    expect(joins?.commands).toEqual(['tailscale up --timeout=300s']);
  });

  test('a machine that reaches Redis through the VPS needs no tailnet; what was left out can be taken back', () => {
    expect(plan({ container: true }, { tunnel: true }).tailscale).toMatchObject({
      ...{ state: 'done', skippable: false, why: expect.stringContaining('does not come up in a pod') },
    });
    const left = plan({}, { tunnel: true, skip: new Set(['tailscale']) }).tailscale;
    expect(left).toMatchObject({ state: 'skipped', skippable: true });
  });

  test('on a machine with an agent, a port counts as free only where its own servers have it', () => {
    const agent = installed('0.1.0-bbbbbbbbbbbb');
    const standingPorts = [8188, 8189, 8190];
    const ports = (more: Partial<Findings>, want: Partial<Wanted> = {}) =>
      plan({ ...agent, ...more }, { standingPorts, ...want }).ports;
    expect(ports({ ports: [22, 8188], ownPorts: [8188] })).toMatchObject({
      ...{ state: 'done', why: '8188–8190 can be used. 8188 is in use by this agent’s own workers.' },
    });
    // Nobody may see who listens: what its configuration names is its own, another first port is not.
    expect(ports({ ports: [8188] })?.state).toBe('done');
    const moved = { ports: [9188, 9189, 9190] };
    expect(ports({ ports: [9189] }, moved)).toMatchObject({
      state: 'blocked',
      problem: { code: 'HOST_PORT_TAKEN' },
    });
    expect(ports({ ports: [8188] }, moved)?.why).toBe('9188–9190 can be used.');
    // Another program has taken one of its own.
    const foreign = ports({ ports: [8189], listeners: { 8189: 'python3, process 41' } });
    expect(foreign?.problem?.message).toContain('port 8189 (python3, process 41)');
  });

  test('a mount that does not answer is a fact with its next step; models on it stay where they are configured', () => {
    const silentMounts = [{ path: '/mnt/sfs', kind: 'nfs4', source: 'nfs.example.org:/share' }];
    const hung = found({ silentMounts, models: [] });
    expect(describeMachine(hung, null).find(({ label }) => label === 'Storage')).toMatchObject({
      ...{ value: '/mnt/sfs does not answer', tone: 'fail' },
      note: expect.stringMatching(/^\/mnt\/sfs \(nfs4 from nfs\.example\.org:\/share\): .* look again\.$/),
    });
    expect(plan({ silentMounts, models: [] }).models?.problem?.message).toContain('which does not answer');
    const other = [{ path: '/models', files: 3, bytes: 5e9, freeMiB: 9 }];
    const settings = agentSettings(
      { ...hung, models: other },
      {
        ...{ workshop: {}, imported: {}, delivery: {}, choices: NO_CHOICES },
        standing: { MODELS_PATH: '/mnt/sfs/models' },
      },
    );
    expect(settings.modelsPath).toBe('/mnt/sfs/models');
    expect(parseFindings('mount.silent=fuse.sshfs me@there:/a /mnt/my share').silentMounts).toEqual([
      { kind: 'fuse.sshfs', source: 'me@there:/a', path: '/mnt/my share' },
    ]);
  });

  test('an external ComfyUI needs no Docker, no ports and no visible GPU', () => {
    const steps = plan({ gpus: [], sudo: 'none' }, { runtime: 'external', redisHost: '10.0.0.2' });
    expect(steps.docker ?? steps.ports ?? steps.tailscale).toBeUndefined();
    expect(steps.gpu?.state).toBe('done');
  });

  test('an uninstall says what stays', () => {
    const steps = plan(installed('0.1.0-bbbbbbbbbbbb', { undelivered: 3 }), { act: 'uninstall' });
    expect(Object.keys(steps)).toEqual(['stop', 'remove']);
    expect(steps.remove?.why).toContain('3 files not yet delivered and the agent’s notes stay');
  });
});

describe('reading a look', () => {
  test('hostile and broken lines do no harm', () => {
    const read = parseFindings(
      'gpu=nonsense\nlisten=zz\nnode=\nclock=\n=x\nagent.pid=\nuser=<script>\nsudo=maybe\nlistener=8189 x y\nlistener=22 7 a\u202eb c',
    );
    expect(read).toMatchObject({
      gpus: [],
      ports: [],
      listeners: { 22: 'ab c, process 7' },
      node: null,
      clock: { start: null, end: null },
      user: '<script>',
      sudo: 'none',
    });
    expect(read.agent.running).toBeNull();
  });

  test('a clock that is off is said; what the link may have done is not held against it', () => {
    const clock = (skew: ClockSkew) => describeMachine(found(), skew).find(({ label }) => label === 'Clock');
    expect(clock({ ms: -93_000, withinMs: 20 })).toMatchObject({ value: '93.0 s behind', tone: 'warn' });
    expect(clock({ ms: 6000, withinMs: 3000 })).toMatchObject({ value: '6.0 s ahead (± 3.0 s)', tone: 'ok' });
  });

  test('a look that takes long measures the clock as well as a short one', () => {
    const at = 1_795_479_705_250;
    // 20 s of looking, 40 ms to it and 60 ms back; the clock is right.
    const slow = clockSkew({ start: at + 40, end: at + 20_040 }, { before: at, after: at + 20_100 });
    expect(slow).toEqual({ ms: -10, withinMs: 50 });
    expect(found().clock).toEqual({ start: at, end: at + 1500 });
    const ours = { before: at - 9000, after: at - 7500 };
    expect(clockSkew(found().clock, ours)).toEqual({ ms: 9000, withinMs: 0 });
    // A clock of whole seconds, one that was set meanwhile, and none.
    const whole = clockSkew({ start: 5000, end: 7000 }, { before: 5900, after: 7950 });
    expect(whole).toEqual({ ms: -925, withinMs: 1025 });
    expect(clockSkew({ start: 900_000, end: 9000 }, { before: 8000, after: 9000 })).toBeNull();
    expect(clockSkew({ start: 5000, end: null }, { before: 8000, after: 9000 })).toBeNull();
  });

  test('a system Node that is new enough is preferred to an older one before it', () => {
    const text = `${EMPTY}\nnode=v18.19.0 /usr/bin/node\nnode=v22.1.0 /usr/local/bin/node`;
    expect(parseFindings(text).node).toEqual({ version: 'v22.1.0', path: '/usr/local/bin/node' });
    expect([isNodeUsable('v20.10.0'), isNodeUsable('v20.11.0'), isNodeUsable('v24.0.0')]).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe('models on a machine', () => {
  test('folders are read with what is in them, each once; broken lines do no harm', () => {
    const read = parseFindings(
      'models=2 1500000 2048000 /a b/models\nmodels=2 1500000 2048000 /a b/models\nmodels= 0 x\nmodels=0 0  /empty\ndocker.disk=x',
    );
    expect(read.models).toEqual([
      { path: '/a b/models', files: 2, bytes: 1_500_000, freeMiB: 2000 },
      { path: '/empty', files: 0, bytes: 0, freeMiB: null },
    ]);
    expect(read.docker.disk).toBeNull();
    const shown = describeMachine(read, null).find(({ label }) => label === 'Models');
    expect(shown).toMatchObject({ value: '2 model files, 2 MB', note: '/a b/models', tone: 'ok' });
    const none = describeMachine({ ...read, models: [] }, null).find(({ label }) => label === 'Models');
    expect(none).toMatchObject({ value: 'none found', tone: 'warn' });
  });
});

describe('the configuration of an agent', () => {
  const redis = { REDIS_HOST: '127.0.0.1', REDIS_PASSWORD: 'of the console' };
  const on = (more: Partial<Findings>, choices = NO_CHOICES, imported = {}, delivery = {}) =>
    agentSettings(found(more), { workshop: redis, imported, choices, delivery });

  test('what was imported to the machine goes over what the console knows', () => {
    const { entries } = on({}, NO_CHOICES, { REDIS_HOST: '100.99.216.71' });
    expect(entries).toMatchObject({ REDIS_HOST: '100.99.216.71', REDIS_PASSWORD: 'of the console' });
  });

  test('of the way to the VPS all goes into it or nothing: the agent refuses half a set', () => {
    const half = { VPS_OUTPUTS_PATH: '/srv/outputs' };
    expect(on({}, NO_CHOICES, half).entries).not.toHaveProperty('VPS_OUTPUTS_PATH');
    const whole = { VPS_SSH_HOST: '100.99.216.71', VPS_OUTPUTS_PATH: '/srv/outputs' };
    expect(on({}, NO_CHOICES, half, whole).entries).toMatchObject(whole);
  });

  test('the first port that was chosen goes over the configured one', () => {
    const workers = { COMFYUI_BASE_PORT: '8188' };
    expect(on({}, NO_CHOICES, workers).entries.COMFYUI_BASE_PORT).toBe('8188');
    expect(on({}, { ...NO_CHOICES, basePort: 8200 }, workers).entries.COMFYUI_BASE_PORT).toBe('8200');
  });

  test('a ComfyUI on the machine keeps its workers apart, as far as its command line can', () => {
    const comfy = parseFindings(
      'root=/r\ncomfy.dir=/my files/ComfyUI\ncomfy.python=/usr/bin/python3\ncomfy.option=--output-directory\ncomfy.option=--user-directory\ncomfy.option=--verbose',
    ).comfy;
    const { entries } = on({ container: true, comfy });
    const state = `${found().root}/state/comfyui`;
    expect(entries).toMatchObject({
      COMFYUI_COMMAND: `/usr/bin/python3 "/my files/ComfyUI/main.py" --listen 127.0.0.1 --port {port} --output-directory ${state}/output/{worker} --user-directory ${state}/user/{worker}`,
      COMFYUI_OUTPUT_DIR: `${state}/output/{worker}`,
    });
    const own = on({ container: true, comfy }, { ...NO_CHOICES, command: 'mine {port}' }).entries;
    expect([own.COMFYUI_COMMAND, own.COMFYUI_OUTPUT_DIR]).toEqual(['mine {port}', undefined]);
  });

  test('models: what was chosen, what stands while it holds some, ComfyUI’s own, the fullest', () => {
    const folder = (path: string, files: number) => ({ path, files, bytes: files * 1e9, freeMiB: 1 });
    const models = [folder('/small', 2), folder('/big', 9), folder('/c/models', 1), folder('/empty', 0)];
    const pathOf = (
      more: Partial<Findings>,
      choices = NO_CHOICES,
      standing: Record<string, string> | null = null,
    ) =>
      agentSettings(found(more), { workshop: redis, imported: {}, choices, standing, delivery: {} })
        .modelsPath;
    const process = { ...NO_CHOICES, runtime: 'process' as const };
    const comfy = { folder: '/c', python: 'python3', options: ['--extra-model-paths-config'] };
    expect(pathOf({ models })).toBe('/big');
    expect(pathOf({ models }, { ...NO_CHOICES, modelsPath: '/mine' })).toBe('/mine');
    expect(pathOf({ models }, NO_CHOICES, { MODELS_PATH: '/small' })).toBe('/small');
    expect(pathOf({ models }, NO_CHOICES, { MODELS_PATH: '/empty' })).toBe('/big');
    expect(pathOf({ models: [] }, NO_CHOICES, { MODELS_PATH: '/unmounted' })).toBe('/unmounted');
    expect(pathOf({ models: [] })).toBeNull();
    expect(pathOf({ models, comfy }, process)).toBe('/c/models');
    expect(pathOf({ models: [], comfy }, process)).toBe('/c/models');
    const elsewhere = on({ models: [folder('/big', 9)], comfy }, process).entries;
    expect(elsewhere.COMFYUI_COMMAND).toContain('--extra-model-paths-config');
    expect(on({ models, comfy }, process).entries.COMFYUI_COMMAND).not.toContain(
      '--extra-model-paths-config',
    );
  });

  test('several cards are all used, unless somebody said which', () => {
    const [card] = found().gpus;
    const gpus = card ? [card, { ...card, index: 1 }, { ...card, index: 3 }] : [];
    expect(on({ gpus }).entries.GPU_IDS).toBe('0,1,3');
    expect(on({ gpus }, NO_CHOICES, { GPU_IDS: '1' }).entries.GPU_IDS).toBe('1');
    expect(on({}).entries.GPU_IDS).toBeUndefined();
    expect(on({ gpus }, { ...NO_CHOICES, runtime: 'external', urls: 'x' }).entries.GPU_IDS).toBeUndefined();
  });

  test('compose where Docker can be, the process runtime in a pod, and the host’s choice before both', () => {
    expect(on({}).runtime).toBe('compose');
    expect(on({}).entries.COMFYUI_BUILD).toMatch(/\/image$/);
    const pod = on({
      container: true,
      comfy: { folder: '/workspace/ComfyUI', python: '/workspace/ComfyUI/venv/bin/python', options: [] },
    });
    expect(pod).toMatchObject({ runtime: 'process', missing: null });
    expect(pod.entries.COMFYUI_COMMAND).toContain('/workspace/ComfyUI/main.py');
    expect(on({}, { ...NO_CHOICES, runtime: 'process' }).missing?.message).toContain('No ComfyUI was found');
    expect(on({}, { ...NO_CHOICES, runtime: 'external' }).missing?.remedy).toContain('Enter their addresses');
  });
});
