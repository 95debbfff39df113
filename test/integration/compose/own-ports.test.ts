import { expect } from 'vitest';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { parseFindings } from '../../../src-main/domain/deploy/findings.ts';
import { LOOK } from '../../../src-main/services/deploy/look-script.ts';
import { IMAGE } from './compose-host.ts';
import { testsWithEngine } from './with-engine.ts';

const withEngine = await testsWithEngine();

withEngine(
  'the look tells the ports of the agent’s own containers, of a real Docker, and of no others',
  async ({ host }) => {
    const { engine } = host;
    const idle = ['--init', '--entrypoint', 'node'];
    const code = [IMAGE, '-e', 'setInterval(() => {}, 1000)'];
    const ours = ['--label', 'workshop-console.worker=worker-1'];
    const run = (...words: string[]) => engine.docker('run', '-d', ...words);
    await run(
      '--name',
      'on-host',
      '--network',
      'host',
      ...ours,
      ...idle,
      ...code,
      'main.py',
      '--port',
      '18188',
    );
    // The engine has no network of its own; what is published stands in the container's settings all the same.
    const published = ['--network', 'none', '-p', '127.0.0.1:18189:8188'];
    await run('--name', 'published', ...published, ...ours, ...idle, ...code, 'main.py', '--port', '8188');
    await run('--name', 'foreign', '--network', 'host', ...idle, ...code, 'main.py', '--port', '18190');
    const machine = createLocalHost({ env: { ...process.env, DOCKER_HOST: engine.host } });
    const { stdout } = await machine.script(LOOK, ['/nowhere/at/all', '']);
    expect(parseFindings(stdout).ownPorts.sort()).toEqual([18188, 18189]);
  },
);
