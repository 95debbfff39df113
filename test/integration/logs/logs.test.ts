import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { HostLink } from '../../../src-main/connections/hosts/host-link.ts';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import type { RemoteHost } from '../../../src-main/connections/hosts/remote-host.ts';
import type { LogLine, TailState } from '../../../src-main/domain/logs/log-line.ts';
import { createLogsService, type LogsKeeper } from '../../../src-main/services/logs/logs-service.ts';
import { type SshServer, startSshServer } from '../../support/ssh-server.ts';
import { createHostsRig, type HostsRig, readyLink, stateOf } from '../hosts/hosts-rig.ts';
import { until } from '../main/until.ts';

let server: SshServer;
let rig: HostsRig;
let link: HostLink;
/** Not "worker-1": tests beside this one may run a container of that name, and it would come before the file. */
const WORKER = 'log-test-worker';
const PASSWORD = 'Marker-of-redis-1';
const afterwards: (() => void)[] = [];

beforeAll(async () => {
  server = await startSshServer();
  rig = createHostsRig();
  link = await readyLink(rig, server);
});
afterEach(() => {
  for (const undo of afterwards.splice(0)) undo();
});
afterAll(async () => {
  rig.close();
  await server.close();
});

/** A machine with an installed agent that keeps its log in a file, and one worker. */
function installed(host: RemoteHost): {
  logs: LogsKeeper;
  agentLog: string;
  workerLog: string;
  root: string;
} {
  const root = mkdtempSync(join(tmpdir(), 'workshop-logs-'));
  const logDir = join(root, 'state', 'logs');
  mkdirSync(logDir, { recursive: true });
  const agentLog = join(root, 'agent.log');
  const workerLog = join(logDir, `${WORKER}.log`);
  writeFileSync(agentLog, '');
  writeFileSync(workerLog, '');
  writeFileSync(join(root, 'agent.env'), 'REDIS_PASSWORD="Marker-of-env-22"\nNUM_WORKERS=1\n', {
    mode: 0o600,
  });
  const logs = createLogsService({
    machines: { list: async () => [{ id: 'gpu-1', name: 'GPU host' }], open: async () => host },
    roots: [root],
    secrets: async () => [PASSWORD],
    retryMs: { first: 50, most: 200 },
  });
  afterwards.push(() => {
    logs.forget();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });
  return { logs, agentLog, workerLog, root };
}

interface Reading {
  lines: LogLine[];
  states: TailState['kind'][];
  texts(): string[];
  stop(): void;
}

