import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFile, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { type Browser, errors, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { submitAsQueueManager } from '../../resources/demo/platform-job.ts';
import type { Services } from '../../src-main/api/roles.ts';
import { composeConsole, secretsInMemoryOnly } from '../../src-main/app/compose.ts';
import { isSecret } from '../../src-main/domain/env-file/mask.ts';
import { startWebShell } from '../../src-main/shells/web/server.ts';
import { bundleAgent, describeAgent } from '../../worker-agent/build.ts';
import { keys } from '../../worker-agent/src/contract/keys.ts';
import { slowImage } from '../integration/agent/agent-rig.ts';
import { until } from '../integration/main/until.ts';
import { openBrowser } from '../support/browser.ts';
import { buildRenderer, removeRenderer } from '../support/build-renderer.ts';
import { envSample } from '../support/env-samples.ts';
import { readVpsEnv } from '../support/read-vps-env.ts';
import { createSecretWatch } from '../support/secret-watch.ts';
import { startTwoMachines, type TwoMachines } from './two-machines.ts';

/*
 * A workshop from nothing to running and back, through the screen: no command is typed anywhere. VPS and GPU host are
 * machines of their own where this system allows namespaces: root folder, users, keys, processes, address; Redis is
 * real and listens as on the VPS. ComfyUI and the card are doubled.
 */

const execute = promisify(execFile);
const NAME = 'Rented H100';
const HOST = 'rented-h100';
/** Told apart from those of any other run on this machine: all its processes are searched for them. */
const RUN = randomUUID().slice(0, 8);
const PASSWORD = `Zq9+redis/of%${RUN}`;
/** What else must be told to nobody. Of the .env: every key that counts as a secret, used in the sample or not. */
const SECRETS = {
  'password of Redis': PASSWORD,
  'SSH password': `Zq9+login/of%${RUN}`,
  'passphrase of the key': `Zq9+phrase/of%${RUN}`,
  ...Object.fromEntries(secretKeys().map((key, at) => [key, `Zq9+env${at}/of%${RUN}`])),
};
const watch = createSecretWatch(SECRETS);

function secretKeys(): string[] {
  const keys = [...envSample('vps-comfyume-v1').matchAll(/^#? ?([A-Z][A-Z0-9_]+)\b/gm)].map(
    ([, key]) => key ?? '',
  );
  return [...new Set(keys)].filter((key) => key !== 'REDIS_PASSWORD' && isSecret(key, ''));
}
/** Where the platform of the VPS has participants' files. */
const DATA = '/home/dev/comfyume-v1/data';
/** Of the key that the agent makes for itself: what of it would give it away. */
let keyWatch: ReturnType<typeof createSecretWatch> | undefined;
/** Nothing on the screen takes longer; so a test that is stuck says where. */
const STUCK_MS = 60_000;
const resources = resolve(import.meta.dirname, '../../resources');
const pictures = resolve(import.meta.dirname, '../artifacts/screenshots');
const undo: (() => unknown)[] = [];
const homeBefore = process.env.HOME;
let machines: TwoMachines;
let redis: Redis;
let services: Services;
let bundle: string;
let browser: Browser;
let page: Page;
let consoleDir: string;
/** Everything that this process printed. */
const printed: string[] = [];
/** Everything that the page was told by main. */
const told: string[] = [];

beforeAll(async () => {
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, name).mockImplementation((...said) => void printed.push(said.map(String).join(' ')));
  const dir = await mkdtemp(join(tmpdir(), 'deploy-e2e-'));
  undo.push(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  const {
    'password of Redis': _redis,
    'SSH password': login,
    'passphrase of the key': phrase,
    ...env
  } = SECRETS;
  machines = await startTwoMachines(PASSWORD, { env, login });
  undo.push(machines.close);
  redis = new Redis({ ...machines.redis, password: PASSWORD });
  undo.push(() => redis.disconnect());

  const agentFolder = join(dir, 'agent');
  bundle = join(agentFolder, 'worker-agent.mjs');
  await bundleAgent(bundle);
  await describeAgent(bundle);
  await cp(join(resources, 'worker-agent'), agentFolder, { recursive: true });

  // The laptop: a home of its own, so that nobody's known_hosts is written to. Root's key lies where keys lie.
  const home = join(dir, 'laptop');
  await mkdir(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  await copyFile(machines.gpu.keyFile, join(home, '.ssh/id_ed25519'));
  if (machines.ownRoots)
    await execute('ssh-keygen', [
      '-q',
      '-p',
      '-P',
      '',
      '-N',
      phrase ?? '',
      '-f',
      join(home, '.ssh/id_ed25519'),
    ]);
  // What set the machines up was called with secrets; from here on it is the product that calls.
  watch.watchProcesses();
  process.env.HOME = home;
  undo.push(() => {
    process.env.HOME = homeBefore;
  });
  consoleDir = join(dir, 'console');
  const opened = await composeConsole({
    env: {},
    dir: consoleDir,
    secrets: secretsInMemoryOnly,
    agentFolders: [agentFolder, join(resources, 'compose')],
  });
  services = opened.services;
  const rendererDir = await buildRenderer();
  const shell = await startWebShell({ services, rendererDir });
  browser = await openBrowser();
  undo.push(
    () => removeRenderer(rendererDir),
    () => opened.close(),
    () => shell.close(),
    () => browser.close(),
  );
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  page.setDefaultTimeout(STUCK_MS);
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => void told.push(String(payload)));
  });
  await mkdir(pictures, { recursive: true });
  await page.goto(shell.link());
});
afterAll(async () => {
  for (const step of undo.reverse()) await step();
});

