import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ComfyDouble, startComfyDouble } from '../../resources/demo/comfy-double/server.ts';
import { submitAsQueueManager } from '../../resources/demo/platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from '../../resources/demo/private-redis.ts';
import { composeConsole, secretsInMemoryOnly } from '../../src-main/app/compose.ts';
import { emptyProfile } from '../../src-main/domain/workshops/profile.ts';
import { startWebShell } from '../../src-main/shells/web/server.ts';
import { bundleAgent, describeAgent } from '../../worker-agent/build.ts';
import { keys } from '../../worker-agent/src/contract/keys.ts';
import { slowImage } from '../integration/agent/agent-rig.ts';
import { until } from '../integration/main/until.ts';
import { openBrowser } from '../support/browser.ts';
import { buildRenderer } from '../support/build-renderer.ts';
import { type SshServer, startSshServer } from '../support/ssh-server.ts';

/*
 * A workshop from two SSH logins to a running agent and back, through the screen: nothing is typed into a terminal.
 * Two real OpenSSH servers stand for VPS and GPU host. They have keys and home folders of their own, yet share this
 * machine's root folder, since namespaces are not to be had everywhere; nothing but the home folder is written to.
 * Redis is real and reached through the VPS. ComfyUI is doubled.
 */

const HOST = 'gpu-1';
const PASSWORD = 'redis-password-of-e2e';
const resources = resolve(import.meta.dirname, '../../resources');
const pictures = resolve(import.meta.dirname, '../artifacts/screenshots');
const undo: (() => unknown)[] = [];
const homeBefore = process.env.HOME;
let redis: PrivateRedis;
let comfies: ComfyDouble[];
let gpu: SshServer;
let bundle: string;
let browser: Browser;
let page: Page;
/** Everything that the page was told by main. */
const told: string[] = [];

const agentRoot = () => join(gpu.home, '.local/share/worker-agent');

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'deploy-e2e-'));
  undo.push(() => rm(dir, { recursive: true, force: true }));
  redis = await startPrivateRedis({ password: PASSWORD, appendOnly: false });
  undo.push(() => redis.stop());
  comfies = [await startComfyDouble({ speed: 2 }), await startComfyDouble({ speed: 2 })];
  for (const comfy of comfies) undo.push(() => comfy.stop());
  const vps = await startSshServer({ ownHome: true });
  gpu = await startSshServer({ ownHome: true });
  undo.push(
    () => vps.close(),
    () => gpu.close(),
    () => endAgent(),
  );

  const agentFolder = join(dir, 'agent');
  bundle = join(agentFolder, 'worker-agent.mjs');
  await bundleAgent(bundle);
  await describeAgent(bundle);
  await cp(join(resources, 'worker-agent'), agentFolder, { recursive: true });

  // The laptop: a home of its own, so that nobody's known_hosts is written to.
  process.env.HOME = join(dir, 'laptop');
  await mkdir(join(process.env.HOME, '.ssh'), { recursive: true, mode: 0o700 });
  undo.push(() => {
    process.env.HOME = homeBefore;
  });
  const opened = await composeConsole({
    env: {},
    dir: join(dir, 'console'),
    secrets: secretsInMemoryOnly,
    agentFolders: [agentFolder, join(resources, 'compose')],
  });
  const { workshops } = opened.services;
  const login = (server: SshServer) => ({
    ...{ host: '127.0.0.1', user: server.user, port: server.port, keyFile: server.keyFile },
  });
  await workshops.save({
    profile: {
      ...emptyProfile('film', 'Film workshop'),
      redis: { host: '127.0.0.1', port: redis.port, tls: false, through: 'vps' },
      vps: login(vps),
      gpuHosts: [{ id: HOST, name: 'Rented H100', provider: 'verda', login: login(gpu) }],
    },
    password: PASSWORD,
  });
  await workshops.turnTo({ id: 'film' });
  const shell = await startWebShell({ services: opened.services, rendererDir: await buildRenderer() });
  browser = await openBrowser();
  undo.push(
    () => opened.close(),
    () => shell.close(),
    () => browser.close(),
  );
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
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
const picture = (name: string) => page.screenshot({ path: join(pictures, `deploy-${name}.png`) });

