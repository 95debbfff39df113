import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openHistoryLog } from '../../../src-main/connections/store/history-log.ts';
import { boundsOf, dayOf } from '../../../src-main/domain/history/local-day.ts';
import { endedJob, sampleAt } from '../../support/history-day.ts';

const NOW = new Date(2026, 2, 10, 15).getTime();
const today = dayOf(NOW);
const midnight = boundsOf(today)?.from ?? Number.NaN;
const DAY_MS = 24 * 3_600_000;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'history-'));
});
afterEach(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));

const folder = async () => join(dir, 'history', (await readdir(join(dir, 'history')))[0] ?? '');

test('keeps each thing once in the file of its day, over restarts, readable by this user only', async () => {
  const records = [endedJob(midnight, 1000), endedJob(midnight, -1000), sampleAt(midnight + 5, 2, 3)];
  await openHistoryLog(dir, 'a:1').append(records, NOW);
  await openHistoryLog(dir, 'a:1').append(
    [records[0], records[1]].flatMap((one) => one ?? []),
    NOW,
  );
  const log = openHistoryLog(dir, 'a:1');
  expect(await log.read(today)).toEqual([records[0], records[2]]);
  expect((await log.days()).map(({ day }) => day)).toEqual([today, dayOf(midnight - 1)]);
  const file = join(await folder(), `${today}.jsonl`);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await openHistoryLog(dir, 'b:1').days()).toEqual([]);
});

test('a torn last line is skipped and does not spoil the next one, whoever tore it and when', async () => {
  const log = openHistoryLog(dir, 'a:1');
  await log.append([endedJob(midnight, 1000)], NOW);
  const file = join(await folder(), `${today}.jsonl`);
  for (const cut of [1, 7, 60]) {
    const before = (await log.read(today)).length;
    // Another console on this machine dies in the middle of its line.
    await appendFile(file, JSON.stringify(endedJob(midnight, 2000)).slice(0, -cut));
    await log.append([endedJob(midnight, 3000 + cut)], NOW);
    expect(await log.read(today)).toHaveLength(before + 1);
  }
  await truncate(file, (await stat(file)).size - 3);
  await openHistoryLog(dir, 'a:1').append([endedJob(midnight, 9000)], NOW);
  expect((await log.read(today)).map((one) => one.t === 'job' && one.id)).toEqual([
    'job-1000',
    'job-3001',
    'job-3007',
    'job-9000',
  ]);
  await appendFile(file, '{"t":"job"}\nnull\n\u0000\u0000\n{"t":"of a later version"}\n');
  expect(await log.read(today)).toHaveLength(4);
});

test('the oldest days go when there are too many or they are too large; one day cannot fill the disk', async () => {
  const log = openHistoryLog(dir, 'a:1', { dayBytes: 4000, days: 3, totalBytes: 9000 });
  for (const back of [5, 2, 1, 0]) await log.append([endedJob(midnight - back * DAY_MS, 1000)], NOW);
  expect((await log.days()).map(({ day }) => day)).toEqual(
    [0, 1, 2].map((back) => dayOf(midnight - back * DAY_MS + 1000)),
  );
  const jobs = Array.from({ length: 100 }, (_, at) => endedJob(midnight, 2000 + at));
  const leftOut = await log.append(jobs, NOW);
  const [kept] = await log.days();
  expect(kept?.bytes).toBeLessThanOrEqual(4000);
  expect(kept?.bytes).toBeGreaterThan(3000);
  // What has no room is told, to the last one.
  const stands = await log.read(today);
  expect([...stands.slice(1), ...leftOut]).toEqual(jobs);
  expect(leftOut.length).toBeGreaterThan(80);
});

test('a day that fills up leaves figures out first, and goes on keeping what happened', async () => {
  const log = openHistoryLog(dir, 'a:1', { dayBytes: 8000, days: 3, totalBytes: 90_000 });
  const samples = Array.from({ length: 100 }, (_, at) => sampleAt(midnight + at * 5000, at, 1));
  const leftOut = await log.append(samples, NOW);
  expect(leftOut.length).toBeGreaterThan(10);
  expect(leftOut.every(({ t }) => t === 'sample')).toBe(true);
  const jobs = [1000, 2000, 3000].map((at) => endedJob(midnight, at));
  expect(await log.append([...jobs, sampleAt(midnight + 600_000, 1, 1)], NOW)).toEqual([
    sampleAt(midnight + 600_000, 1, 1),
  ]);
  expect((await log.read(today)).filter(({ t }) => t === 'job')).toEqual(jobs);
  // Told again, what stands there is no loss.
  expect(await log.append(jobs, NOW)).toEqual([]);
});

test('a disk that takes nothing is said, and what was not written is written later', async () => {
  await writeFile(join(dir, 'history'), 'a file in the way');
  const log = openHistoryLog(dir, 'a:1');
  await expect(log.append([endedJob(midnight, 1000)], NOW)).rejects.toMatchObject({ code: 'CONFIG' });
  await rm(join(dir, 'history'));
  await mkdir(join(dir, 'history'));
  await log.append([endedJob(midnight, 1000)], NOW);
  expect(await log.read(today)).toHaveLength(1);
});

test('a console killed at any moment loses nothing that it called saved, and the next one goes on', async () => {
  const said: string[] = [];
  for (let round = 0; round < 6; round += 1) {
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('./history-writer.ts', import.meta.url)), dir],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let text = '';
    const enough = 3 + Math.floor(Math.random() * 40);
    await new Promise<void>((done) => {
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.split('\n').length > enough) done();
      });
    });
    // At some moment of the next writes.
    await new Promise((wake) => setTimeout(wake, Math.random() * 15));
    child.kill('SIGKILL');
    await once(child, 'close');
    said.push(...text.split('\n').slice(0, -1));
  }
  const day = dayOf(Date.now());
  const kept = new Set<string>();
  for (const record of await openHistoryLog(dir, 'workshop:6379').read(day))
    if (record.t === 'job') {
      expect(kept.has(record.id)).toBe(false);
      kept.add(record.id);
    }
  expect(said.length).toBeGreaterThan(18);
  for (const block of said) for (let at = 0; at < 40; at += 1) expect(kept.has(`${block}/${at}`)).toBe(true);
  // Each killed writer may have torn one line and no more.
  const lines = (await readFile(join(await folder(), `${day}.jsonl`), 'utf8')).split('\n').filter(Boolean);
  const torn = lines.filter((line) => !line.endsWith('}'));
  expect(torn.length).toBeLessThanOrEqual(6);
});
