import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Services } from '../../src-main/api/roles.ts';
import { emptyProfile } from '../../src-main/domain/workshops/profile.ts';
import { axeFindings, bringAxe } from '../support/axe.ts';
import { openConsoleInBrowser } from '../support/console-in-browser.ts';
import { type OwnRootMachines, startOwnRootMachines } from '../support/own-root-machine.ts';
import { root } from '../support/run-step.ts';
import {
  becomeGpuHost,
  becomeVps,
  composeRedisOnLoopback,
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
let all: OwnRootMachines<'vps' | 'gpu-host'> | undefined;
let page: Page;
let services: Services;

beforeAll(async () => {
  const start = await startOwnRootMachines(['vps', 'gpu-host']);
  if (start.kind === 'unavailable') return console.log(start.reason);
  all = start.all;
  undo.push(all.close);
  const { vps, 'gpu-host': gpu } = all.machines;
  await Promise.all([becomeVps(vps, PASSWORD), becomeGpuHost(gpu)]);
  await Promise.all([
    composeRedisOnLoopback(vps, SUDO),
    platformWorkerRuns(gpu),
    loggedOutOfTailnet(gpu, LINK),
  ]);
  const opened = await openConsoleInBrowser('remedies', { laptop: true, agent: true });
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
      ],
    },
    password: PASSWORD,
  });
  await services.workshops.turnTo({ id: 'one' });
  page = opened.page;
  await opened.open();
  await bringAxe(page);
  const met = page.getByRole('button', { name: 'Yes, it is the same' });
  for (const name of ['VPS ssh', 'H100 ssh']) {
    const chip = page.getByRole('button', { name: new RegExp(`^${name} [\\d.]+ ms`) });
    while (!(await chip.isVisible())) {
      await met.or(chip).first().waitFor();
      // The question may go on to the other machine meanwhile.
      if (await met.isVisible()) await met.click({ timeout: 2000 }).catch(() => {});
    }
  }
});
afterAll(async () => {
  for (const step of undo.reverse()) await step();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await page?.screenshot({ path: join(pictures, 'remedies-failed.png') });
});

const open = (screen: string) =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen }).click();
const dialog = () => page.getByRole('dialog');
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
  const env = page.getByRole('region', { name: 'The .env of the VPS' });
  await env.getByRole('button', { name: 'Look for it on the VPS' }).click();
  await env
    .getByRole('list', { name: 'Files found on the VPS' })
    .getByRole('button', { name: 'Read it' })
    .click();
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
  await dialog().getByRole('textbox', { name: 'Password for sudo there' }).fill(SUDO);
  await dialog().getByRole('button', { name: 'Run this there' }).click();
  await dialog().getByText(`Redis listens on ${vps.address}:6379 now.`, { exact: false }).waitFor();
  await dialog().getByRole('button', { name: 'Good' }).click();
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
  const calls = await vps.run('grep -v "^compose version\\|^ps" /run/docker.calls');
  expect(calls).toBe('compose up -d --no-deps redis\n');
  expect(await vps.run('! grep -rq "$1" /home/dev /var/log /tmp 2>/dev/null && echo clean', SUDO)).toBe(
    'clean\n',
  );
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
  await dialog().getByRole('button', { name: 'Run this there' }).click();
  await dialog().getByText('comfy-worker-1 on', { exact: false }).waitFor();
  await dialog().getByRole('button', { name: 'Good' }).click();
  await page
    .getByText('The platform’s own worker runs there', { exact: false })
    .waitFor({ state: 'detached' });
  const calls = await gpu.run('grep "^update\\|^stop\\|^rm" /run/docker.calls');
  expect(calls).toBe('update --restart=no comfy-worker-1\nstop comfy-worker-1\n');
});

test('Docker is started; what is to be done must be what was shown', async ({ skip }) => {
  const gpu = all?.machines['gpu-host'];
  if (!gpu) return skip('it needs machines of their own');
  await gpu.run('touch /run/docker-down');
  const at = { machineId: 'h100', remedy: 'start-docker', draftId: null } as const;
  const { commands, asRoot } = await services.remedies.plan(at);
  expect({ commands, asRoot }).toEqual({
    commands: ['systemctl enable --now docker || service docker start'],
    asRoot: true,
  });
  await expect(
    services.remedies.carryOut({ ...at, commands: ['reboot'], sudoPassword: null }),
  ).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await services.remedies.carryOut({ ...at, commands, sudoPassword: null })).toMatchObject({
    kind: 'done',
    sentence: expect.stringMatching(/^Docker runs on /),
  });
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

test('the user who logs in is let read the journal, with the password of sudo', async ({ skip }) => {
  const vps = all?.machines.vps;
  if (!vps) return skip('it needs machines of their own');
  await vps.run('getent group systemd-journal >/dev/null || groupadd systemd-journal');
  const at = { machineId: 'vps', remedy: 'read-journal', draftId: null } as const;
  const { commands, asRoot, wantsPassword } = await services.remedies.plan(at);
  expect({ commands, asRoot, wantsPassword }).toEqual({
    commands: ['usermod -aG systemd-journal dev'],
    ...{ asRoot: true, wantsPassword: true },
  });
  await expect(services.remedies.carryOut({ ...at, commands, sudoPassword: null })).rejects.toMatchObject({
    code: 'HOST_NO_SUDO',
  });
  await services.remedies.carryOut({ ...at, commands, sudoPassword: SUDO });
  expect(await vps.run('id -nG dev')).toContain('systemd-journal');
});