const press = (name: string | RegExp) => page.getByRole('button', { name }).click();
const open = (screen: string) =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen }).click();
const panel = (name: string) => page.getByRole('region', { name });
/** What a step of the setup says of itself. */
const stepSays = (step: string, detail: string) =>
  page
    .getByRole('navigation', { name: 'Steps of the setup' })
    .getByRole('button', { name: new RegExp(`^${step} .*${detail}`) })
    .waitFor();
const picture = (name: string) => page.screenshot({ path: join(pictures, `deploy-${name}.png`) });
const statusOf = async () => JSON.parse((await redis.get(keys.hostStatus(HOST))) ?? '{}');
/** Compares the fingerprint as a careful person does, and says yes. */
async function meet({ fingerprint }: TwoMachines['vps']): Promise<void> {
  await page.getByText(fingerprint).waitFor();
  await press('Yes, it is the same');
  await page.getByText(fingerprint).waitFor({ state: 'detached' });
}

// What stood on the screen when something failed is worth more than the line where it did.
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await picture('failed');
});

/** Fills an empty field, if it is there. @throws TimeoutError when it goes meanwhile. */
async function answered(field: Locator, answer: string): Promise<void> {
  const brief = { timeout: 2000 };
  if ((await field.count()) === 0 || (await field.inputValue(brief)) !== '') return;
  await field.fill(answer, brief);
  await field.press('Enter', brief);
}

/** Answers what a machine asks until its link stands. */
async function logIn(chip: RegExp): Promise<void> {
  const dialog = page.getByRole('dialog');
  const asked = {
    Password: SECRETS['SSH password'],
    Passphrase: SECRETS['passphrase of the key'],
  };
  const fields = Object.entries(asked).map(([name, answer]) => ({
    field: dialog.getByRole('textbox', { name, exact: true }),
    answer,
  }));
  const ready = page.getByRole('button', { name: chip });
  await until('the link', async () => {
    // The dialog closes by itself once it has been answered: a field that was there may be gone by now.
    for (const { field, answer } of fields)
      await answered(field, answer).catch((error: unknown) => {
        if (!(error instanceof errors.TimeoutError)) throw error;
      });
    return (await ready.count()) > 0 && (await dialog.count()) === 0;
  });
}

/** In order: each goes on from what the one before left. */
test('a workshop gets a name and two machines, each of which is met once', async () => {
  await press('Setup');
  await page.getByLabel('Name of the workshop').fill('Film workshop');
  await press('Begin');
  const vps = panel('VPS');
  await vps.getByLabel('Address').fill(machines.vps.address);
  if (!machines.ownRoots) await vps.getByLabel('Key file').fill(machines.vps.keyFile);
  await vps.getByRole('button', { name: 'Save and connect' }).click();
  await meet(machines.vps);
  await logIn(/^VPS ssh [\d.]+ ms/);
  const hosts = panel('GPU hosts');
  await hosts.getByLabel('Where it is rented').selectOption('RunPod');
  await hosts.getByLabel('What you call it').fill(NAME);
  await hosts.getByLabel('Address').fill(machines.gpu.address);
  if (!machines.ownRoots) await hosts.getByLabel('Key file').fill(machines.gpu.keyFile);
  await hosts.getByRole('button', { name: 'Save and connect' }).click();
  await meet(machines.gpu);
  await logIn(new RegExp(`^${NAME} ssh [\\d.]+ ms`));
  await picture('setup');
});

