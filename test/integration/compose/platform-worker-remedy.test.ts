import { expect } from 'vitest';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { createRemedies } from '../../../src-main/services/remedies/remedies.ts';
import { IMAGE } from './compose-host.ts';
import { containers, testsWithEngine } from './with-engine.ts';

const withEngine = await testsWithEngine();

withEngine(
  'the remedy finds the platform’s own worker at a real Docker, stops it for good, and leaves all others alone',
  async ({ host }) => {
    const { engine } = host;
    const idle = 'setInterval(() => {}, 1000)';
    const run = (name: string, ...more: string[]) =>
      engine.docker(
        ...['run', '-d', '--name', name, '--network', 'host', '--restart', 'always', '--init'],
        ...more,
      );
    const node = ['--entrypoint', 'node', IMAGE, '-e', idle];
    await run('comfy-worker-1', ...node, '/app/start-worker.sh');
    await run('comfy-worker-2', ...node, 'main.py');
    await run('ours', '--label', 'workshop-console.worker=worker-1', ...node, 'worker.py');
    const machine = createLocalHost({
      label: 'the H100',
      env: { ...process.env, DOCKER_HOST: engine.host },
    });
    const told: string[] = [];
    const remedies = createRemedies({
      host: async () => machine,
      env: {
        platform: () => null,
        correction: () => null,
        folder: () => null,
        completion: () => Promise.reject(new Error('no import here')),
      },
      outputs: () => null,
      mended: async () => {},
      teller: () => (message) => told.push(message),
    });
    const at = { machineId: 'h100', remedy: 'stop-platform-worker', draftId: null, subject: null } as const;
    const { commands, asRoot } = await remedies.plan(at);
    expect(commands).toEqual(['docker update --restart=no comfy-worker-1', 'docker stop comfy-worker-1']);
    expect(asRoot).toBe(false);
    const result = await remedies.carryOut({ ...at, commands, sudoPassword: null });
    expect(result).toMatchObject({ kind: 'done', sentence: 'comfy-worker-1 on the H100 is stopped.' });
    expect(told).toEqual([
      '“Stop the platform’s own worker on the H100” was begun.',
      '“Stop the platform’s own worker on the H100” is done. comfy-worker-1 on the H100 is stopped.',
    ]);
    expect(await containers(host)).toEqual(['comfy-worker-2', 'ours']);
    const policy = await engine.docker(
      'inspect',
      '--format',
      '{{.HostConfig.RestartPolicy.Name}}',
      'comfy-worker-1',
    );
    expect(policy.trim()).toBe('no');
    // Pressed again there is nothing to do, and that is said.
    expect((await remedies.plan(at)).hits).toEqual(['None runs there now: there is nothing to stop.']);
  },
);
