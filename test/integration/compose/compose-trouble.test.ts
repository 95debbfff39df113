import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'vitest';
import type { ServerState } from '../../../worker-agent/src/runtime/roles.ts';
import { IMAGE, reaches } from './compose-host.ts';
import { containers, submitLongPrompt, testsWithEngine } from './with-engine.ts';

const withEngine = await testsWithEngine();

withEngine(
  'a server killed in mid-flight is told at once, comes back, and was not touched twice',
  async ({ host }) => {
    const server = await host.runtime().start(await host.slot(0));
    await reaches(server, 'ready');
    const seen: ServerState[] = [];
    server.onChange((state) => seen.push(state));
    const [pid] = await server.pids();
    expect(pid).toBeGreaterThan(1);
    process.kill(Math.max(...(await server.pids())), 'SIGKILL');
    const failed = await reaches(server, 'failed');
    expect(failed.error.code).toBe('COMFY_DIED');
    expect(failed.error.message).toContain('exit 137');
    expect(failed.retryAt).not.toBeNull();
    await reaches(server, 'ready');
    expect(seen.filter(({ kind }) => kind === 'failed')).toHaveLength(1);
  },
);

withEngine(
  'a crash loop is told from a slow start, with the last words, and ends when the cause does',
  async ({ host }) => {
    await host.behave('worker-1', { mode: 'slow', ms: 2500 });
    await host.behave('worker-2', { mode: 'crash' });
    const runtime = host.runtime();
    const slow = await runtime.start(await host.slot(0));
    const broken = await runtime.start(await host.slot(1));
    const slowStates: ServerState[] = [];
    slow.onChange((state) => slowStates.push(state));
    const failed = await reaches(broken, 'failed', (state) => state.error.code === 'RUNTIME_CRASH_LOOP');
    expect(failed.error.message).toMatch(/keeps ending: \d+ times within \d+ s/);
    expect(failed.error.message).toContain("No module named 'torchsde'");
    expect(failed.error.message).toContain('exit code 3');
    await reaches(slow, 'ready');
    expect(slowStates.map(({ kind }) => kind)).not.toContain('failed');

    await host.behave('worker-2', { mode: 'fine' });
    await broken.restart();
    await reaches(broken, 'ready');
  },
);

withEngine('exit 137 at the RAM limit names RAM, its size and the remedy', async ({ host }) => {
  await host.behave('worker-1', { mode: 'hog' });
  const server = await host.runtime({ memoryLimitBytes: 256 * 1024 ** 2 }).start(await host.slot(0));
  const failed = await reaches(server, 'failed', (state) => state.error.code === 'OUT_OF_RAM');
  expect(failed.error.message).toContain('exit 137');
  expect(failed.error.message).toContain('not VRAM');
  expect(failed.error.message).toContain('0.3 GiB');
  expect(failed.error.remedy).toContain('WORKER_MEMORY_LIMIT');
});