test('the .env of the VPS goes to the GPU host, and Redis answers from there', async ({ skip }) => {
  if (!machines.ownRoots) {
    const [kept] = (await services.workshops.view()).workshops;
    if (!kept) throw new Error('the workshop was not kept');
    const { host, port } = machines.redis;
    await services.workshops.save({
      profile: { ...kept.profile, redis: { host, port, tls: false, through: 'vps' } },
      password: PASSWORD,
    });
    await services.workshops.turnTo({ id: kept.profile.id });
    skip('a VPS without an address of its own has none that a GPU host could reach');
  }
  const env = await readVpsEnv(page);
  const { host, port } = machines.redis;
  await env.getByText(`The GPU host will reach Redis at ${host}:${port}.`).waitFor();
  await env.getByText(`${DATA}/outputs`).waitFor();
  await env.getByLabel('Goes to').selectOption(NAME);
  await picture('env-review');
  await press('Write it to the GPU host and test Redis from there');
  const proved = env.getByText('A test key was written, read back the same and removed.');
  await proved.waitFor();
  await proved.scrollIntoViewIfNeeded();
  await picture('env-written');
  await press('Connect this console to this Redis');
  await stepSays('Import .env', `Written to ${NAME}`);
  await stepSays('Deploy', `Not known of ${NAME}; look it over`);
});

test('the machine is looked over, and one press deploys until the first heartbeat', async () => {
  await page.getByRole('button', { name: /^Redis .*ms/ }).waitFor();
  await open('Hosts');
  await press(`Look it over: ${NAME}`);
  await page.getByText('What was found').waitFor();
  if (machines.ownRoots) {
    await page.getByText(/^Something already listens on port 8189 \(node, process \d+\)/).waitFor();
    await page.getByText(/^Stop what listens there/).waitFor();
    expect(await page.getByRole('button', { name: `Deploy on ${NAME}` }).isDisabled()).toBe(true);
    await page.getByText(/^How ComfyUI runs/).click();
    await page.getByLabel('First port of the workers').fill('8200');
    await picture('port-taken');
    await press('Keep and look again');
    await page.getByText('8200–8202 can be used.').waitFor();
    await page.getByText(/^How ComfyUI runs/).click();
  }
  if (machines.comfyUrls.length > 0) {
    await page.getByText(/^How ComfyUI runs/).click();
    await page.getByLabel('Runtime').selectOption('external');
    await page.getByLabel('Addresses, with commas').fill(machines.comfyUrls.join(','));
    await press('Keep and look again');
    await page.getByText(/^How ComfyUI runs: ComfyUI is run by somebody else/).waitFor();
  }
  if (machines.ownRoots)
    await page.getByText(`The agent brings finished files to ${DATA}/outputs on the VPS as dev`).waitFor();
  else {
    await page.getByText('It is not known where participants find their files on the VPS.').waitFor();
    await page.getByRole('checkbox', { name: 'Leave “Way to the participants’ files” out' }).click();
    await page.getByText('Left out: finished files stay on this machine').waitFor();
  }
  await picture('plan');
  await press(`Deploy on ${NAME}`);
  await page.getByText(/The agent 0\.1\.0-\w+ runs on Rented H100\. It reports/).waitFor();
  const stay = 'Finished files stay on this machine';
  await page
    .getByText(machines.ownRoots ? `Finished files go to ${DATA}/outputs on the VPS.` : stay)
    .first()
    .waitFor();
  await picture('done');
  expect((await statusOf()).phase).toBe('running');
  if (!machines.roots) return;
  expect(await agentLines()).toHaveLength(1);
  const key = await readFile(join(machines.roots.gpu, 'root/.local/share/worker-agent/keys/vps'), 'utf8');
  const [, , middle = ''] = key.split('\n');
  keyWatch = createSecretWatch({ 'key of the agent': middle });
  keyWatch.watchProcesses();
});

