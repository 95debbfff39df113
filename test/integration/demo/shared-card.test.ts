import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Card, GIBIBYTE } from '../../../resources/demo/comfy-double/vram.ts';
import { writeVramFile } from '../../../resources/demo/comfy-double/vram-file.ts';

let dir: string;
let neighbour: ChildProcess;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'card-'));
  neighbour = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  await once(neighbour, 'spawn');
});
afterEach(() => {
  neighbour.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

const model = (name: string, gib: number) =>
  ({ kind: 'MODEL', name, vramBytes: gib * GIBIBYTE, secondsPerStep: 1 }) as const;

function card(): Card {
  const own = new Card({
    vramTotal: 80 * GIBIBYTE,
    contextBytes: 0,
    vramFile: join(dir, 'own.json'),
    oomRate: 0,
    random: () => 0.5,
  });
  own.open(8188);
  return own;
}

function neighbourHolds(gib: number): void {
  const vramBytes = gib * GIBIBYTE;
  writeVramFile(join(dir, 'neighbour.json'), {
    pid: neighbour.pid ?? 1,
    port: 8189,
    vramBytes,
    utilisation: 0,
  });
}

test('a model that does not fit beside the neighbours is loaded in part, as ComfyUI does', () => {
  neighbourHolds(70);
  const own = card();
  own.occupy([model('big', 20)], 2 * GIBIBYTE);
  expect(own.used).toBe(10 * GIBIBYTE);
  neighbourHolds(10);
  own.occupy([model('big', 20)], 2 * GIBIBYTE);
  expect(own.used).toBe(22 * GIBIBYTE);
});

test('work that does not fit by itself runs out of memory', () => {
  neighbourHolds(70);
  const own = card();
  expect(() => own.occupy([model('big', 20)], 11 * GIBIBYTE)).toThrow('CUDA out of memory');
});

test('models that are not needed now make room first', () => {
  const own = card();
  own.occupy([model('first', 50)], 0);
  own.occupy([model('second', 40)], 0);
  expect(own.loadedModels).toEqual(['second']);
});
