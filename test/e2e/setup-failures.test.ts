import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type PrivateRedis, startPrivateRedis } from '../../resources/demo/private-redis.ts';
import { startPasswordServer } from '../integration/hosts/password-server.ts';
import { type ConsoleInBrowser, openConsoleInBrowser } from '../support/console-in-browser.ts';
import { createSecretWatch } from '../support/secret-watch.ts';
import { makeKey, type SshServer, startSshServer } from '../support/ssh-server.ts';

/*
 * Each failure that a person can meet in Setup, through the composed console, with a search for every secret after them:
 * in what main told the page, in what was printed, on command lines, on the disk, and in the memory of the page.
 */

/** Told apart from those of any other run on this machine: all its processes are searched for them. */
const RUN = randomUUID().slice(0, 8);
const secret = (name: string) => `Zq9+${name}/of%${RUN}`;
/** Typed into the page, or handed to it as a file. */
const TYPED = {
  'Redis password': secret('redis'),
  'wrong Redis password': secret('redis-wrong'),
  'new Redis password': secret('redis-new'),
  'Redis password that could not be tried': secret('redis-untried'),
  'SSH password': secret('login'),
  'wrong SSH password': secret('login-wrong'),
  passphrase: secret('phrase'),
  'wrong passphrase': secret('phrase-wrong'),
  'password of a bad .env': secret('env-bad'),
  'token of a bad .env': secret('env-token'),
};
/** On the VPS only: main reads them, and the page is never told. */
const THERE = {
  'password in a .env of the VPS': secret('env-vps'),
  'token in a .env of the VPS': secret('env-vps-token'),
  'text of a file that is no .env': secret('no-env'),
};
const watch = createSecretWatch({ ...TYPED, ...THERE });

const undo: (() => unknown)[] = [];
/** Everything that this process printed, and that main told the page. */
const printed: string[] = [];
const told: string[] = [];
let dir: string;
let redis: PrivateRedis;
let vps: SshServer;
let lockedKey: string;
let gpu: Awaited<ReturnType<typeof startPasswordServer>>;
let opened: ConsoleInBrowser;

beforeAll(async () => {
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, name).mockImplementation((...said) => void printed.push(said.map(String).join(' ')));
  dir = await mkdtemp(join(tmpdir(), 'setup-failures-'));
  undo.push(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  redis = await startPrivateRedis({ password: TYPED['Redis password'] });
  undo.push(redis.stop);
  vps = await startSshServer({ ownHome: true });
  undo.push(vps.close);
  lockedKey = join(dir, 'locked-key');
  makeKey(lockedKey, TYPED.passphrase);
  vps.authorize(`${lockedKey}.pub`);
  await writeEnvFiles(vps.home);
  gpu = await startPasswordServer({ password: TYPED['SSH password'] });
  undo.push(gpu.close);
  opened = await openConsoleInBrowser('setup-failures', { laptop: true });
  undo.push(opened.close);
  opened.page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => void told.push(String(payload))),
  );
  // What set the machines up was called with secrets; from here on it is the product that calls.
  watch.watchProcesses();
  await opened.open();
});
afterAll(async () => {
  vi.restoreAllMocks();
  for (const step of undo.reverse()) await step();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await opened?.page.screenshot({ path: 'test/artifacts/screenshots/setup-failures-failed.png' });
});

/** What a person may have in the way: a folder, a text, a file without its end, and one that is too large. */
async function writeEnvFiles(home: string): Promise<void> {
  await mkdir(join(home, 'a-folder'));
  await writeFile(join(home, 'notes.txt'), `remember ${THERE['text of a file that is no .env']}\n`);
  const lines = [
    `HF_TOKEN=${THERE['token in a .env of the VPS']}`,
    'REDIS_HOST=redis',
    `REDIS_PASSWORD="${THERE['password in a .env of the VPS']}`,
  ];
  await writeFile(join(home, 'broken.env'), `${lines.join('\n')}\n`);
  await writeFile(
    join(home, 'large.env'),
    `HF_TOKEN=${THERE['token in a .env of the VPS']}\n${'# filling\n'.repeat(60_000)}`,
  );
}

const dialog = () => opened.page.getByRole('dialog');
const panel = (name: string) => opened.page.getByRole('region', { name });

/** Says yes to the key of a machine that is met for the first time. */
async function meet(): Promise<void> {
  await dialog().getByRole('button', { name: 'Yes, it is the same' }).click();
}
async function answer(field: 'Password' | 'Passphrase', text: string): Promise<void> {
  await dialog().getByRole('textbox', { name: field, exact: true }).fill(text);
  await dialog().getByRole('button', { name: 'Log in', exact: true }).click();
}

test('a wrong Redis password, at the first run', async () => {
  const { page } = opened;
  await page.getByLabel('Name of the workshop').fill('Film workshop');
  await page.getByLabel('Redis host').fill('127.0.0.1');
  await page.getByLabel('Port').fill(String(redis.port));
  const field = page.getByRole('textbox', { name: 'Redis password' });
  await field.fill(TYPED['wrong Redis password']);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByText(/refuses the password/).waitFor();
  await field.fill(TYPED['Redis password']);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('button', { name: /^Redis [\d.]+ ms/ }).waitFor();
});

