import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startComfyDouble } from '../../../resources/demo/comfy-double/server.ts';
import { freePort } from '../../../resources/demo/free-port.ts';
import { pidFilePath, startTicksOf, writePidFile } from '../../../worker-agent/src/runtime/pid-file.ts';
import { processRuntime } from '../../../worker-agent/src/runtime/process.ts';
import type { ManagedServer, ServerState, Slot } from '../../../worker-agent/src/runtime/roles.ts';

const DOUBLE = resolve(import.meta.dirname, '../../../resources/demo/comfy-double/main.ts');
const PATIENCE_MS = 20_000;

async function until<K extends ServerState['kind']>(
  server: ManagedServer,
  kind: K,
): Promise<Extract<ServerState, { kind: K }>> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const state = server.state();
    if (isKind(state, kind)) return state;
    if (Date.now() > deadline) throw new Error(`not ${kind}, but ${JSON.stringify(state)}`);
    await wait(10);
  }
}

function isKind<K extends ServerState['kind']>(
  state: ServerState,
  kind: K,
): state is Extract<ServerState, { kind: K }> {
  return state.kind === kind;
}

describe('ComfyUI as a process', () => {
  let stateDir: string;
  let slot: Slot;
  const servers: ManagedServer[] = [];
  beforeEach(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'workshop-process-'));
    slot = { index: 0, workerId: 'worker-1', port: await freePort(), gpu: '1' };
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop(2000)));
    rmSync(stateDir, { recursive: true, force: true, maxRetries: 5 });
  });

  const start = async (command: string[], more: { backoffMs?: number } = {}) => {
    const runtime = processRuntime({ command, maxWorkers: 2, stateDir, pollMs: 50, backoffMs: 30, ...more });
    const server = await runtime.start(slot);
    servers.push(server);
    return server;
  };
  const node = (script: string) => [process.execPath, '-e', script];
  const double = [process.execPath, DOUBLE, '--port', '{port}', '--speed', '10'];

  test('starts, becomes ready, knows its processes, is restarted and stopped', async () => {
    const server = await start(double);
    const { endpoint } = await until(server, 'ready');
    expect(endpoint).toBe(`http://127.0.0.1:${slot.port}`);
    const [before] = await server.pids();
    await server.restart();
    await until(server, 'ready');
    const [after] = await server.pids();
    expect(after).not.toBe(before);
    await server.stop(5000);
    expect(server.state().kind).toBe('stopped');
    expect(await server.pids()).toEqual([]);
    await expect(fetch(`${endpoint}/system_stats`)).rejects.toThrow();
  });

  test('fills in port, GPU and worker, and hides the secrets of the agent', async () => {
    process.env.REDIS_PASSWORD = 'hidden-from-nodes';
    try {
      const script =
        'const seen = Object.values(process.env).includes("hidden-from-nodes");' +
        'console.log(process.argv.slice(1).join(), seen, process.env.CUDA_VISIBLE_DEVICES, process.env.CUDA_DEVICE_ORDER); process.exit(3)';
      const server = await start([...node(script), '{port}', '{gpu}', '{worker}', '$HOME;x'], {
        backoffMs: 60_000,
      });
      const { error } = await until(server, 'failed');
      expect(error.message).toContain(`${slot.port},1,worker-1,$HOME;x false 1 PCI_BUS_ID`);
    } finally {
      delete process.env.REDIS_PASSWORD;
    }
  });

  test('makes the folders that are named for the worker, and no others', async () => {
    const own = join(stateDir, 'output/{worker}');
    const shared = join(stateDir, 'shared');
    const script = 'console.log(process.argv[2]); process.exit(3)';
    const words = ['--output-directory', own, '--user-directory', shared];
    await until(await start([...node(script), ...words], { backoffMs: 60_000 }), 'failed');
    expect([existsSync(join(stateDir, 'output/worker-1')), existsSync(shared)]).toEqual([true, false]);
  });

  test('a server that ends is said with its last words and started again', async () => {
    const server = await start(node('console.error("no kernel image is available"); process.exit(1)'), {
      backoffMs: 60_000,
    });
    const { error, retryAt } = await until(server, 'failed');
    expect(error.code).toBe('RUNTIME_START');
    expect(error.message).toMatch(/ended with code 1.*no kernel image is available/);
    expect(retryAt).toBeGreaterThan(Date.now());
  });

  test('one that keeps crashing is called a crash loop', async () => {
    const server = await start(node('process.exit(1)'));
    const deadline = Date.now() + PATIENCE_MS;
    let code = '';
    while (code !== 'RUNTIME_CRASH_LOOP' && Date.now() < deadline) {
      const state = server.state();
      if (state.kind === 'failed') code = state.error.code;
      await wait(5);
    }
    expect(code).toBe('RUNTIME_CRASH_LOOP');
  });

  test('one that the system kills points at RAM, not VRAM', async () => {
    const server = await start(node('process.kill(process.pid, "SIGKILL")'), { backoffMs: 60_000 });
    const { error } = await until(server, 'failed');
    expect(error.code).toBe('OUT_OF_RAM');
    expect(error.message).toContain('RAM, not VRAM');
  });

  test('a command that does not exist is said', async () => {
    const server = await start(['/nowhere/python3', 'main.py'], { backoffMs: 60_000 });
    const { error } = await until(server, 'failed');
    expect(error.message).toContain('/nowhere/python3');
    expect(error.remedy).toContain('COMFYUI_COMMAND');
  });

  test('a port that another ComfyUI has is not taken for ours', async () => {
    const other = await startComfyDouble({ port: slot.port });
    try {
      const server = await start(double);
      const { error } = await until(server, 'failed');
      expect(error.message).toContain('another ComfyUI');
    } finally {
      await other.stop();
    }
  });

  test('a server that outlived its agent is found again', async () => {
    const first = await start(double);
    await until(first, 'ready');
    const [pid] = await first.pids();
    // A second runtime on the same state folder stands for the restarted agent.
    const second = await start(double);
    await until(second, 'ready');
    expect((await second.pids())[0]).toBe(pid);
  });

  test('one that ignores SIGTERM is killed after the grace', async () => {
    const stubborn =
      'process.on("SIGTERM", () => {});' +
      'require("http").createServer((q, r) => r.end(\'{"system":{}}\')).listen(process.argv[1])';
    const server = await start([...node(stubborn), '{port}']);
    await until(server, 'ready');
    await server.stop(100);
    expect(server.state().kind).toBe('stopped');
  });

  test('a server that outlived its agent is told of and can be ended', async () => {
    const server = await start(double);
    await until(server, 'ready');
    const [pid = 0] = await server.pids();
    const runtime = processRuntime({ command: double, maxWorkers: 2, stateDir });
    expect(await runtime.existing?.()).toEqual(['worker-1']);
    await runtime.remove?.('worker-2', 1000);
    expect(() => process.kill(pid, 0)).not.toThrow();
    await server.stop(2000);
    expect(await runtime.existing?.()).toEqual([]);

    const child = spawn(
      process.execPath,
      ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)"],
      {
        detached: true,
        stdio: 'ignore',
      },
    );
    const startTicks = startTicksOf(child.pid ?? 0) ?? '';
    const record = { pid: child.pid ?? 0, startTicks, port: slot.port, command: ['x'] };
    writePidFile(pidFilePath(stateDir, 'worker-1'), record);
    expect(await runtime.existing?.()).toEqual(['worker-1']);
    const gone = once(child, 'exit');
    await runtime.remove?.('worker-1', 200);
    await gone;
    expect(await runtime.existing?.()).toEqual([]);
  });
});
