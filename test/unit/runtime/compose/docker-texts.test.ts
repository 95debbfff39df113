import { describe, expect, test } from 'vitest';
import { parseEventLine } from '../../../../worker-agent/src/runtime/compose/container-events.ts';
import { lastWords } from '../../../../worker-agent/src/runtime/compose/container-logs.ts';
import { findControlGroup } from '../../../../worker-agent/src/runtime/compose/container-processes.ts';
import { dockerFailure } from '../../../../worker-agent/src/runtime/compose/docker-failure.ts';
import { buildProgress, pullProgress } from '../../../../worker-agent/src/runtime/compose/ensure-image.ts';
import { sharedMemoryLimit } from '../../../../worker-agent/src/runtime/compose/memory-limit.ts';

describe('what Docker prints when it fails', () => {
  const told = (stderr: string) => {
    const { message, remedy = '' } = dockerFailure('worker-1 cannot start', {
      kind: 'done',
      code: 1,
      stdout: '',
      stderr,
    });
    return `${message} ${remedy}`;
  };

  test.each([
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      'systemctl start docker',
    ],
    [
      'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
      'group docker',
    ],
    [
      'Error response from daemon: could not select device driver "nvidia" with capabilities: [[gpu]]',
      'NVIDIA Container Toolkit',
    ],
    ['nvidia-container-cli: device error: 7: unknown device: unknown', 'GPU_IDS'],
    ['nvidia-container-cli: initialization error: driver/library version mismatch', 'driver'],
    ['Bind for 127.0.0.1:8188 failed: port is already allocated', 'COMFYUI_BASE_PORT'],
    ['write /var/lib/docker/tmp: no space left on device', 'docker system df'],
    ['Error response from daemon: pull access denied for comfy, repository does not exist', 'COMFYUI_IMAGE'],
    [
      'Error response from daemon: Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io on 10.0.0.1:53: no such host',
      'internet connection',
    ],
    ['toomanyrequests: You have reached your pull rate limit', 'docker login'],
    [
      'Error response from daemon: Conflict. The container name "/workshop-h-worker-1" is already in use by container "ab"',
      'COMPOSE_PROJECT',
    ],
    ['invalid mount config for type "bind": bind source path does not exist: /srv/models', 'MODELS_PATH'],
  ])('%s', (stderr, step) => {
    expect(told(stderr)).toMatch(/^worker-1 cannot start: /);
    expect(told(stderr)).toContain(step);
  });

  test('what nobody foresaw is passed on by its last line', () => {
    expect(told('noise\nError: the moon is full\n')).toContain('the moon is full');
  });

  test('a missing docker and a docker that hangs are told apart', () => {
    expect(dockerFailure('x', { kind: 'missing' }).message).toContain('not installed');
    expect(dockerFailure('x', { kind: 'timeout', afterMs: 30_000, stderr: '' }).message).toContain('30 s');
  });
});

test('pull progress counts layers, each once, and not those that merely arrived', () => {
  const follow = pullProgress();
  const lines = [
    'v1: Pulling from comfy',
    '111111111111: Pulling fs layer',
    '222222222222: Pulling fs layer',
    '111111111111: Download complete',
    '222222222222: Already exists',
    '111111111111: Pull complete',
    'Digest: sha256:abc',
  ];
  expect(lines.map(follow)).toEqual([
    null,
    'pulling the image: 0 of 1 layers',
    'pulling the image: 0 of 2 layers',
    'pulling the image: 0 of 2 layers',
    'pulling the image: 1 of 2 layers',
    'pulling the image: 2 of 2 layers',
    null,
  ]);
});

test('build progress is read from the old builder and from BuildKit', () => {
  expect(buildProgress('Step 3/9 : RUN pip install torch')).toBe('building the image: step 3 of 9');
  expect(buildProgress('#7 [3/9] RUN pip install torch')).toBe('building the image: step 3 of 9');
  expect(buildProgress('#7 [stage-1 2/4] COPY . .')).toBe('building the image: step 2 of 4');
  expect(buildProgress('#7 12.3 Collecting torch')).toBeNull();
});

test('an event line of one of our containers is read, others are passed over', () => {
  const line = (attributes: Record<string, string>, Action = 'die') =>
    JSON.stringify({
      Action,
      Actor: { ID: 'c1', Attributes: attributes },
      time: 1767000000,
      timeNano: 1767000000123456800,
    });
  expect(parseEventLine(line({ 'workshop-console.worker': 'worker-1', exitCode: '137' }))).toEqual({
    workerId: 'worker-1',
    containerId: 'c1',
    action: 'die',
    exitCode: 137,
    at: 1767000000123,
  });
  expect(parseEventLine(line({}))).toBeNull();
  expect(parseEventLine(line({ 'workshop-console.worker': 'worker-1' }, 'exec_start'))).toBeNull();
  expect(parseEventLine('not json')).toBeNull();
});

test('the last words are the exception, not the chatter behind it', () => {
  expect(
    lastWords([
      'Loading',
      'Traceback (most recent call last):',
      '  File "main.py"',
      'OSError: no disk',
      'Killed',
    ]),
  ).toBe('OSError: no disk');
  expect(lastWords(['Starting server', 'Prompt executed'])).toBe('Prompt executed');
  expect(lastWords([])).toBeNull();
});

describe('control groups', () => {
  test('version 1, with the accounting controller alone or shared', () => {
    const alone = '4:memory:/docker/c1\n2:cpuacct:/docker/c1\n0::/';
    expect(findControlGroup(alone, 'c1')?.processes).toBe('/sys/fs/cgroup/cpuacct/docker/c1/cgroup.procs');
    const group = findControlGroup('2:cpu,cpuacct:/docker/c1', 'c1');
    expect(group?.cpuTime).toBe('/sys/fs/cgroup/cpu,cpuacct/docker/c1/cpuacct.usage');
    expect(group?.nanosecondsIn('123456789\n')).toBe(123456789);
  });

  test('version 2', () => {
    const group = findControlGroup('0::/system.slice/docker-c1.scope\n', 'c1');
    expect(group?.processes).toBe('/sys/fs/cgroup/system.slice/docker-c1.scope/cgroup.procs');
    expect(group?.nanosecondsIn('usage_usec 2500\nuser_usec 1\n')).toBe(2_500_000);
    expect(group?.nanosecondsIn('nothing')).toBeNull();
  });

  test('a process that is not the container’s is somebody else’s: another machine, another PID namespace', () => {
    expect(findControlGroup('0::/user.slice/session-1.scope', 'c1')).toBeNull();
  });
});

test('the host’s RAM is shared out with something left for the host; RAM, not VRAM', () => {
  const GIB = 1024 ** 3;
  expect(sharedMemoryLimit(180 * GIB, 3)).toBe(55 * GIB);
  expect(3 * (sharedMemoryLimit(180 * GIB, 3) ?? 0)).toBeLessThan(180 * GIB);
  expect(sharedMemoryLimit(16 * GIB, 8)).toBeNull();
});
