import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Services } from '../../src-main/api/roles.ts';
import { emptyProfile } from '../../src-main/domain/workshops/profile.ts';
import { axeFindings, bringAxe } from '../support/axe.ts';
import { ADMIN, becomeBareUbuntu } from '../support/bare-ubuntu.ts';
import { type ConsoleInBrowser, openConsoleInBrowser } from '../support/console-in-browser.ts';
import { type OwnRootMachines, startOwnRootMachines } from '../support/own-root-machine.ts';
import { readVpsEnv } from '../support/read-vps-env.ts';
import { root } from '../support/run-step.ts';
import {
  becomeGpuHost,
  becomeVps,
  clockIsAhead,
  composeRedisOnLoopback,
  journalIsClosed,
  loggedOutOfTailnet,
  platformWorkerRuns,
} from '../support/workshop-machines.ts';

/*
 * What stood there as a command to type is a button: real SSH, real sudo, real Redis; Docker and Tailscale are doubles.
 */

const PASSWORD = 'Zq9+redis/of%mend';
const SUDO = 'Zq9+sudo/of%mend';
const LINK = 'https://login.tailscale.com/a/mend';
const pictures = resolve(root, 'test/artifacts/screenshots');
const undo: (() => unknown)[] = [];
let all: OwnRootMachines<'vps' | 'gpu-host' | 'cloud'> | undefined;
let opened: ConsoleInBrowser;
let page: Page;
let services: Services;

beforeAll(async () => {
  const start = await startOwnRootMachines(['vps', 'gpu-host', 'cloud']);
  if (start.kind === 'unavailable') return console.log(start.reason);
  all = start.all;
  undo.push(all.close);
  const { vps, 'gpu-host': gpu, cloud } = all.machines;
  // As a file that was filled in by hand is.
  const env = { QUEUE_MANAGER_LOG_LEVEL: 'info' };
  await Promise.all([becomeVps(vps, PASSWORD, { env }), becomeGpuHost(gpu), becomeBareUbuntu(cloud)]);
  await Promise.all([
    composeRedisOnLoopback(vps, SUDO),
    platformWorkerRuns(gpu),
    loggedOutOfTailnet(gpu, LINK),
    clockIsAhead(gpu),
    journalIsClosed(cloud, 'the agent says a word'),
    vps.run('rmdir /home/dev/comfyume-v1/data/inputs'),
  ]);
  opened = await openConsoleInBrowser('remedies', { laptop: true, agent: true });
  undo.push(opened.close);
  services = opened.console.services;
  const { keyFile } = all;
  await services.workshops.save({
    profile: {
      ...emptyProfile('one', 'Film workshop'),
      redis: { host: vps.address, port: 6379, tls: false, through: 'direct' },
      vps: { host: vps.address, port: 22, user: 'dev', keyFile },
      gpuHosts: [
        {
          id: 'h100',
          name: 'H100',
          provider: 'verda',
          login: { host: gpu.address, port: 22, user: 'root', keyFile },
        },
        {
          id: 'cloud',
          name: 'Cloud',
          provider: 'verda',
          login: { host: cloud.address, port: 22, user: ADMIN.user, keyFile },
        },
      ],
    },
    password: PASSWORD,
  });
  await services.workshops.turnTo({ id: 'one' });
  page = opened.page;
  await opened.open();
  await bringAxe(page);
  const met = page.getByRole('button', { name: 'Yes, it is the same' });
  const question = async () =>
    (await met.isVisible())
      ? await dialog()
          .first()
          .textContent({ timeout: 2000 })
          .catch(() => null)
      : null;
  for (const name of ['VPS ssh', 'H100 ssh', 'Cloud ssh']) {
    const chip = page.getByRole('button', { name: new RegExp(`^${name} [\\d.]+ ms`) });
    while (!(await chip.isVisible())) {
      await met.or(chip).first().waitFor();
      // The question may go on to the other machine meanwhile; the same one is answered once.
      if (!(await met.isVisible())) continue;
      const asked = await question();
      await met.click({ timeout: 2000 }).catch(() => {});
      await vi.waitUntil(async () => (await question()) !== asked, { timeout: 30_000 });
    }
  }
  // What was pressed too late is told, and would lie over what is pressed later.
  const notice = page.getByRole('button', { name: 'Close this notice' });
  while (await notice.first().isVisible()) await notice.first().click();
});
afterAll(async () => {
  for (const step of undo.reverse()) await step();
});
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  await page?.screenshot({ path: join(pictures, 'remedies-failed.png') });
  // What stands open would fail those that follow.
  await page?.keyboard.press('Escape');
});

