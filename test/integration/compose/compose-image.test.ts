import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createDocker } from '../../../worker-agent/src/runtime/compose/docker.ts';
import { ensureImage } from '../../../worker-agent/src/runtime/compose/ensure-image.ts';
import { startRegistry } from '../../support/image-registry.ts';
import { IMAGE, reaches } from './compose-host.ts';
import { testsWithEngine } from './with-engine.ts';

const withEngine = await testsWithEngine();

withEngine('an image that is not here is pulled, and its layers counted', async ({ host }) => {
  const registry = await startRegistry({ layers: 3 });
  const docker = createDocker({ host: host.engine.host });
  const notes: string[] = [];
  await ensureImage(docker, registry.image, null, (note) => notes.push(note));
  expect(notes[0]).toBe(`pulling ${registry.image}`);
  expect(notes.at(-1)).toBe('pulling the image: 3 of 3 layers');
  const pulled = registry.requests();
  await ensureImage(docker, registry.image, null, () => {});
  expect(registry.requests()).toBe(pulled);
  await host.engine.docker('rmi', registry.image);
  await registry.close();
});

withEngine('a pull can be given up at any moment', async ({ host }) => {
  const registry = await startRegistry({ layers: 1, stalls: true });
  const server = await host.runtime({ image: registry.image }).start(await host.slot(0));
  await reaches(server, 'starting', (state) => state.note.startsWith('pulling'));
  await server.stop(0);
  expect(server.state()).toEqual({ kind: 'stopped' });
  await registry.close();
});

withEngine(
  'a worker whose turn has not come is stopped without waiting for the pull before it',
  async ({ host }) => {
    const registry = await startRegistry({ layers: 1, stalls: true });
    const runtime = host.runtime({ image: registry.image });
    const first = await runtime.start(await host.slot(0));
    await reaches(first, 'starting', (state) => state.note.startsWith('pulling'));
    const second = await runtime.start(await host.slot(1));
    await second.stop(0);
    expect(second.state()).toEqual({ kind: 'stopped' });
    expect(first.state().kind).toBe('starting');
    await first.stop(0);
    await registry.close();
  },
);

withEngine('an image that nobody has is refused with the setting to correct', async ({ host }) => {
  const registry = await startRegistry({ layers: 1 });
  const server = await host.runtime({ image: `${registry.image}-typo` }).start(await host.slot(0));
  const failed = await reaches(server, 'failed');
  expect(failed.error.message).toContain('could not be pulled');
  expect(failed.error.remedy).toContain('COMFYUI_IMAGE');
  await registry.close();
});

withEngine('an image is built from its folder when it is not here', async ({ host }) => {
  const folder = await mkdtemp(join(tmpdir(), 'workshop-build-'));
  await writeFile(join(folder, 'Dockerfile'), `FROM ${IMAGE}\nLABEL built=here\n`);
  const notes: string[] = [];
  const server = await host.runtime({ image: 'comfy:built', buildContext: folder }).start(await host.slot(0));
  server.onChange((state) => state.kind === 'starting' && notes.push(state.note));
  await reaches(server, 'ready');
  expect(notes).toContain('building the image: step 2 of 2');
  await host.clear();
  await host.engine.docker('rmi', 'comfy:built');
  await rm(folder, { recursive: true });
});

withEngine(
  'with a network of its own it is reached on the loopback port that compose publishes',
  async ({ host }) => {
    const server = await host.runtime({ network: 'published' }).start(await host.slot(0));
    const { endpoint } = await reaches(server, 'ready');
    const ports = await host.engine.docker('port', 'workshop-test-worker-1');
    expect(ports.trim()).toBe(`8188/tcp -> 127.0.0.1:${server.slot.port}`);
    expect((await fetch(`${endpoint}/queue`)).status).toBe(200);
    await host.engine.docker(
      'exec',
      'workshop-test-worker-1',
      'python3',
      '-c',
      "urlopen('http://127.0.0.1:8188/system_stats',timeout=8)",
    );
  },
);