test('a wrong passphrase, and a wrong SSH password', async () => {
  const { page } = opened;
  await page.getByRole('button', { name: 'Setup' }).click();
  const login = panel('VPS');
  await login.getByLabel('Address').fill(`${vps.user}@127.0.0.1:${vps.port}`);
  await login.getByLabel('Key file').fill(lockedKey);
  await login.getByRole('button', { name: 'Save and connect' }).click();
  await meet();
  await answer('Passphrase', TYPED['wrong passphrase']);
  await dialog().getByText('That was not right; try again.').waitFor();
  await answer('Passphrase', TYPED.passphrase);
  await page.getByRole('button', { name: /^VPS ssh [\d.]+ ms/ }).waitFor();

  const hosts = panel('GPU hosts');
  await hosts.getByLabel('What you call it').fill('the H100');
  await hosts.getByLabel('Address').fill(`dev@127.0.0.1:${gpu.port}`);
  await hosts.getByRole('button', { name: 'Save and connect' }).click();
  await meet();
  await answer('Password', TYPED['wrong SSH password']);
  await dialog().getByText('That was not right; try again.').waitFor();
  await answer('Password', TYPED['SSH password']);
  await page.getByRole('button', { name: /^the H100 ssh [\d.]+ ms/ }).waitFor();
  expect(gpu.tries()).toEqual([TYPED['wrong SSH password'], TYPED['SSH password']]);
});

test('imports that cannot be read, and a .env that is broken', async () => {
  const env = panel('The .env of the VPS');
  const read = async (path: string) => {
    await env.getByLabel('Its path on the VPS').fill(path);
    await env.getByRole('button', { name: 'Read it' }).click();
  };
  await read('~/nowhere.env');
  await env.getByText(/^There is no .*nowhere\.env/).waitFor();
  await read('~/notes.txt');
  await env.getByText(/holds no KEY=value line/).waitFor();
  await read('~/large.env');
  await env.getByText(/is too large for a \.env file/).waitFor();
  await read('~/a-folder');
  await env.getByRole('alert').filter({ hasText: 'a-folder' }).waitFor();
  await read('~/broken.env');
  const wrong = env.getByRole('list', { name: 'What is wrong' });
  await wrong
    .getByText(/cannot be read/)
    .first()
    .waitFor();
  await env.getByRole('button', { name: 'Begin anew' }).click();

  // The same from this computer: here the page holds the text, and only main's answer is on trial.
  const file = (name: string, text: string) =>
    env
      .locator('input[type=file]')
      .setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
  await file('notes.txt', `remember ${TYPED['token of a bad .env']}\n`);
  await env.getByText('notes.txt holds no KEY=value line.').waitFor();
  await file(
    'bad.env',
    `REDIS_PASSWORD="${TYPED['password of a bad .env']}\nHF_TOKEN=${TYPED['token of a bad .env']}\nREDIS_PORT=not-a-port\n`,
  );
  await wrong.waitFor();
});

test('a password that was changed: a wrong one, one that cannot be tried, the right one', async () => {
  const { page } = opened;
  const admin = redis.client();
  await admin.config('SET', 'requirepass', TYPED['new Redis password']);
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await page.keyboard.press('1');
  await panel('State').getByRole('button', { name: 'Enter the password…' }).click();
  const field = dialog().getByRole('textbox', { name: 'Redis password of Film workshop' });
  await field.fill(TYPED['wrong Redis password']);
  await field.press('Enter');
  await dialog()
    .getByText(/refuses the password/)
    .waitFor();
  redis.signal('SIGSTOP');
  await field.fill(TYPED['Redis password that could not be tried']);
  await field.press('Enter');
  await dialog()
    .getByText(/^The password was not tried\./)
    .waitFor();
  redis.signal('SIGCONT');
  await field.fill(TYPED['new Redis password']);
  await field.press('Enter');
  await dialog().waitFor({ state: 'detached' });
  await page.getByRole('button', { name: /^Redis [\d.]+ ms/ }).waitFor();
});

/** All strings that the page keeps, where collections of its rubbish have left it nothing else. */
async function memoryOf(page: ConsoleInBrowser['page']): Promise<string> {
  const session = await page.context().newCDPSession(page);
  const heap: string[] = [];
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => heap.push(chunk));
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await session.detach();
  const text = heap.join('');
  expect(text).toContain('Film workshop');
  return text;
}

test('none of it told a secret to the page, a program or a disk, and the memory of the page holds none', async () => {
  const { page } = opened;
  // A search that is blind would find nothing either.
  expect(watch.find(`x${TYPED['wrong passphrase']}x`, '')).toHaveLength(1);
  expect(told.join('\n')).toContain('Film workshop');
  expect(watch.find(told.join('\n'), 'what main told the page')).toEqual([]);
  expect(watch.find(printed.join('\n'), 'what was printed')).toEqual([]);
  expect(await watch.processes()).toEqual([]);
  expect(await watch.folder(opened.dir, 'the folders of the console and the laptop')).toEqual([]);
  expect(watch.find(await page.content(), 'the document')).toEqual([]);
  // What was never typed is not in the page at all; what was goes with the page that it was typed into.
  const there = createSecretWatch(THERE);
  expect(there.find(await memoryOf(page), 'the memory of the page')).toEqual([]);
  await page.reload();
  await page.getByRole('button', { name: 'Setup' }).click();
  await page.getByRole('list', { name: 'Saved workshops' }).waitFor();
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  expect(watch.find(stored, 'the storage of the page')).toEqual([]);
  expect(watch.find(await memoryOf(page), 'the memory of the page')).toEqual([]);
});