const open = (screen: string) =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen }).click();
const dialog = () => page.getByRole('dialog');
/** Runs what the dialog shows, with sudo's password where it asks, until it says that it is done; then leaves it. */
async function carryOut(says: string, sudo?: string): Promise<void> {
  if (sudo !== undefined) await dialog().getByRole('textbox', { name: 'Password for sudo there' }).fill(sudo);
  await dialog().getByRole('button', { name: 'Run this there' }).click();
  await dialog().getByText(says, { exact: false }).waitFor();
  await dialog().getByRole('button', { name: 'Good' }).click();
}
/** The dialog in both looks. */
async function look(name: string): Promise<void> {
  for (const scheme of ['dark', 'light']) {
    await page.evaluate((value) => {
      document.documentElement.dataset.mantineColorScheme = value;
    }, scheme);
    expect(await axeFindings(page), `${name}, ${scheme}`).toEqual([]);
    await page.screenshot({ path: join(pictures, `remedy-${name}.${scheme}.png`) });
  }
}

test('Redis that listens on the VPS alone is opened for the tailnet after a look at the commands, with sudo and its password', async ({
  skip,
}) => {
  const vps = all?.machines.vps;
  if (!vps) return skip('it needs machines of their own');
  const folder = vps.path('/home/dev/comfyume-v1');
  const before = await readFile(join(folder, '.env'), 'utf8');
  await open('Setup');
  const env = await readVpsEnv(page);
  await env.getByText('the GPU host is locked out', { exact: false }).waitFor();
  await env.getByRole('button', { name: 'Set it and restart Redis…' }).click();
  await dialog().getByText('Redis restarts and is away for some seconds.', { exact: false }).waitFor();
  await dialog().getByText('docker compose up -d --no-deps redis', { exact: false }).waitFor();
  await look('redis');
  // A wrong password changes nothing, and is said.
  await dialog().getByRole('textbox', { name: 'Password for sudo there' }).fill('not it');
  await dialog().getByRole('button', { name: 'Run this there' }).click();
  await dialog().getByText('refuses the password', { exact: false }).waitFor();
  expect(await readFile(join(folder, '.env'), 'utf8')).toBe(before);
  await carryOut(`Redis listens on ${vps.address}:6379 now.`, SUDO);
  // The review is made anew by itself, and nothing is locked out any more.
  await env.getByText('the GPU host is locked out', { exact: false }).waitFor({ state: 'detached' });

  const redis = new Redis({ host: vps.address, port: 6379, password: PASSWORD, lazyConnect: true });
  await redis.connect();
  expect(await redis.ping()).toBe('PONG');
  redis.disconnect();
  const after = await readFile(join(folder, '.env'), 'utf8');
  expect(after).toBe(before.replace('REDIS_BIND_IP=127.0.0.1', `REDIS_BIND_IP=${vps.address}`));
  const backup = (await readdir(folder)).find((name) => /^\.env\.\d{4}-.*\.bak$/.test(name));
  expect(await readFile(join(folder, backup ?? ''), 'utf8')).toBe(before);
  const [own, kept] = await Promise.all([stat(join(folder, '.env')), stat(join(folder, backup ?? ''))]);
  expect([own.mode & 0o777, kept.mode & 0o777]).toEqual([0o600, 0o600]);
  expect(own.uid).toBe(kept.uid);
  const calls = await vps.run('grep -v "^compose version\\|^compose ps\\|^ps\\|^inspect" /run/docker.calls');
  expect(calls).toBe('compose up -d --no-deps redis\n');
  expect(await vps.run('! grep -rq "$1" /home/dev /var/log /tmp 2>/dev/null && echo clean', SUDO)).toBe(
    'clean\n',
  );
});

