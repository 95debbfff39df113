import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openConsoleInBrowser } from '../support/console-in-browser.ts';
import { type OwnRootMachines, startOwnRootMachines } from '../support/own-root-machine.ts';
import { readVpsEnv } from '../support/read-vps-env.ts';
import { root } from '../support/run-step.ts';
import { becomeGpuHost, becomeVps } from '../support/workshop-machines.ts';

/*
 * What goes wrong at real machines is read on the screen by its name, with the next step: a real SSH server, a real
 * Redis, real users and rights.
 */

const PASSWORD = 'Zq9+redis/of%names';
const LOGIN = 'Zq9+login/of%names';
const pictures = resolve(root, 'test/artifacts/screenshots');
const undo: (() => unknown)[] = [];
let all: OwnRootMachines<'vps' | 'gpu-host'> | undefined;
let page: Page;

beforeAll(async () => {
  const start = await startOwnRootMachines(['vps', 'gpu-host']);
  if (start.kind === 'unavailable') return console.log(start.reason);
  all = start.all;
  undo.push(all.close);
  const { vps, 'gpu-host': gpu } = all.machines;
  await Promise.all([becomeVps(vps, PASSWORD, { login: LOGIN }), becomeGpuHost(gpu)]);
  // No pod, no card, and a user who may not become root.
  await gpu.run(`
useradd -m -p '*' -s /bin/bash guest
cp -r /root/.ssh /home/guest/.ssh
chown -R guest: /home/guest
rm -f /.dockerenv /usr/local/bin/nvidia-smi
chmod 700 /usr/bin/sudo
`);
  const opened = await openConsoleInBrowser('named', { laptop: true, agent: true });
  undo.push(opened.close);
  page = opened.page;
  await opened.open();
});
afterAll(async () => {
  for (const step of undo.reverse()) await step();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await page?.screenshot({ path: join(pictures, 'named-failed.png') });
});

const screen = (name: string) =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name }).click();
const reads = (text: string | RegExp) => page.getByText(text).first().waitFor();
const meet = async (fingerprint: string) => {
  await page.getByText(fingerprint).waitFor();
  await page.getByRole('button', { name: 'Yes, it is the same' }).click();
};
const picture = (name: string) => page.screenshot({ path: join(pictures, `named-${name}.png`) });

/** In order: each goes on from what the one before left. */
test('a wrong password is said to be wrong, and asked for again', async ({ skip }) => {
  if (!all) return skip('it needs machines of their own');
  const { vps } = all.machines;
  await screen('Setup');
  await page.getByLabel('Name of the workshop').fill('Film workshop');
  await page.getByRole('button', { name: 'Begin' }).click();
  const panel = page.getByRole('region', { name: 'VPS' });
  await panel.getByLabel('Address').fill(`dev@${vps.address}`);
  await panel.getByRole('button', { name: 'Save and connect' }).click();
  await meet(vps.fingerprint);
  const dialog = page.getByRole('dialog');
  const field = dialog.getByRole('textbox', { name: 'Password', exact: true });
  await field.fill('not it');
  await field.press('Enter');
  await dialog.getByText('That was not right; try again.').waitFor();
  await picture('wrong-password');
  await field.fill(LOGIN);
  await field.press('Enter');
  await page.getByRole('button', { name: /^VPS ssh [\d.]+ ms/ }).waitFor();
});

test('a wrong Redis password is named, with where the right one stands', async ({ skip }) => {
  if (!all) return skip('it needs machines of their own');
  const { vps } = all.machines;
  await vps.run(
    "sed -i 's/^REDIS_PASSWORD=.*/REDIS_PASSWORD=not-the-password-of-redis/' /home/dev/comfyume-v1/.env",
  );
  const env = await readVpsEnv(page);
  await env.getByRole('button', { name: 'Connect this console to this Redis' }).click();
  await reads(/^Redis at .* refuses the password\.$/);
  await reads('Enter the password again; it is REDIS_PASSWORD in the .env on the VPS.');
  await picture('redis-password');
  await page.getByRole('button', { name: 'Close this notice' }).first().click();
});

test('a machine that shows another key is not talked to, and both keys are named', async ({ skip }) => {
  if (!all) return skip('it needs machines of their own');
  const { vps } = all.machines;
  await vps.run(`
rm /etc/ssh/own_key /etc/ssh/own_key.pub
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/own_key
kill "$(cat /run/sshd.pid)"
while [ -e /run/sshd.pid ]; do sleep 0.02; done
/usr/sbin/sshd -f /etc/ssh/sshd_config </dev/null
`);
  vps.killSessions();
  const chip = page.getByRole('button', { name: /^VPS ssh key changed/ });
  await chip.waitFor();
  await chip.click();
  await reads(/shows the host key SHA256:.*, but SHA256:.* was confirmed before/);
  await reads(/Nothing was sent to it\./);
  await page.getByRole('button', { name: 'Look at the new key' }).first().waitFor();
  await picture('changed-key');
  expect(await page.getByText(vps.fingerprint).count()).toBeGreaterThan(0);
  await page.keyboard.press('Escape');
});

test('no card, no Docker, no rights: each is named in the plan, with the way out', async ({ skip }) => {
  if (!all) return skip('it needs machines of their own');
  const { 'gpu-host': gpu } = all.machines;
  await screen('Setup');
  const hosts = page.getByRole('region', { name: 'GPU hosts' });
  await hosts.getByLabel('What you call it').fill('Bare machine');
  await hosts.getByLabel('Address').fill(`guest@${gpu.address}`);
  await hosts.getByLabel('Key file').fill(all.keyFile);
  await hosts.getByRole('button', { name: 'Save and connect' }).click();
  await meet(gpu.fingerprint);
  await page.getByRole('button', { name: /^Bare machine ssh [\d.]+ ms/ }).waitFor();
  await screen('Hosts');
  await page.getByRole('button', { name: 'Look it over: Bare machine' }).click();
  const plan = page.getByRole('region', { name: 'The plan' });
  await plan.getByText(/^No GPU is visible on this machine/).waitFor();
  await plan
    .getByText(/Check that this is the GPU machine and that its NVIDIA driver is installed/)
    .waitFor();
  await plan
    .getByText(/^Docker is not installed\. guest may not become root on this machine \(no sudo\)\./)
    .waitFor();
  await plan
    .getByText(/^Log in as root or as a user with sudo/)
    .first()
    .waitFor();
  expect(await page.getByRole('button', { name: 'Deploy on Bare machine' }).isDisabled()).toBe(true);
  await picture('bare-machine');
});