/** Lines of the agent in what the VPS lets in. */
async function agentLines(): Promise<string[]> {
  const file = join(machines.roots?.vps ?? '', 'home/dev/.ssh/authorized_keys');
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line.includes(`worker-agent@${HOST}`));
}

test('workers are scaled from the Stage, and the log of the agent tells of it', async () => {
  await open('Stage');
  const group = page.getByRole('group', { name: `Workers wanted on ${HOST}` });
  await group.waitFor();
  await group.getByRole('button').last().click();
  await until('two workers', async () => (await statusOf()).workers?.length === 2);
  await picture('scaled');
  await open('Logs');
  await page
    .getByRole('navigation', { name: 'Logs' })
    .getByRole('button', { name: /^agent / })
    .click();
  const lines = page.getByRole('listbox').getByRole('option');
  await lines.filter({ hasText: 'worker-2' }).first().waitFor();
  await picture('log');
});

test('on the machines every secret stands only where it must', async ({ skip }) => {
  if (!machines.roots) skip('they share this root folder');
  const { vps, gpu } = machines.roots ?? { vps: '', gpu: '' };
  const onGpu = [];
  for (const folder of ['root', 'home', 'tmp', 'run', 'var/log', 'var/tmp', 'etc'])
    onGpu.push(...(await watch.folder(join(gpu, folder), folder)));
  // As it was imported, and as the agent that runs was set up: both are the owner's alone.
  const root = 'root/.local/share/worker-agent';
  const files = [`${root}/config/1.env`, `${root}/workshop.env`];
  expect(onGpu).toEqual(files.map((where) => ({ secret: 'password of Redis', where })));
  for (const file of files) expect((await stat(join(gpu, file))).mode & 0o777, file).toBe(0o600);
  const keys: unknown[] = [];
  for (const folder of ['root', 'home', 'tmp', 'run', 'var/log', 'var/tmp', 'etc'])
    keys.push(...((await keyWatch?.folder(join(gpu, folder), folder)) ?? []));
  expect(keys).toEqual([{ secret: 'key of the agent', where: `${root}/keys/vps` }]);
  expect((await stat(join(gpu, root, 'keys/vps'))).mode & 0o777).toBe(0o600);
  expect(await keyWatch?.folder(join(vps, 'home'), 'home')).toEqual([]);
  const before = ['home/dev/comfyume-v1/.env', 'etc/vps-redis.conf'];
  const onVps = [];
  for (const folder of ['root', 'home', 'tmp', 'run', 'var/log', 'var/tmp', 'etc'])
    onVps.push(...(await watch.folder(join(vps, folder), folder)));
  expect(onVps.filter(({ where }) => !before.includes(where))).toEqual([]);
});

test('the host looks at what was made, from the VPS, and takes it home', async () => {
  const job = { id: 'job-look', userId: 'user002', workflow: slowImage(1), priority: 2 as const };
  await submitAsQueueManager(redis, { ...job, createdAtMicros: Date.now() * 1000 });
  await until('the end of the job', async () =>
    JSON.parse((await redis.get(keys.job(job.id))) ?? '{}').status === 'completed' ? true : undefined,
  );
  await open('Jobs');
  await page.getByRole('button', { name: /^all/ }).click();
  await page.getByRole('row').filter({ hasText: 'user002' }).click();
  const drawer = page.getByRole('dialog');
  const place = machines.ownRoots ? `the VPS (${DATA}/outputs)` : `${NAME} (`;
  await drawer.getByText(`Fetched from ${place}`).waitFor();
  await drawer.getByRole('button', { name: /^Show .*\.png$/ }).click();
  const shown = drawer.getByRole('img', { name: /\.png$/ });
  await shown.waitFor();
  await until('the picture', () => shown.evaluate((img) => (img as HTMLImageElement).naturalWidth > 0));
  for (const scheme of ['light', 'dark']) {
    await page.evaluate((name) => {
      document.documentElement.setAttribute('data-mantine-color-scheme', name);
    }, scheme);
    await shown.scrollIntoViewIfNeeded();
    await picture(`drawer-${scheme}`);
  }
  const saved = page.waitForEvent('download');
  await drawer.getByRole('button', { name: /^Save as… .*\.png$/ }).click();
  await drawer.getByText('It was handed over for saving.').waitFor();
  const bytes = await readFile(await (await saved).path());
  const made = machines.roots && join(machines.roots.vps, DATA, 'outputs/user002', job.id);
  const [name = ''] = made ? await readdir(made) : [];
  if (made) expect(bytes.equals(await readFile(join(made, name)))).toBe(true);
  else expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
});