test('a word that the queue manager does not start with is corrected in the .env of the VPS, and only the queue manager starts anew', async ({
  skip,
}) => {
  const vps = all?.machines.vps;
  if (!vps) return skip('it needs machines of their own');
  const file = vps.path('/home/dev/comfyume-v1/.env');
  const before = await readFile(file, 'utf8');
  const owner = (await stat(file)).uid;
  await vps.run(': > /run/docker.calls');
  const env = page.getByRole('region', { name: 'The .env of the VPS' });
  const fault = env.getByRole('listitem').filter({ hasText: 'QUEUE_MANAGER_LOG_LEVEL' });
  await fault.getByRole('button', { name: 'Correct it on the VPS…' }).click();
  await dialog().getByText('QUEUE_MANAGER_LOG_LEVEL=INFO # in', { exact: false }).waitFor();
  await dialog().getByText('Participants cannot send jobs meanwhile', { exact: false }).waitFor();
  await look('env-key');
  await carryOut('QUEUE_MANAGER_LOG_LEVEL is right now, and the queue-manager runs', SUDO);
  await fault.waitFor({ state: 'detached' });
  expect(await readFile(file, 'utf8')).toBe(
    before.replace('QUEUE_MANAGER_LOG_LEVEL=info', 'QUEUE_MANAGER_LOG_LEVEL=INFO'),
  );
  const now = await stat(file);
  expect([now.mode & 0o777, now.uid]).toEqual([0o600, owner]);
  const folder = await readdir(vps.path('/home/dev/comfyume-v1'));
  expect(folder.filter((name) => /^\.env\.(new|\d)/.test(name)).map((name) => name.slice(-4))).toEqual([
    '.bak',
    '.bak',
  ]);
  // The draft held the password of Redis.
  expect(await readdir(vps.path('/home/dev'))).not.toContainEqual(
    expect.stringMatching(/^\.workshop-console/),
  );
  expect(await vps.run('grep "^compose up\\|^compose down\\|^restart" /run/docker.calls')).toBe(
    'compose up -d --no-deps queue-manager\n',
  );
});

test('the dashboards’ password that everybody knows is replaced by one that only a press shows', async ({
  skip,
}) => {
  const vps = all?.machines.vps;
  if (!vps) return skip('it needs machines of their own');
  const file = vps.path('/home/dev/comfyume-v1/.env');
  const before = await readFile(file, 'utf8');
  await vps.run(': > /run/docker.calls');
  const env = page.getByRole('region', { name: 'The .env of the VPS' });
  const fault = env.getByRole('listitem').filter({ hasText: 'ADMIN_PASSWORD' });
  await fault.getByRole('button', { name: 'Give it a new one…' }).click();
  await dialog().getByText('Only its dashboard is hit', { exact: false }).waitFor();
  await carryOut('and the admin runs with it', SUDO);
  await fault.waitFor({ state: 'detached' });
  const after = await readFile(file, 'utf8');
  const made = /^ADMIN_PASSWORD=([\w-]{24})$/m.exec(after)?.[1] ?? '';
  expect(after.replace(made, 'changeme_admin_password')).toBe(before);
  expect(await page.content()).not.toContain(made);
  expect(await vps.run('grep "^compose up" /run/docker.calls')).toBe('compose up -d --no-deps admin\n');
  expect(await vps.run('! grep -q "$1" /run/docker.calls && echo clean', made)).toBe('clean\n');
  await env.getByText('Kept away from the GPU host', { exact: false }).click();
  await env
    .getByRole('row', { name: /^ADMIN_PASSWORD/ })
    .getByRole('button', { name: /^Show/ })
    .first()
    .click();
  await env.getByText(made).waitFor();
  await env.getByText('Kept away from the GPU host', { exact: false }).click();
});

test('a folder of participants that is missing on the VPS is made, and proved by a file', async ({
  skip,
}) => {
  const vps = all?.machines.vps;
  if (!vps) return skip('it needs machines of their own');
  const env = page.getByRole('region', { name: 'The .env of the VPS' });
  await env.getByRole('button', { name: 'Make the folder…' }).click();
  await dialog().getByText('mkdir -p /home/dev/comfyume-v1/data/inputs').waitFor();
  await carryOut('a file was written there and taken away again');
  await env.getByRole('button', { name: 'Make the folder…' }).waitFor({ state: 'detached' });
  expect(
    await vps.run('stat -c %U /home/dev/comfyume-v1/data/inputs; ls -A /home/dev/comfyume-v1/data/inputs'),
  ).toBe('dev\n');
});

test('the platform’s own worker is stopped, and nothing else', async ({ skip }) => {
  const gpu = all?.machines['gpu-host'];
  if (!gpu) return skip('it needs machines of their own');
  await open('Hosts');
  await page.getByRole('button', { name: 'Look it over: H100' }).click();
  await page.getByText('The platform’s own worker runs there (comfy-worker-1).', { exact: false }).waitFor();
  await page.getByRole('button', { name: 'Stop it…' }).click();
  await dialog()
    .getByText('comfy-worker-1 ends and does not start again by itself.', { exact: false })
    .waitFor();
  await look('platform-worker');
  await carryOut('comfy-worker-1 on');
  await page
    .getByText('The platform’s own worker runs there', { exact: false })
    .waitFor({ state: 'detached' });
  const calls = await gpu.run('grep "^update\\|^stop\\|^rm" /run/docker.calls');
  expect(calls).toBe('update --restart=no comfy-worker-1\nstop comfy-worker-1\n');
});

