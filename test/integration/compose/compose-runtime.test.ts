import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { reaches } from './compose-host.ts';
import { containers, lifeOf, submitLongPrompt, testsWithEngine } from './with-engine.ts';

const withEngine = await testsWithEngine();

withEngine(
  'a worker comes up and answers, with its folders in place and no secret inside',
  async ({ host }) => {
    const runtime = host.runtime();
    const server = await runtime.start(await host.slot(0));
    const notes: string[] = [];
    server.onChange((state) => state.kind === 'starting' && notes.push(state.note));
    const { endpoint } = await reaches(server, 'ready');

    expect(endpoint).toBe(`http://127.0.0.1:${server.slot.port}`);
    expect(notes).toContain('starting the container');
    const stats = await (await fetch(`${endpoint}/system_stats`)).text();
    expect(stats).toContain('comfyui_version');

    const upload = new FormData();
    upload.set('image', new Blob(['pixels']), 'face.png');
    await fetch(`${endpoint}/upload/image`, { method: 'POST', body: upload });
    expect(await readFile(join(host.options().inputsPath, 'face.png'), 'utf8')).toBe('pixels');
    expect(runtime.outputDirectory('worker-1')).toBe(join(host.options().outputsPath, 'worker-1'));

    const environment = await host.engine.docker(
      'exec',
      'workshop-test-worker-1',
      'node',
      '-p',
      'JSON.stringify(process.env)',
    );
    expect(environment).not.toMatch(/REDIS|PASSWORD|TOKEN/);
    const inspected = await host.engine.docker('inspect', 'workshop-test-worker-1');
    expect(inspected).not.toContain('worker.py');
  },
);

withEngine('scales 1 to 3 to 0 and back, without touching the workers that stay', async ({ host }) => {
  const runtime = host.runtime();
  const slots = [await host.slot(0), await host.slot(1), await host.slot(2)];
  const [first] = slots;
  if (!first) throw new Error('no slot');
  const one = await runtime.start(first);
  await reaches(one, 'ready');
  const before = await lifeOf(host, 'workshop-test-worker-1');
  const more = await Promise.all(slots.slice(1).map((slot) => runtime.start(slot)));
  await Promise.all(more.map((server) => reaches(server, 'ready')));
  expect(await containers(host)).toEqual([1, 2, 3].map((n) => `workshop-test-worker-${n}`));
  expect(await lifeOf(host, 'workshop-test-worker-1')).toBe(before);
  expect(await runtime.existing()).toEqual(['worker-1', 'worker-2', 'worker-3']);

  await Promise.all([one, ...more].map((server) => server.stop(1000)));
  expect(one.state()).toEqual({ kind: 'stopped' });
  expect(await containers(host)).toEqual([]);
  await one.stop(1000);

  await reaches(await runtime.start(first), 'ready');
  expect(await containers(host)).toEqual(['workshop-test-worker-1']);
});

withEngine(
  'a new agent takes a running container over as it is, also after it was closed',
  async ({ host }) => {
    const slot = await host.slot(0);
    const old = host.runtime();
    await reaches(await old.start(slot), 'ready');
    const before = await lifeOf(host, 'workshop-test-worker-1');
    await old.close();
    expect(await containers(host)).toEqual(['workshop-test-worker-1']);

    const server = await host.runtime().start(slot);
    await reaches(server, 'ready');
    expect(await lifeOf(host, 'workshop-test-worker-1')).toBe(before);
  },
);

withEngine('changed settings apply at once to an idle server, and not to one at work', async ({ host }) => {
  const slot = await host.slot(0);
  const old = host.runtime();
  await reaches(await old.start(slot), 'ready');
  const before = await lifeOf(host, 'workshop-test-worker-1');
  await old.close();

  const newer = host.runtime({ extraEnvironment: { A: '1' } });
  await reaches(await newer.start(slot), 'ready');
  const idle = await lifeOf(host, 'workshop-test-worker-1');
  expect(idle).not.toBe(before);
  await newer.close();

  await submitLongPrompt(slot.port);
  const lines: string[] = [];
  const newest = host.runtime({ extraEnvironment: { A: '2' } }, { log: (line) => lines.push(line) });
  const server = await newest.start(slot);
  await reaches(server, 'ready');
  expect(await lifeOf(host, 'workshop-test-worker-1')).toBe(idle);
  expect(lines.join('\n')).toContain('they apply at its next restart');

  await server.restart();
  await reaches(server, 'ready');
  const environment = await host.engine.docker(
    'exec',
    'workshop-test-worker-1',
    'node',
    '-p',
    'process.env.A',
  );
  expect(environment.trim()).toBe('2');
});
