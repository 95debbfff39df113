import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { createLogsService } from '../../../src-main/services/logs/logs-service.ts';
import { IMAGE } from './compose-host.ts';
import { testsWithEngine } from './with-engine.ts';

const withEngine = await testsWithEngine();

withEngine(
  "a worker's container is found and read through the Docker socket that the agent's configuration names",
  async ({ host: { engine } }) => {
    const root = await mkdtemp(join(tmpdir(), 'workshop-container-logs-'));
    await engine.docker(
      ...['run', '--detach', '--name', 'c-log-test', '--label', 'workshop-console.worker=container-log-test'],
      ...['--network', 'none', '--entrypoint', 'node', IMAGE, '-e'],
      "console.log('hello from a container'); setInterval(() => {}, 1e6)",
    );
    const { DOCKER_HOST: _own, ...env } = process.env;
    const logs = createLogsService({
      machines: {
        list: async () => [{ id: 'gpu-1', name: 'GPU host' }],
        open: async () => createLocalHost({ env: { ...env, HOME: root } }),
      },
      roots: [root],
      secrets: async () => [],
    });
    const stop = new AbortController();
    try {
      const found = async () => (await logs.sources({ machineId: 'gpu-1' })).map(({ where }) => where);
      expect(await found()).not.toContain('container c-log-test');
      await writeFile(join(root, 'agent.env'), `NUM_WORKERS=1\nDOCKER_HOST="${engine.host}"\n`);
      expect(await found()).toContain('container c-log-test');
      const texts: string[] = [];
      void (async () => {
        for await (const { lines } of logs.follow(
          { machineId: 'gpu-1', sourceId: 'container-log-test' },
          stop.signal,
        ))
          texts.push(...lines.map(({ text }) => text));
      })();
      await vi.waitFor(() => expect(texts).toContain('hello from a container'), { timeout: 30_000 });
    } finally {
      stop.abort();
      logs.forget();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);
