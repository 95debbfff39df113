import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  composeFileText,
  composeService,
  LABELS,
} from '../../../../worker-agent/src/runtime/compose/compose-file.ts';
import {
  COMPOSE_DEFAULTS,
  type ComposeOptions,
  projectName,
} from '../../../../worker-agent/src/runtime/compose/compose-options.ts';
import type { Slot } from '../../../../worker-agent/src/runtime/roles.ts';

const GIB = 1024 ** 3;
const options = (more: Partial<ComposeOptions> = {}): ComposeOptions => ({
  ...COMPOSE_DEFAULTS,
  project: 'workshop-h100',
  image: 'comfyui:v0.11.0',
  inputsPath: '/srv/inputs',
  outputsPath: '/srv/comfy-outputs',
  stateDir: '/var/lib/agent',
  maxWorkers: 3,
  ...more,
});
const slot = (index: number, gpu: string | null = null): Slot => ({
  index,
  workerId: `worker-${index + 1}`,
  port: 8188 + index,
  gpu,
});
const devices = (gpu: string | null, more: Partial<ComposeOptions> = {}) => {
  const service = composeService(options(more), slot(0, gpu), null);
  return parse(composeFileText(new Map([['worker-1', service]]))).services['worker-1'].deploy?.resources
    .reservations.devices;
};

describe('the compose file (contract 3.4)', () => {
  const service = composeService(options({ modelsPath: '/srv/models' }), slot(1), 64 * GIB);

  test('3.4.1 stands alone: nothing is included, nothing depended on, no name and no version', () => {
    const file = parse(composeFileText(new Map([['worker-2', service]])));
    expect(Object.keys(file)).toEqual(['services']);
    expect(Object.keys(file.services)).toEqual(['worker-2']);
    expect(service).not.toHaveProperty('depends_on');
  });

  test('3.4.2 runs ComfyUI and never worker.py, whatever the image would start', () => {
    expect(service.entrypoint).toEqual(['python3', 'main.py']);
    expect(service.working_dir).toBe('/workspace/ComfyUI');
    expect(service.command).toEqual([
      ...['--listen', '0.0.0.0', '--port', '8188'],
      ...['--output-directory', '/outputs', '--input-directory', '/inputs', '--user-directory', '/user'],
      ...['--database-url', 'sqlite:////user/comfyui.db'],
      ...['--extra-model-paths-config', '/config/extra_model_paths.yaml'],
    ]);
  });

  test('3.4.3 is reached on loopback only, on the slot’s own port', () => {
    expect(service.ports).toEqual(['127.0.0.1:8189:8188']);
    const onHost = composeService(options({ network: 'host' }), slot(1), null);
    expect(onHost).not.toHaveProperty('ports');
    expect(onHost.network_mode).toBe('host');
    expect(onHost.command).toEqual(expect.arrayContaining(['--listen', '127.0.0.1', '--port', '8189']));
  });

  test('3.4.4 and 3.4.8 inputs are shared and writable, models read-only, outputs and user folder the worker’s own', () => {
    expect(service.volumes).toEqual([
      { type: 'bind', source: '/srv/comfy-outputs/worker-2', target: '/outputs' },
      { type: 'bind', source: '/srv/inputs', target: '/inputs' },
      { type: 'bind', source: '/var/lib/agent/workers/worker-2/user', target: '/user' },
      { type: 'bind', source: '/var/lib/agent/config', target: '/config', read_only: true },
      { type: 'bind', source: '/srv/models', target: '/models', read_only: true },
    ]);
  });

  test('3.4.5 its healthcheck needs no curl and is patient', () => {
    const { test: command, start_period, retries } = service.healthcheck as Record<string, unknown>;
    expect(command).toEqual([
      'CMD',
      'python3',
      '-c',
      expect.stringContaining('http://127.0.0.1:8188/system_stats'),
    ]);
    expect(start_period).toBe('300s');
    expect(retries).toBe(10);
    expect(JSON.stringify(service)).not.toContain('curl');
  });

  test('3.4.6 a GPU by index, UUID or MIG UUID excludes a count; without one it gets all or none', () => {
    for (const id of ['0', 'GPU-1b2c3d4e', 'MIG-6f2a'])
      expect(devices(id)).toEqual([{ driver: 'nvidia', device_ids: [id], capabilities: ['gpu'] }]);
    expect(devices(null)).toEqual([{ driver: 'nvidia', count: 'all', capabilities: ['gpu'] }]);
    expect(devices(null, { defaultGpu: 'none' })).toBeUndefined();
  });

  test('3.4.7 own name, RAM limit, grace; labels say whose it is', () => {
    expect(service.container_name).toBe('workshop-h100-worker-2');
    expect(service.mem_limit).toBe(64 * GIB);
    expect(service.stop_grace_period).toBe('30s');
    expect(service.restart).toBe('unless-stopped');
    expect(service.labels[LABELS.worker]).toBe('worker-2');
  });

  test('3.4.7 custom nodes see no secret: one in the settings is refused by name, not by value', () => {
    expect(service.environment).toEqual({ PYTHONUNBUFFERED: '1' });
    for (const name of [
      'REDIS_HOST',
      'HF_TOKEN',
      'ADMIN_PASSWORD',
      'R2_SECRET_ACCESS_KEY',
      'OPENAI_API_KEY',
    ]) {
      const act = () => composeService(options({ extraEnvironment: { [name]: 'v4lue' } }), slot(0), null);
      expect(act).toThrow(name);
      expect(act).not.toThrow('v4lue');
    }
    const fine = composeService(options({ extraEnvironment: { OMP_NUM_THREADS: '4' } }), slot(0), null);
    expect(fine.environment).toEqual({ PYTHONUNBUFFERED: '1', OMP_NUM_THREADS: '4' });
  });

  test('a dollar sign reaches ComfyUI as it is: compose would take it for a variable', () => {
    const text = composeFileText(
      new Map([['worker-1', composeService(options({ extraArgs: ['--x', '$HOME and $A'] }), slot(0), null)]]),
    );
    expect(text).toContain('"$$HOME and $$A"');
  });

  test('every value that a YAML 1.1 reader could mistake is quoted', () => {
    const text = composeFileText(
      new Map([
        ['worker-1', composeService(options({ restartPolicy: 'no', user: '1000:1000' }), slot(0), null)],
      ]),
    );
    expect(text).toContain('restart: "no"');
    expect(text).toContain('user: "1000:1000"');
    expect(text).toContain('"127.0.0.1:8188:8188"');
  });
});

describe('the settings label', () => {
  const label = (more: Partial<ComposeOptions> = {}, where = slot(0), limit: number | null = GIB) =>
    composeService(options(more), where, limit).labels[LABELS.settings];

  test('is the same for the same settings, so a running server is taken over', () => {
    expect(label()).toBe(label());
  });

  test('differs as soon as anything differs that a restart would change', () => {
    const labels = [
      label(),
      label({ image: 'comfyui:v0.33.0' }),
      label({ extraArgs: ['--lowvram'] }),
      label({}, slot(0, 'GPU-1')),
      label({}, { ...slot(0), port: 9000 }),
      label({}, slot(0), 2 * GIB),
    ];
    expect(new Set(labels).size).toBe(labels.length);
  });
});

test('a host id becomes a project name that compose takes', () => {
  expect(projectName('GPU.Host_1')).toBe('workshop-gpu-host_1');
});