test('Docker that is down under an agent is started; what is to be done must be what was shown', async ({
  skip,
}) => {
  const gpu = all?.machines['gpu-host'];
  if (!gpu) return skip('it needs machines of their own');
  // Before an agent is there, the plan itself starts Docker.
  await gpu.run(`
mkdir -p /root/.local/share/worker-agent/releases/0.1.0-aaaaaaaaaaaa
ln -s releases/0.1.0-aaaaaaaaaaaa /root/.local/share/worker-agent/current
touch /run/docker-down`);
  const at = { machineId: 'h100', remedy: 'start-docker', draftId: null, subject: null } as const;
  await expect(
    services.remedies.carryOut({ ...at, commands: ['reboot'], sudoPassword: null }),
  ).rejects.toMatchObject({ code: 'CONFLICT' });
  await open('Hosts');
  await page.getByRole('button', { name: 'Look again: H100' }).click();
  await page.getByText('Docker is installed there, but does not run.').waitFor();
  await page.getByRole('button', { name: 'Start Docker…' }).click();
  await dialog().getByText('systemctl enable --now docker || service docker start').waitFor();
  await look('docker');
  await carryOut('Docker runs on');
  await page.getByText('Docker is installed there, but does not run.').waitFor({ state: 'detached' });
  expect(await gpu.run('[ ! -e /run/docker-down ] && echo runs')).toBe('runs\n');
  await gpu.run('rm -r /root/.local/share/worker-agent');
});

test('a clock that is wrong is set by the time servers', async ({ skip }) => {
  const gpu = all?.machines['gpu-host'];
  if (!gpu) return skip('it needs machines of their own');
  await open('Hosts');
  await page.getByRole('button', { name: 'Keep its clock right…' }).click();
  await dialog().getByText('timedatectl set-ntp true').waitFor();
  await carryOut('has set its clock by a time server.');
  await page.getByRole('button', { name: 'Keep its clock right…' }).waitFor({ state: 'detached' });
  expect(await gpu.run('ls /run/ntp')).toBe('/run/ntp\n');
});

test('a GPU host that was imported to before the folders were asked for is completed from the VPS, and its closed folders are opened', async ({
  skip,
}) => {
  const { vps, 'gpu-host': gpu } = all?.machines ?? {};
  if (!vps || !gpu) return skip('it needs machines of their own');
  const workshopEnv = '/root/.local/share/worker-agent/workshop.env';
  const old = `REDIS_HOST=${vps.address}\nREDIS_PORT=6379\nREDIS_PASSWORD='${PASSWORD}'\n# of spring\n`;
  await gpu.run('mkdir -p "$(dirname "$1")"; printf %s "$2" > "$1"; chmod 600 "$1"', workshopEnv, old);
  const outputs = '/home/dev/comfyume-v1/data/outputs';
  // As Docker leaves them; bob's belong to a container's user, and the link leads where nobody was asked about.
  await vps.run(
    `cd "$1" && mkdir alice bob own && chown root: . alice && chown 1234:1234 bob && chown dev: own && chmod 755 . alice bob
touch alice/kept && mkdir /srv/elsewhere && ln -s /srv/elsewhere linked`,
    outputs,
  );
  await open('Hosts');
  await page.getByRole('button', { name: 'Look again: H100' }).click();
  await page.getByRole('button', { name: 'Ask the VPS…' }).click();
  await dialog().getByText(`VPS_OUTPUTS_PATH=${outputs}`, { exact: false }).waitFor();
  await look('complete-import');
  await carryOut('VPS_OUTPUTS_PATH and VPS_INPUTS_PATH stand in');
  expect(await readFile(gpu.path(workshopEnv), 'utf8')).toBe(
    `${old}VPS_OUTPUTS_PATH=${outputs}\nVPS_INPUTS_PATH=/home/dev/comfyume-v1/data/inputs\n`,
  );
  expect((await stat(gpu.path(workshopEnv))).mode & 0o777).toBe(0o600);

  // It goes on by itself: the next thing in the way is named.
  await page.getByRole('button', { name: 'Open the folder…' }).click();
  await dialog().getByText('nobody is shut out', { exact: false }).waitFor();
  await look('open-folder');
  const shown = await dialog().locator('pre').textContent();
  expect(shown).toContain(`chown dev ${outputs}/alice && chmod u+rwx ${outputs}/alice`);
  expect(shown).toContain(`chgrp dev ${outputs}/bob && chmod g+rwx ${outputs}/bob`);
  expect(shown?.split('\n')).toHaveLength(4);
  await carryOut('a file was written there and taken away again', SUDO);
  // Root followed no link, and the one that is left is named.
  await page.getByText('may not write into a participant’s folder', { exact: false }).first().waitFor();
  await page.getByRole('button', { name: 'Open the folder…' }).click();
  await dialog().getByText('linked is a link that leads to where', { exact: false }).waitFor();
  await dialog().getByRole('button', { name: 'Good' }).click();
  expect(
    await vps.run(
      'cd "$1" && stat -c "%n %U:%G %a" . alice alice/kept bob own /srv/elsewhere; ls -A',
      outputs,
    ),
  ).toBe(
    [
      ...['. dev:root 755', 'alice dev:root 755', 'alice/kept root:root 644', 'bob UNKNOWN:dev 775'],
      ...['own dev:dev 755', '/srv/elsewhere root:root 755', 'alice', 'bob', 'linked', 'own', ''],
    ].join('\n'),
  );
  await vps.run('rm "$1/linked"', outputs);
  await page.getByRole('button', { name: 'Look again: H100' }).click();
  await page.getByRole('button', { name: 'Open the folder…' }).waitFor({ state: 'detached' });
  const plan = page.getByRole('region', { name: 'The plan' });
  await plan.getByText(`The agent brings finished files to ${outputs}`, { exact: false }).first().waitFor();
});

