import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compareSettings } from '../../../worker-agent/src/agent/live-settings.ts';
import { findPlatformWorkers, mustRefuse } from '../../../worker-agent/src/agent/platform-worker.ts';
import { openRotatingFile } from '../../../worker-agent/src/agent/rotating-file.ts';
import { cleanJson, createScrub, secretsIn } from '../../../worker-agent/src/agent/secrets.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'workshop-operation-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

describe('the log file', () => {
  test('stays within its size and number, whatever is written, and loses only the oldest', () => {
    const path = join(folder, 'deep', 'agent.log');
    const log = openRotatingFile({ path, maxBytes: 1000, count: 3 });
    for (let line = 0; line < 500; line += 1) log.write(`line ${String(line).padStart(4, '0')} ü\n`);
    log.close();
    const names = readdirSync(join(folder, 'deep')).sort();
    expect(names).toEqual(['agent.log', 'agent.log.1', 'agent.log.2']);
    for (const name of names) expect(statSync(join(folder, 'deep', name)).size).toBeLessThanOrEqual(1000);
    const kept = [2, 1, 0].map((age) => readFileSync(age === 0 ? path : `${path}.${age}`, 'utf8')).join('');
    const numbers = kept
      .trim()
      .split('\n')
      .map((line) => Number(line.slice(5, 9)));
    expect(numbers.at(-1)).toBe(499);
    expect(numbers).toEqual(numbers.map((_, at) => 500 - numbers.length + at));
  });

  test('goes on where it was after a restart, and takes a line that is larger than the file may be', () => {
    const path = join(folder, 'agent.log');
    writeFileSync(path, 'x'.repeat(900));
    const log = openRotatingFile({ path, maxBytes: 1000, count: 2 });
    log.write('y'.repeat(200));
    expect(statSync(`${path}.1`).size).toBe(900);
    log.write('z'.repeat(5000));
    expect(statSync(path).size).toBe(5000);
    log.close();
  });

  test('a single file is cut, and a folder that vanished is survived', () => {
    const path = join(folder, 'logs', 'agent.log');
    const log = openRotatingFile({ path, maxBytes: 100, count: 1 });
    for (let line = 0; line < 50; line += 1) log.write(`${'l'.repeat(20)}\n`);
    expect(readdirSync(join(folder, 'logs'))).toEqual(['agent.log']);
    rmSync(join(folder, 'logs'), { recursive: true });
    for (let line = 0; line < 50; line += 1) log.write(`${'l'.repeat(20)}\n`);
    mkdirSync(join(folder, 'logs'));
    log.write('back\n');
    expect(readFileSync(path, 'utf8')).toContain('back');
    log.close();
  });
});

describe('secrets', () => {
  test('are taken out in plain text, JSON, JSON in JSON and URLs', () => {
    const secret = 'a"b\\c/d e';
    const scrub = createScrub(secretsIn({ REDIS_PASSWORD: ` ${secret} `, REDIS_HOST: 'vps' }));
    const forms = [
      secret,
      JSON.stringify({ secret }),
      JSON.stringify(JSON.stringify({ secret })),
      encodeURIComponent(secret),
    ];
    for (const form of forms) {
      expect(scrub(form)).toContain('[hidden]');
      expect(scrub(form)).not.toMatch(/a\\*"b|a%22b/);
    }
    expect(scrub('ssh://user:hunter2@vps/path and 3 words')).toBe('ssh://user:[hidden]@vps/path and 3 words');
    expect(scrub('-----BEGIN RSA PRIVATE KEY-----\\nMIIE')).toBe('[hidden]');
    expect(scrub('nothing to hide at http://127.0.0.1:8188/view')).toContain('http://127.0.0.1:8188/view');
  });

  test('in a status only sentences are changed, so that a password may spell a host name', () => {
    const text = cleanJson(
      { hostId: 'bench', error: { message: 'bench refuses', code: 'bench' } },
      createScrub(['bench']),
    );
    expect(JSON.parse(text)).toEqual({
      hostId: 'bench',
      error: { message: '[hidden] refuses', code: 'bench' },
    });
  });
});

test('settings are told apart by what it takes to follow them', () => {
  const known = ['LOG_LEVEL', 'QUEUE_MODE', 'REDIS_HOST', 'GPU_IDS'];
  const before = { LOG_LEVEL: 'info', REDIS_HOST: 'a', GPU_IDS: '0', FOREIGN: '1' };
  const after = { LOG_LEVEL: 'info', QUEUE_MODE: 'fair', REDIS_HOST: 'b' };
  expect(compareSettings(before, after, known)).toEqual({
    live: ['QUEUE_MODE'],
    restart: ['GPU_IDS', 'REDIS_HOST'],
  });
});

describe("the platform's own worker", () => {
  const process = (pid: number, ...words: string[]) => {
    mkdirSync(join(folder, String(pid)));
    writeFileSync(join(folder, String(pid), 'cmdline'), `${words.join('\0')}\0`);
  };

  test('is found by its command line, and nothing else is', async () => {
    process(11, '/usr/bin/python3', '-u', '/app/worker.py');
    process(12, 'python3.11', 'worker.py');
    process(13, 'vim', 'worker.py');
    process(14, 'python3', 'main.py', 'worker.py');
    process(15, 'python3', '/app/my-worker.py');
    mkdirSync(join(folder, 'self'));
    expect(await findPlatformWorkers(folder)).toEqual([11, 12]);
  });

  test('keeps the agent from starting unless that is allowed; containers refuse one by one', () => {
    const external = { runtime: { kind: 'external' }, allowPlatformWorker: false } as const;
    expect(mustRefuse(external, [11])).toBe(true);
    expect(mustRefuse(external, [])).toBe(false);
    expect(mustRefuse({ ...external, allowPlatformWorker: true }, [11])).toBe(false);
    expect(mustRefuse({ ...external, runtime: { kind: 'compose' } }, [11])).toBe(false);
  });
});