test('an upgrade in the middle of a job ends the job once; a rollback and an uninstall follow', async () => {
  const job = { id: 'job-e2e', userId: 'user001', workflow: slowImage(12), priority: 2 as const };
  await submitAsQueueManager(redis, { ...job, createdAtMicros: Date.now() * 1000 });
  await until('the job at ComfyUI', async () => (await machines.askComfy('/queue')).includes(job.id));
  await appendFile(bundle, '\n// the next release\n');
  await open('Hosts');
  await press(`Look again: ${NAME}`);
  await press(`Upgrade on ${NAME}`);
  await page.getByText(/was upgraded from .* jobs that ran went on/).waitFor();
  await until('the end of the job', async () =>
    JSON.parse((await redis.get(keys.job(job.id))) ?? '{}').status === 'completed' ? true : undefined,
  );
  const runs = (await machines.askComfy('/history')).split(`"${job.id}":`).length - 1;
  expect(runs).toBe(1);
  const delivered = machines.roots && join(machines.roots.vps, DATA, 'outputs/user001');
  if (delivered) {
    expect(await readdir(delivered)).toEqual([job.id]);
    expect(await readdir(join(delivered, job.id))).toHaveLength(1);
  }

  await press('Roll back…');
  await page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click();
  await page.getByText(/Rented H100 went back to/).waitFor();
  await picture('rolled-back');

  await press('Uninstall…');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove it' }).click();
  await page.getByText(/The agent was removed from Rented H100/).waitFor();
  await picture('removed');
  const root = '.local/share/worker-agent';
  expect(await machines.list(root)).toEqual(['state']);
  if (!delivered) expect(await machines.list(`${root}/state/outputs/user001`)).toEqual([job.id]);
  expect(await agentLines()).toEqual([]);
  if (machines.ownRoots)
    expect(await machines.list('ComfyUI/models/checkpoints')).toEqual(['model.safetensors']);
  await open('Stage');
  await picture('stage-after');
  await page.getByRole('button', { name: /^Agent/ }).click();
  await picture('agent-after');
  await page.keyboard.press('Escape');
  await open('Setup');
  await stepSays('Deploy', `Put the agent on ${NAME}`);
  await stepSays('Import .env', `Not written to ${NAME} yet`);
  await picture('setup-after');
});

test('no secret was told to the page, kept on the laptop, or handed to a program', async () => {
  expect(told.length).toBeGreaterThan(0);
  expect(watch.find(told.join('\n'), 'what main told the page')).toEqual([]);
  expect(watch.find(printed.join('\n'), 'what was printed')).toEqual([]);
  expect(await watch.processes()).toEqual([]);
  expect((await keyWatch?.processes()) ?? []).toEqual([]);
  for (const text of [told, printed]) expect(keyWatch?.find(text.join('\n'), 'a word') ?? []).toEqual([]);
  expect((await keyWatch?.folder(consoleDir, 'the folder of the console')) ?? []).toEqual([]);
  expect(await watch.folder(consoleDir, 'the folder of the console')).toEqual([]);
  const [kept] = (await services.workshops.view()).workshops;
  const exported = await services.workshops.exportFile({ id: kept?.profile.id ?? '' });
  expect(watch.find(JSON.stringify(exported), 'the exported workshop')).toEqual([]);

  // What was typed is in the page until it is loaded anew; from then on it only holds what main tells it.
  await page.reload();
  for (const screen of ['Stage', 'Hosts', 'Logs', 'Setup']) {
    await open(screen);
    await page.getByRole('main', { name: screen }).waitFor();
  }
  const stored = await page.evaluate(async () =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, await indexedDB.databases()]),
  );
  expect(watch.find(stored, 'the storage of the page')).toEqual([]);
  expect(watch.find(await page.content(), 'the document')).toEqual([]);
  const session = await page.context().newCDPSession(page);
  const heap: string[] = [];
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => heap.push(chunk));
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  const text = heap.join('');
  expect(text).toContain('Film workshop');
  expect(watch.find(text, 'the memory of the page')).toEqual([]);
});