test('a machine that is logged out of its tailnet is logged in from its link', async ({ skip }) => {
  const gpu = all?.machines['gpu-host'];
  if (!gpu) return skip('it needs machines of their own');
  await open('Setup');
  const notes = page.getByRole('region', { name: 'H100' }).getByRole('list', { name: 'Tailscale' });
  await notes.getByRole('button', { name: 'Log it in…' }).click();
  await dialog().getByText('tailscale up --timeout=300s').waitFor();
  await dialog().getByRole('button', { name: 'Run this there' }).click();
  expect(await dialog().getByRole('link', { name: 'Open the Tailscale login' }).getAttribute('href')).toBe(
    LINK,
  );
  await look('tailscale');
  await gpu.run('touch /run/tailscale-in');
  await dialog().getByRole('button', { name: 'Good' }).click();
  await notes.getByText('Tailscale is logged out', { exact: false }).waitFor({ state: 'detached' });
});

test('a key that ends soon is renewed, and a service that is down is started, from the link of the machine', async ({
  skip,
}) => {
  const { vps, 'gpu-host': gpu } = all?.machines ?? {};
  if (!vps || !gpu) return skip('it needs machines of their own');
  await open('Setup');
  const notes = page.getByRole('region', { name: 'H100' }).getByRole('list', { name: 'Tailscale' });
  await gpu.run('echo "$1" > /run/tailscale-ends', vps.address);
  opened.console.wake();
  await notes.getByText('The Tailscale key of', { exact: false }).waitFor();
  await notes.getByRole('button', { name: 'Log it in anew…' }).click();
  await dialog().getByText('tailscale up --force-reauth --timeout=300s').waitFor();
  await dialog().getByText('is cut until you have logged in', { exact: false }).waitFor();
  await dialog().getByRole('button', { name: 'Run this there' }).click();
  const link = dialog().getByRole('link', { name: 'Open the Tailscale login' });
  expect(await link.getAttribute('href')).toBe(LINK);
  await gpu.run('touch /run/tailscale-anew');
  await dialog().getByRole('button', { name: 'Good' }).click();
  await notes.getByText('The Tailscale key of', { exact: false }).waitFor({ state: 'detached' });

  await gpu.run('touch /run/tailscale-down');
  opened.console.wake();
  await notes.getByRole('button', { name: 'Start Tailscale there…' }).click();
  await dialog().getByText('systemctl enable --now tailscaled || service tailscaled start').waitFor();
  await look('start-tailscale');
  await carryOut('Tailscale’s service runs on');
  await notes.getByRole('button', { name: 'Start Tailscale there…' }).waitFor({ state: 'detached' });
  expect(await gpu.run('[ ! -e /run/tailscale-down ] && echo runs')).toBe('runs\n');
});