withEngine('a dead prompt thread is found and the container restarted', async ({ host }) => {
  const slot = await host.slot(0);
  const server = await host.runtime({}, { timing: { stuckAfterMs: 1500, stuckSampleMs: 300 } }).start(slot);
  const { endpoint } = await reaches(server, 'ready');
  await fetch(`${endpoint}/double/control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ action: 'killPromptThread' }),
  });
  await submitLongPrompt(slot.port);
  const failed = await reaches(server, 'failed');
  expect(failed.error.code).toBe('COMFY_STUCK');
  await reaches(server, 'ready');
  const queue = await (await fetch(`${endpoint}/prompt`)).json();
  expect(queue).toEqual({ exec_info: { queue_remaining: 0 } });
});

withEngine('refuses to run beside the platform’s worker until that is gone or allowed', async ({ host }) => {
  const script = 'setInterval(() => {}, 1000)';
  await host.engine.docker(
    ...['run', '-d', '--name', 'comfy-worker-1', '--network', 'host', '--entrypoint', 'node'],
    ...[IMAGE, '-e', script, '/app/start-worker.sh'],
  );
  const slot = await host.slot(0);
  const server = await host.runtime().start(slot);
  const failed = await reaches(server, 'failed');
  expect(failed.error.code).toBe('WRONG_STATE');
  expect(failed.error.message).toContain('comfy-worker-1');
  expect(failed.error.remedy).toContain('docker stop comfy-worker-1');
  expect(failed.error.remedy).toContain('ALLOW_PLATFORM_WORKER=true');
  expect(await containers(host)).toEqual(['comfy-worker-1']);

  await host.engine.docker('rm', '--force', 'comfy-worker-1');
  await reaches(server, 'ready');
});

withEngine('refuses beside a queue-manager that sweeps another machine’s Redis', async ({ host }) => {
  const run = (name: string, redis: string) =>
    host.engine.docker(
      ...[
        'run',
        '-d',
        '--name',
        name,
        '--network',
        'host',
        '-e',
        `REDIS_HOST=${redis}`,
        '-e',
        'REDIS_PASSWORD=s3cret',
      ],
      ...['--entrypoint', 'node', IMAGE, '-e', 'setInterval(() => {}, 1000)'],
    );
  await run('comfy-queue-manager', '100.99.1.2');
  const server = await host.runtime().start(await host.slot(0));
  const failed = await reaches(server, 'failed');
  expect(failed.error.message).toContain('comfy-queue-manager');
  expect(JSON.stringify(failed)).not.toContain('s3cret');

  await host.engine.docker('rm', '--force', 'comfy-queue-manager');
  await run('comfy-queue-manager', 'redis');
  await reaches(server, 'ready');
});

withEngine('a container that somebody stops or removes by hand is brought back', async ({ host }) => {
  const server = await host.runtime().start(await host.slot(0));
  await reaches(server, 'ready');
  await host.engine.docker('stop', '--time', '0', 'workshop-test-worker-1');
  await reaches(server, 'failed');
  await reaches(server, 'ready');
  await host.engine.docker('rm', '--force', 'workshop-test-worker-1');
  await reaches(server, 'failed', (state) => /removed by somebody else|was killed/.test(state.error.message));
  await reaches(server, 'ready');
});

withEngine('Docker itself going away and coming back is survived', async ({ host }) => {
  const server = await host.runtime().start(await host.slot(0));
  await reaches(server, 'ready');
  await host.engine.halt();
  const failed = await reaches(server, 'failed', (state) =>
    /Docker is not running/.test(state.error.message),
  );
  expect(failed.error.remedy).toContain('systemctl start docker');
  await host.engine.start();
  await reaches(server, 'ready');
});

withEngine('a GPU that Docker cannot hand out is named with the way to mend it', async ({ host }) => {
  const runtime = host.runtime({ defaultGpu: 'all' });
  for (const slot of [{ ...(await host.slot(0)), gpu: 'GPU-1b2c3d4e' }, await host.slot(1)]) {
    const failed = await reaches(await runtime.start(slot), 'failed');
    expect(failed.error.code).toBe('RUNTIME_START');
    expect(failed.error.message).toContain('cannot hand a GPU to a container');
    expect(failed.error.remedy).toContain('NVIDIA Container Toolkit');
    expect(failed.retryAt).not.toBeNull();
  }
});

withEngine(
  'a port taken by another program is named, and the worker starts once it is free',
  async ({ host }) => {
    const slot = await host.slot(0);
    const other = createServer().listen(slot.port, '127.0.0.1');
    await once(other, 'listening');
    const server = await host.runtime().start(slot);
    const failed = await reaches(server, 'failed');
    expect(failed.error.message).toContain(`Port ${slot.port}`);
    other.close();
    await reaches(server, 'ready');
  },
);

withEngine(
  'a models folder that is not mounted is named before ComfyUI starts without models',
  async ({ host }) => {
    const server = await host.runtime({ modelsPath: '/srv/no-such-disk' }).start(await host.slot(0));
    const failed = await reaches(server, 'failed');
    expect(failed.error.message).toContain('/srv/no-such-disk');
    expect(await containers(host)).toEqual([]);
  },
);

withEngine('a stop cuts a start short, whatever it waits for', async ({ host }) => {
  await host.behave('worker-1', { mode: 'slow', ms: 600_000 });
  const server = await host.runtime().start(await host.slot(0));
  await reaches(server, 'starting', (state) => state.note === 'ComfyUI is loading');
  await server.stop(0);
  expect(server.state()).toEqual({ kind: 'stopped' });
  expect(await containers(host)).toEqual([]);
  await expect(server.restart()).rejects.toThrow('is stopped');
});
