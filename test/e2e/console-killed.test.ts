import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ensureConsoleBuilt, WEB_SHELL } from '../../resources/demo/console-build.ts';
import { type PrivateRedis, startPrivateRedis } from '../../resources/demo/private-redis.ts';
import { composeConsole, secretsInMemoryOnly } from '../../src-main/app/compose.ts';
import { emptyProfile } from '../../src-main/domain/workshops/profile.ts';
import { bundleAgent, describeAgent } from '../../worker-agent/build.ts';
import { ADMIN, becomeBareUbuntu } from '../support/bare-ubuntu.ts';
import { openBrowser } from '../support/browser.ts';
import {
  type OwnRootMachine,
  type OwnRootMachines,
  startOwnRootMachines,
} from '../support/own-root-machine.ts';
import { root } from '../support/run-step.ts';

/*
 * The console's own process is killed in the middle of an installation as root, and started again: the host reads what
 * was interrupted, goes on, and no second installation begins beside the first.
 */

const pictures = resolve(root, 'test/artifacts/screenshots');
const undo: (() => unknown)[] = [];
let machines: OwnRootMachines<'gpu-host'> | undefined;
let gpu: OwnRootMachine;
let redis: PrivateRedis;
let dir: string;
let browser: Browser;
let page: Page;
let shell: ChildProcess | undefined;

beforeAll(async () => {
  const start = await startOwnRootMachines(['gpu-host']);
  if (start.kind === 'unavailable') return console.log(start.reason);
  machines = start.all;
  gpu = machines.machines['gpu-host'];
  undo.push(machines.close);
  redis = await startPrivateRedis();
  undo.push(() => redis.stop());
  dir = await mkdtemp(join(tmpdir(), 'console-killed-'));
  undo.push(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  await Promise.all([becomeBareUbuntu(gpu), ensureConsoleBuilt()]);
  await bundleAgent(join(dir, 'agent/worker-agent.mjs'));
  await describeAgent(join(dir, 'agent/worker-agent.mjs'));
  await mkdir(join(dir, 'laptop/.ssh'), { recursive: true, mode: 0o700 });
  const key = await readFile(gpu.path('/etc/ssh/own_key.pub'), 'utf8');
  await writeFile(join(dir, 'laptop/.ssh/known_hosts'), `${gpu.address} ${key}`);
  await saveWorkshop();
  browser = await openBrowser();
  undo.push(() => browser.close());
});
afterAll(async () => {
  await kill();
  for (const step of undo.reverse()) await step();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await page?.screenshot({ path: join(pictures, 'killed-failed.png') });
});

const settings = () => join(dir, 'console');

async function saveWorkshop(): Promise<void> {
  const one = await composeConsole({
    ...{ env: {}, dir: settings(), secrets: secretsInMemoryOnly, agentFolders: [] },
  });
  await one.services.workshops.save({
    profile: {
      ...emptyProfile('one', 'Film workshop'),
      redis: { host: '127.0.0.1', port: redis.port, tls: false, through: 'direct' },
      gpuHosts: [
        {
          ...{ id: 'h100', name: 'H100', provider: 'verda' },
          login: { host: gpu.address, port: 22, user: ADMIN.user, keyFile: machines?.keyFile ?? '' },
        },
      ],
    },
    password: null,
  });
  await one.services.workshops.turnTo({ id: 'one' });
  await one.close();
}

/** Starts the console as a person does, and opens its page on the Hosts screen. */
async function openConsole(): Promise<void> {
  const child = spawn(process.execPath, [WEB_SHELL, '--no-open'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ...{ HOME: join(dir, 'laptop'), WORKSHOP_CONSOLE_DIR: settings() },
      WORKSHOP_CONSOLE_AGENT: join(dir, 'agent'),
    },
  });
  shell = child;
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  await page?.close();
  page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, reducedMotion: 'reduce' });
  page.setDefaultTimeout(60_000);
  await page.goto(/https?:\/\/\S+/.exec(String(line))?.[0] ?? '');
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Hosts' }).click();
}

async function kill(): Promise<void> {
  if (!shell || shell.exitCode !== null || shell.signalCode !== null) return;
  const gone = once(shell, 'exit');
  shell.kill('SIGKILL');
  await gone;
}

const press = async (name: RegExp) => {
  await page.getByRole('button', { name }).click();
  const asked = page.getByRole('dialog');
  await asked.getByLabel(/^Password/).fill(ADMIN.password);
  await asked.getByRole('button', { name: /^(Go|Use|Press|Begin|Start|Deploy)/ }).click();
};
const installers = async () =>
  (await gpu.run('pgrep -u root -f "[s]low-installer" || :')).trim().split('\n').filter(Boolean);

test('what a killed console had begun is told, waited for, stopped and gone on with', async ({ skip }) => {
  if (!machines) skip('it needs a machine of its own');
  await gpu.run(
    `cp /srv/vendor/get.docker.com /srv/vendor/as-it-was
printf '%s\\n' "perl -e 'local \\$| = 1; \\$0 = \\"slow-installer\\"; print \\"unpacking\\n\\"; sleep 3600' & wait" > /srv/vendor/get.docker.com`,
  );
  await openConsole();
  await page.getByRole('button', { name: 'Look it over: H100' }).click();
  await page.getByRole('button', { name: 'Deploy on H100' }).waitFor();
  await press(/^Deploy on H100$/);
  await page.getByText(/^Output of the commands/).click();
  await page.getByRole('log', { name: 'Output of the commands' }).getByText('unpacking').waitFor();
  await kill();
  expect(await installers()).toHaveLength(1);

  await openConsole();
  const status = page.getByText(
    /^Deploying was interrupted \(begun .*\): this console ended in the middle of it/,
  );
  await status.waitFor();
  expect(await status.textContent()).toContain('at “Docker”');
  await page.getByText('interrupted', { exact: true }).waitFor();
  await page.screenshot({ path: join(pictures, 'deploy-interrupted.dark.png') });
  await page.keyboard.press('l');
  await page.screenshot({ path: join(pictures, 'deploy-interrupted.light.png') });
  await page.keyboard.press('l');

  await press(/^Go on on H100$/);
  const waits = /^“Docker” of an earlier run, begun \d+ s ago, still runs on .*“Stop here” ends it\.$/;
  await page.getByRole('status').filter({ hasText: waits }).waitFor();
  await page.screenshot({ path: join(pictures, 'deploy-waits-for-earlier.dark.png') });
  expect(await installers()).toHaveLength(1);
  await page.getByRole('button', { name: 'Stop here' }).click();
  await page.getByText('It was stopped by you.').waitFor();
  expect(await installers()).toEqual([]);

  // Now the vendor's script as it is: stopped and gone on with once more, it is there once.
  await gpu.run('cp /srv/vendor/as-it-was /srv/vendor/get.docker.com');
  await press(/^Go on on H100$/);
  // Redis is this computer's own, which the machine cannot reach; all up to there is done.
  await page.getByText('The agent would look for Redis at 127.0.0.1', { exact: false }).waitFor();
  const docker = page
    .getByRole('region', { name: 'The plan' })
    .getByRole('listitem')
    .filter({ hasText: /^Docker/ });
  await docker.getByText('done', { exact: true }).waitFor();
  expect((await gpu.run('grep -c "^docker-ce$" /var/log/installed')).trim()).toBe('1');
});
