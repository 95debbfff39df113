import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { startComfyDouble } from '../../../resources/demo/comfy-double/server.ts';
import { freePort } from '../../../resources/demo/free-port.ts';
import { externalRuntime } from '../../../worker-agent/src/runtime/external.ts';
import type { ManagedServer, Runtime, Slot } from '../../../worker-agent/src/runtime/roles.ts';

const PATIENCE_MS = 10_000;

async function until(server: ManagedServer, kind: string): Promise<string> {
  const deadline = Date.now() + PATIENCE_MS;
  while (server.state().kind !== kind) {
    if (Date.now() > deadline) throw new Error(`not ${kind}, but ${JSON.stringify(server.state())}`);
    await wait(10);
  }
  return JSON.stringify(server.state());
}

describe('ComfyUI servers that somebody else runs', () => {
  let runtime: Runtime | undefined;
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    await runtime?.close();
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });
  const slot = (index: number, port: number): Slot => ({
    index,
    workerId: `worker-${index + 1}`,
    port,
    gpu: null,
  });
  const watch = (url: string, patienceMs = 60_000) => {
    runtime = externalRuntime({ urls: [url], pollMs: 30, watchMs: 60, patienceMs });
    return runtime.start(slot(0, 0));
  };

  test('is waited for, found with its processes, lost and found again', async () => {
    const port = await freePort();
    const server = await watch(`http://127.0.0.1:${port}`, 300);
    expect(await until(server, 'failed')).toContain('nothing listens there yet');
    const comfy = await startComfyDouble({ port });
    cleanups.push(() => comfy.stop());
    await until(server, 'ready');
    expect(await server.pids()).toContain(process.pid);
    comfy.faults.crash();
    expect(await until(server, 'failed')).toContain('is not usable');
    await comfy.revive();
    await until(server, 'ready');
  });

  test('something else at that address is not ComfyUI', async () => {
    const port = await freePort();
    const http = createServer((_, response) => response.end('<html>hello</html>')).listen(port, '127.0.0.1');
    cleanups.push(() => http.close());
    expect(await until(await watch(`http://127.0.0.1:${port}`, 0), 'failed')).toContain('is not ComfyUI');
  });

  test('more workers than servers is refused with the key to change', async () => {
    runtime = externalRuntime({ urls: ['http://127.0.0.1:1'] });
    await expect(runtime.start(slot(1, 0))).rejects.toMatchObject({
      remedy: expect.stringContaining('COMFYUI_URLS'),
    });
  });
});
