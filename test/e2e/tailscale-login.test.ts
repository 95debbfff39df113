import { join, resolve } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Services } from '../../src-main/api/roles.ts';
import { emptyProfile } from '../../src-main/domain/workshops/profile.ts';
import { openConsoleInBrowser } from '../support/console-in-browser.ts';
import { type OwnRootMachines, startOwnRootMachines } from '../support/own-root-machine.ts';
import { root } from '../support/run-step.ts';
import { becomeGpuHost, loggedOutOfTailnet } from '../support/workshop-machines.ts';

/*
 * A GPU host that is in no tailnet yet: the deployment waits for a login, and the person finds it as a button. Real
 * SSH, real shell; `tailscale` is a double that prints its link and waits, as the real one does.
 */

const LINK = 'https://login.tailscale.com/a/1a2b3c4d5e6f';
const pictures = resolve(root, 'test/artifacts/screenshots');
const undo: (() => unknown)[] = [];
let machines: OwnRootMachines<'gpu-host'> | undefined;
let context: BrowserContext;
let page: Page;
let services: Services;

beforeAll(async () => {
  const start = await startOwnRootMachines(['gpu-host']);
  if (start.kind === 'unavailable') return console.log(start.reason);
  machines = start.all;
  undo.push(machines.close);
  const gpu = machines.machines['gpu-host'];
  await becomeGpuHost(gpu);
  await loggedOutOfTailnet(gpu, LINK);
  const opened = await openConsoleInBrowser('tailscale', { laptop: true, agent: true });
  undo.push(opened.close);
  services = opened.console.services;
  ({ context, page } = opened);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  // Tailscale's page itself is not ours to load.
  await context.route('https://login.tailscale.com/**', (route) => route.fulfill({ body: 'log in here' }));

  await services.workshops.save({
    profile: {
      ...emptyProfile('one', 'Film workshop'),
      // In the tailnet; nobody answers there, which is what the check after the login finds.
      redis: { host: '100.127.254.8', port: 6379, tls: false, through: 'direct' },
      gpuHosts: [
        {
          ...{ id: 'h100', name: 'H100', provider: 'runpod' },
          login: { host: gpu.address, port: 22, user: 'root', keyFile: machines.keyFile },
        },
      ],
    },
    password: 'secret',
  });
  await services.workshops.turnTo({ id: 'one' });
  await opened.open();
  await page.getByText(gpu.fingerprint).waitFor();
  await page.getByRole('button', { name: 'Yes, it is the same' }).click();
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Hosts' }).click();
  await page.getByRole('button', { name: 'Look it over: H100' }).click();
  await page.getByText('Its login appears here as a button; open it once.', { exact: false }).waitFor();
});
afterAll(async () => {
  for (const step of undo.reverse()) await step();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await page?.screenshot({ path: join(pictures, 'tailscale-failed.png') });
});

const deploy = () => page.getByRole('button', { name: /^(Deploy|Go on|Try again).* on H100$/ }).click();
const login = () => page.getByRole('region', { name: 'Tailscale login' });

test('a login that nobody finishes in time says so, and that pressing again brings a new one', async ({
  skip,
}) => {
  if (!machines) skip('it needs a machine of its own');
  await deploy();
  await login().waitFor();
  await machines?.machines['gpu-host'].run('touch /run/tailscale-late');
  await page.getByText('Nobody finished the Tailscale login within 5 minutes', { exact: false }).waitFor();
  await page.getByText('Press again: a new login appears.', { exact: false }).waitFor();
  await login().waitFor({ state: 'detached' });
  await machines?.machines['gpu-host'].run('rm /run/tailscale-late');
});

test('the login is a button that opens it in the browser, and the deployment goes on by itself', async ({
  skip,
}) => {
  if (!machines) skip('it needs a machine of its own');
  await deploy();
  const button = login().getByRole('link', { name: 'Open the Tailscale login' });
  await button.waitFor();
  await page.screenshot({ path: join(pictures, 'tailscale-login.dark.png') });
  await page.getByRole('heading', { level: 1 }).click();
  await page.keyboard.press('l');
  await page.screenshot({ path: join(pictures, 'tailscale-login.light.png') });
  const [popup] = await Promise.all([page.waitForEvent('popup'), button.click()]);
  await popup.getByText('log in here').waitFor();
  expect(popup.url()).toBe(LINK);
  expect(await popup.evaluate(() => window.opener)).toBeNull();
  await popup.close();
  await login().getByRole('button', { name: 'Copy the link' }).click();
  await login().getByRole('button', { name: 'Copied' }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(LINK);

  await machines?.machines['gpu-host'].run('touch /run/tailscale-in');
  await login().waitFor({ state: 'detached' });
  const step = page
    .getByRole('region', { name: 'The plan' })
    .getByRole('listitem')
    .filter({ hasText: /^Tailscale/ });
  await step.getByText('done', { exact: true }).waitFor();
});