test('the user who logs in is let read the journal from the Logs screen, and its lines come', async ({
  skip,
}) => {
  const cloud = all?.machines.cloud;
  if (!cloud) return skip('it needs machines of their own');
  await open('Logs');
  await page.getByRole('combobox', { name: 'Machine' }).click();
  await page.getByRole('option', { name: 'Cloud' }).click();
  await page
    .getByRole('navigation', { name: 'Logs' })
    .getByRole('button', { name: /^agent/ })
    .click();
  await page.getByRole('button', { name: 'Let them read it…' }).waitFor();
  await look('journal-closed');
  // Where nobody becomes root, nothing is promised, and the commands can be handed on.
  await cloud.run('mv /usr/bin/sudo /usr/bin/sudo.away');
  await page.getByRole('button', { name: 'Let them read it…' }).click();
  await dialog().getByText('its user there may not become root', { exact: false }).waitFor();
  await opened.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await dialog().getByRole('button', { name: 'Copy the commands' }).click();
  await dialog().getByRole('button', { name: 'Copied' }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    `usermod -aG systemd-journal ${ADMIN.user}`,
  );
  expect(await dialog().getByRole('button', { name: 'Run this there' }).count()).toBe(0);
  await look('no-rights');
  await dialog().getByRole('button', { name: 'Leave it' }).click();
  await cloud.run('mv /usr/bin/sudo.away /usr/bin/sudo');

  await page.getByRole('button', { name: 'Let them read it…' }).click();
  await dialog().getByText(`usermod -aG systemd-journal ${ADMIN.user}`).waitFor();
  await look('journal');
  await carryOut(`${ADMIN.user} may read the journal.`, ADMIN.password);
  await page
    .getByRole('option', { name: /the agent says a word/ })
    .first()
    .waitFor();
  expect(await cloud.run('id -nG "$1"', ADMIN.user)).toContain('systemd-journal');
});

test('Tailscale is installed the vendor’s way, up to its login', async ({ skip }) => {
  const cloud = all?.machines.cloud;
  if (!cloud) return skip('it needs machines of their own');
  const at = { machineId: 'cloud', remedy: 'install-tailscale', draftId: null, subject: null } as const;
  const { commands, wantsPassword } = await services.remedies.plan(at);
  expect(wantsPassword).toBe(true);
  expect(commands).toContain('curl -fsSL https://tailscale.com/install.sh -o /tmp/tailscale-install.sh');
  const result = await services.remedies.carryOut({ ...at, commands, sudoPassword: ADMIN.password });
  expect(['done', 'login']).toContain(result.kind);
  await expect.poll(() => cloud.run('tailscale ip -4 || :')).toBe(`${cloud.address}\n`);
  expect(await cloud.run('cat /var/log/installed')).toContain('tailscale');
});

test('OpenSSH’s client is installed where a GPU host makes no keys', async ({ skip }) => {
  const cloud = all?.machines.cloud;
  if (!cloud) return skip('it needs machines of their own');
  await cloud.run('mv /usr/bin/ssh-keygen /usr/bin/ssh-keygen.away');
  const env = `REDIS_HOST=${all?.machines.vps.address}\nREDIS_PASSWORD='${PASSWORD}'\nVPS_OUTPUTS_PATH=/home/dev/comfyume-v1/data/outputs\n`;
  const root = `/home/${ADMIN.user}/.local/share/worker-agent`;
  await cloud.run(
    'mkdir -p "$1"; printf %s "$2" > "$1/workshop.env"; chown -R "$3:" "$4"',
    root,
    env,
    ADMIN.user,
    `/home/${ADMIN.user}`,
  );
  await open('Hosts');
  await page.getByRole('button', { name: 'Look it over: Cloud' }).click();
  await page.getByRole('button', { name: 'Install OpenSSH’s client…' }).click();
  await dialog().getByText('install -y openssh-client', { exact: false }).waitFor();
  await look('ssh-client');
  await carryOut('has ssh-keygen and ssh-keyscan now.', ADMIN.password);
  await page.getByRole('button', { name: 'Install OpenSSH’s client…' }).waitFor({ state: 'detached' });
  expect(await cloud.run('ls /usr/bin/ssh-keygen')).toBe('/usr/bin/ssh-keygen\n');
});
