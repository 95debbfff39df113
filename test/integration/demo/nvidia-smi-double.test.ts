import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeVramFile } from '../../../resources/demo/comfy-double/vram-file.ts';
import { cardDirectory, cardUuid, H100, warm } from '../../../resources/demo/nvidia-smi-double/card.ts';
import { setGpuFault } from '../../../resources/demo/nvidia-smi-double/faults.ts';

const NVIDIA_SMI = resolve('resources/demo/nvidia-smi-double/nvidia-smi');
const GPU_QUERY =
  'index,uuid,name,pci.bus_id,driver_version,memory.total,memory.used,memory.free,utilization.gpu,utilization.memory,temperature.gpu,power.draw,power.limit,mig.mode.current';
const MIB = 1024 * 1024;

let cards: string;
let holders: ChildProcess[];

beforeEach(() => {
  cards = mkdtempSync(join(tmpdir(), 'cards-'));
  mkdirSync(cardDirectory(cards, 0));
  mkdirSync(cardDirectory(cards, 1));
  holders = [];
});
afterEach(() => {
  for (const holder of holders) holder.kill('SIGKILL');
  rmSync(cards, { recursive: true, force: true, maxRetries: 5 });
});

/** A living process that says it holds so much of card 0. */
async function hold(name: string, mib: number, utilisation: number): Promise<ChildProcess> {
  const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  holders.push(holder);
  await once(holder, 'spawn');
  writeVramFile(join(cardDirectory(cards, 0), `${name}.json`), {
    pid: holder.pid ?? 1,
    port: 8188,
    vramBytes: mib * MIB,
    utilisation,
  });
  return holder;
}

function run(...args: string[]): Promise<{ code: number; stdout: string }> {
  const env = { ...process.env, WORKSHOP_CARDS_DIR: cards, WORKSHOP_CARDS: '2' };
  return new Promise((done) => {
    execFile(NVIDIA_SMI, args, { env }, (error, stdout) => {
      done({ code: error === null ? 0 : Number(error.code), stdout });
    });
  });
}

const bare = '--format=csv,noheader,nounits';

test('answers the query of contract 6.1 with one line for each card', async () => {
  await hold('worker-1', 20_000, 90);
  await hold('worker-2', 12_345, 40);
  const { code, stdout } = await run(`--query-gpu=${GPU_QUERY}`, bare);
  expect(code).toBe(0);
  const [first, second, ...rest] = stdout.trimEnd().split('\n');
  expect(rest).toEqual([]);
  const cells = first?.split(', ') ?? [];
  expect(cells).toHaveLength(GPU_QUERY.split(',').length);
  expect(cells.slice(0, 6)).toEqual(['0', cardUuid(0), H100.name, '00000000:19:00.0', H100.driver, '81559']);
  expect(Number(cells[6])).toBe(20_000 + 12_345 + H100.memoryBaseMiB);
  expect(Number(cells[5]) - Number(cells[6])).toBeGreaterThan(Number(cells[7]));
  expect(Number(cells[8])).toBeGreaterThan(90);
  expect(cells[11]).toMatch(/^\d+\.\d\d$/);
  expect(second?.split(', ')[8]).toBe('0');
});

test('lists the living processes of a card and forgets the dead', async () => {
  const alive = await hold('worker-1', 2048, 0);
  const dead = await hold('worker-2', 4096, 0);
  dead.kill('SIGKILL');
  await once(dead, 'exit');
  const { stdout } = await run('--query-compute-apps=pid,process_name,gpu_uuid,used_gpu_memory', bare);
  expect(stdout).toBe(`${alive.pid}, /opt/ComfyUI/venv/bin/python3, ${cardUuid(0)}, 2048\n`);
});

test('says nothing about processes when there are none', async () => {
  expect(await run('--query-compute-apps=pid,used_memory', bare)).toEqual({ code: 0, stdout: '' });
});

test('prints names and units when asked to, and one card by its id', async () => {
  const { stdout } = await run('--query-gpu=index,memory.total,power.limit', '--format=csv', '--id=1');
  expect(stdout).toBe('index, memory.total [MiB], power.limit [W]\n1, 81559 MiB, 700.00 W\n');
  expect((await run('-L')).stdout).toContain(`GPU 1: ${H100.name} (UUID: ${cardUuid(1)})`);
});

test('an unknown field ends with code 2 and text on stdout', async () => {
  const { code, stdout } = await run('--query-gpu=index,memory.colour', bare);
  expect(code).toBe(2);
  expect(stdout).toContain('Field "memory.colour" is not a valid field to query.');
});

test.each([
  [{ kind: 'not-available' as const, fields: ['memory.used'] }, 0, /^0, \[N\/A\], 81559$/m],
  [{ kind: 'lost' as const, index: 0 }, 0, /^0, \[GPU is lost\], \[GPU is lost\]$/m],
  [{ kind: 'no-driver' as const }, 9, /couldn't communicate with the NVIDIA driver/],
  [{ kind: 'mismatch' as const }, 18, /version mismatch/],
])('fails on demand: $kind', async (fault, code, text) => {
  setGpuFault(cards, fault);
  const broken = await run('--query-gpu=index,memory.used,memory.total', bare);
  expect(broken.code).toBe(code);
  expect(broken.stdout).toMatch(text);
  setGpuFault(cards, { kind: 'none' });
  expect((await run('--query-gpu=index', bare)).stdout).toBe('0\n1\n');
});

test.each([['-lms', '50'], ['--loop-ms=50']])(
  'keeps answering with %s and ends with its reader',
  async (...loop) => {
    const env = { ...process.env, WORKSHOP_CARDS_DIR: cards, WORKSHOP_CARDS: '1' };
    const child = spawn(NVIDIA_SMI, ['--query-gpu=index,memory.used', bare, ...loop], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const seen: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      seen.push(line);
      if (seen.length === 3) await hold('worker-1', 1000, 0);
      if (line === `0, ${1000 + H100.memoryBaseMiB}`) break;
    }
    child.stdout.destroy();
    await once(child, 'exit');
    expect(seen.length).toBeGreaterThan(3);
  },
);

test('power follows the load in seconds, temperature in tens of seconds', () => {
  let now = 0;
  let card = warm({ at: 0, load: 0, powerW: H100.powerIdleW, temperatureC: H100.temperatureIdleC }, 100, 0);
  const after = (seconds: number) => {
    for (const end = now + seconds * 1000; now < end; ) {
      now += 500;
      card = warm(card, 100, now);
    }
    return card;
  };
  expect(after(5).powerW).toBeGreaterThan(500);
  expect(card.temperatureC).toBeLessThan(45);
  expect(after(60).temperatureC).toBeGreaterThan(60);
  expect(after(600).temperatureC).toBeLessThanOrEqual(H100.temperatureFullC);
});