/** In order: each goes on from what the one before left. */
test('both machines are met once, and Redis is reached through the VPS', async () => {
  for (const _machine of ['VPS', 'GPU host']) {
    await page.getByText('SHA256:').waitFor();
    const asked = await page.getByText('SHA256:').textContent();
    await press('Yes, it is the same');
    await page.getByText(asked ?? '', { exact: true }).waitFor({ state: 'detached' });
  }
  await until('main hears Redis', async () =>
    (await page.getByRole('button', { name: /^Redis .*ms/ }).count()) > 0 ? true : undefined,
  );
});

test('the machine is looked over, and one press deploys until the first heartbeat', async () => {
  await open('Hosts');
  await press('Look it over: Rented H100');
  await page.getByText('What was found').waitFor();
  await page.getByText(/^How ComfyUI runs/).click();
  await page.getByLabel('Runtime').selectOption('external');
  await page.getByLabel('Addresses, with commas').fill(comfies.map(({ url }) => url).join(','));
  await press('Keep and look again');
  await page.getByText(/^How ComfyUI runs: ComfyUI is run by somebody else/).waitFor();
  await picture('plan');
  await press('Deploy on Rented H100');
  await page.getByText(/The agent 0\.1\.0-\w+ runs on Rented H100\. It reports/).waitFor();
  await picture('done');
  expect(await redis.client().get(keys.hostStatus(HOST))).toContain('"running"');
});

test('workers are scaled from the Stage', async () => {
  await open('Stage');
  const group = page.getByRole('group', { name: `Workers wanted on ${HOST}` });
  await group.waitFor();
  await group.getByRole('button').last().click();
  await until('two workers', async () => {
    const status = JSON.parse((await redis.client().get(keys.hostStatus(HOST))) ?? '{}');
    return status.workers?.length === 2 ? true : undefined;
  });
});

test('an upgrade in the middle of a job ends the job once; a rollback and an uninstall follow', async () => {
  const client = redis.client();
  const job = { id: 'job-e2e', userId: 'user001', workflow: slowImage(12), priority: 2 as const };
  await submitAsQueueManager(client, { ...job, createdAtMicros: Date.now() * 1000 });
  const prompts = () =>
    comfies.flatMap(({ promptBodies }) => promptBodies.filter(({ promptId }) => promptId === job.id));
  await until('a prompt', () => prompts()[0]);
  await appendFile(bundle, '\n// the next release\n');
  await open('Hosts');
  await press('Look again: Rented H100');
  await press('Upgrade on Rented H100');
  await page.getByText(/was upgraded from .* jobs that ran went on/).waitFor();
  await until('the end of the job', async () =>
    JSON.parse((await client.get(keys.job(job.id))) ?? '{}').status === 'completed' ? true : undefined,
  );
  expect(prompts()).toHaveLength(1);

  await press('Roll back…');
  await page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click();
  await page.getByText(/Rented H100 went back to/).waitFor();
  await picture('rolled-back');

  await press('Uninstall…');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove it' }).click();
  await page.getByText(/The agent was removed from Rented H100/).waitFor();
  await picture('removed');
  expect(await readdir(agentRoot())).toEqual(['state']);
});

test('the page was never told the password of Redis', () => {
  expect(told.length).toBeGreaterThan(0);
  expect(told.join('\n')).not.toContain(PASSWORD);
});

/** What a test that failed left running. */
async function endAgent(): Promise<void> {
  const pids = await Promise.all([
    readFile(join(agentRoot(), 'daemon.pid'), 'utf8').catch(() => ''),
    readFile(join(agentRoot(), 'state/agent.lock'), 'utf8').then(
      (text) => String(JSON.parse(text).pid),
      () => '',
    ),
  ]);
  for (const pid of pids.map(Number))
    try {
      if (pid > 1) process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone.
    }
}