function read(logs: LogsKeeper, sourceId: string, backlog?: () => number): Reading {
  const stop = new AbortController();
  const reading: Reading = {
    lines: [],
    states: [],
    texts: () => reading.lines.map(({ text }) => text),
    stop: () => stop.abort(),
  };
  afterwards.push(reading.stop);
  void (async () => {
    for await (const { lines, state } of logs.follow(
      { machineId: 'gpu-1', sourceId },
      stop.signal,
      backlog,
    )) {
      reading.lines.push(...lines);
      if (reading.states.at(-1) !== state.kind) reading.states.push(state.kind);
    }
  })();
  return reading;
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join('');

test('over SSH: finds the logs, shows the end of one and what is added, without a secret', async () => {
  const { logs, agentLog, workerLog, root } = installed(link.host);
  writeFileSync(workerLog, numbered(0, 3000));
  const own = (await logs.sources({ machineId: 'gpu-1' })).filter(({ where }) => where.includes(root));
  expect(own.map(({ kind, where }) => [kind, where])).toEqual([
    ['agent', `file ${agentLog}`],
    ['worker', `file ${workerLog}`],
  ]);
  const reading = read(logs, WORKER);
  await until('the end of it', () => reading.texts().at(-1) === 'line 2999');
  expect(reading.lines).toHaveLength(1000);
  expect(reading.lines[0]).toMatchObject({ text: 'line 2000', at: null });
  appendFileSync(
    workerLog,
    `connecting with ${PASSWORD} and Marker-of-env-22\n\u001b[31mERROR\u001b[0m: café 画像\n`,
  );
  await until('what was added', () => reading.lines.length === 1002);
  expect(reading.lines.slice(-2)).toMatchObject([
    { text: 'connecting with [hidden] and [hidden]', hidden: 2, came: true },
    { text: 'ERROR: café 画像', level: 'error' },
  ]);
});

test('after a cut link nothing is missing and nothing stands twice, and it says that it was lost', async () => {
  const { logs, workerLog } = installed(link.host);
  writeFileSync(workerLog, numbered(0, 10));
  const reading = read(logs, WORKER);
  await until('the beginning', () => reading.lines.length === 10);
  await server.stop();
  await stateOf(link, 'lost');
  await until('it says so', () => reading.states.includes('lost'));
  appendFileSync(workerLog, numbered(10, 30));
  await server.start();
  await stateOf(link, 'ready');
  await until('what was written meanwhile', () => reading.lines.length >= 30);
  appendFileSync(workerLog, 'line 30\n');
  await until('what comes after', () => reading.lines.length >= 31);
  expect(reading.texts()).toEqual(Array.from({ length: 31 }, (_, at) => `line ${at}`));
  expect(reading.states.slice(-2)).toEqual(['lost', 'live']);
});

test('a file that is turned over is followed on, whether it was moved or emptied, also while the link is down', async () => {
  const { logs, workerLog } = installed(link.host);
  writeFileSync(workerLog, numbered(0, 5));
  const reading = read(logs, WORKER);
  const shown = (count: number) => until(`${count} lines`, () => reading.lines.length >= count);
  await shown(5);
  renameSync(workerLog, `${workerLog}.1`);
  writeFileSync(workerLog, numbered(5, 7));
  await shown(7);
  for (const turnOver of ['move', 'empty'] as const) {
    const next = reading.lines.length;
    await server.stop();
    await stateOf(link, 'lost');
    appendFileSync(workerLog, numbered(next, next + 2));
    if (turnOver === 'move') renameSync(workerLog, `${workerLog}.1`);
    else {
      rmSync(`${workerLog}.1`);
      await createLocalHost().exec(['cp', workerLog, `${workerLog}.1`]);
    }
    writeFileSync(workerLog, numbered(next + 2, next + 3));
    await server.start();
    await stateOf(link, 'ready');
    await shown(next + 3);
  }
  expect(reading.texts()).toEqual(Array.from({ length: 13 }, (_, at) => `line ${at}`));
});

test('10,000 lines a second: each is shown or counted, in order, in bounded memory', async () => {
  const { logs, workerLog } = installed(link.host);
  const reading = read(logs, WORKER);
  await until('it is open', () => reading.states.includes('live'));
  const LINES = 10_000;
  // 100 lines every 10 ms.
  const code = `const fs=require('fs');let n=0;const t=setInterval(()=>{let s='';for(let i=0;i<100;i++)s+='step '+(n++)+' of a sampler that says a lot\\n';fs.appendFileSync(process.argv[1],s);if(n>=${LINES})clearInterval(t)},10)`;
  const producer: ChildProcess = spawn(process.execPath, ['-e', code, workerLog], { stdio: 'ignore' });
  afterwards.push(() => producer.kill('SIGKILL'));
  await until('the last line', () => reading.lines.at(-1)?.text.startsWith(`step ${LINES - 1} `));
  for (const { seq, text } of reading.lines) expect(text).toMatch(new RegExp(`^step ${seq} `));
  expect(reading.lines.length).toBeGreaterThan(LINES / 2);
});

test('a reader who does not keep up gets the newest, and the numbers tell how much is not shown', async () => {
  const { logs, workerLog } = installed(createLocalHost());
  let backlog = 0;
  const slow = read(logs, WORKER, () => backlog);
  const quick = read(logs, WORKER);
  await until('both are open', () => [slow, quick].every(({ states }) => states.includes('live')));
  appendFileSync(workerLog, 'first\n');
  await until('both have it', () => slow.lines.length === 1 && quick.lines.length === 1);
  backlog = 10_000_000;
  appendFileSync(workerLog, numbered(0, 60_000));
  await until('the quick one has the end', () => quick.texts().at(-1) === 'line 59999');
  expect(slow.lines).toHaveLength(1);
  backlog = 0;
  await until('the slow one has the end', () => slow.texts().at(-1) === 'line 59999');
  expect(slow.lines.length).toBeLessThanOrEqual(20_001);
  expect(slow.lines.at(-1)?.seq).toBe(60_000);
});

test('this computer: a log that is not there is waited for; one that is unknown is refused by name', async () => {
  const { logs, workerLog, root } = installed(createLocalHost());
  await expect(read404(logs)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const reading = read(logs, WORKER);
  await until('it is open', () => reading.states.includes('live'));
  rmSync(workerLog);
  writeFileSync(join(root, 'other'), 'x');
  renameSync(join(root, 'other'), workerLog);
  appendFileSync(workerLog, 'y\n');
  await until('the new file', () => reading.texts().includes('xy'));
});

async function read404(logs: LogsKeeper): Promise<void> {
  const stop = new AbortController();
  for await (const _ of logs.follow({ machineId: 'gpu-1', sourceId: 'worker-404' }, stop.signal))
    stop.abort();
}
