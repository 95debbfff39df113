import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalHost } from '../../src-main/connections/hosts/local-host.ts';
import { axeFindings, bringAxe } from '../support/axe.ts';
import { openBrowser } from '../support/browser.ts';
import { envSample } from '../support/env-samples.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { readVpsEnv } from '../support/read-vps-env.ts';
import { root } from '../support/run-step.ts';
import { stageStates } from '../support/stage-states.ts';

/** The setup from nothing, in real Chromium; VPS and GPU host are homes of this machine, their shells are real. */

const pictures = resolve(root, 'test/artifacts/screenshots');
const SECRET = 'MARKER-redis-password';

let dir: string;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;
const faults: string[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'setup-e2e-'));
  for (const name of ['vps/comfy-multi', 'vps/bin', 'gpu']) await mkdir(join(dir, name), { recursive: true });
  await writeFile(
    join(dir, 'vps/comfy-multi/.env'),
    envSample('vps-comfy-multi').replace('changeme_secure_password', SECRET),
  );
  await writeFile(join(dir, 'vps/bin/tailscale'), '#!/bin/sh\necho 100.99.216.71\n', { mode: 0o755 });
  await mkdir(pictures, { recursive: true });
  const first = stageStates['first-run'];
  if (!first) throw new Error('there is no first-run state');
  served = await serveFakeWorkshop(first(Date.now()));
  const home = (name: string, label: string) =>
    createLocalHost({
      label,
      env: { HOME: join(dir, name), PATH: `${join(dir, name, 'bin')}:${process.env.PATH}` },
    });
  const { machines } = served.workshop.setup;
  machines.vps = home('vps', 'the VPS');
  machines.gpuHosts['the-h100'] = home('gpu', 'the H100');
  browser = await openBrowser();
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  page = await context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(served.link());
  await page.getByRole('button', { name: 'Setup' }).click();
  await page.getByRole('main', { name: 'Setup' }).waitFor();
  await bringAxe(page);
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

/** Both looks: axe, and a picture of the whole. */
async function look(name: string): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) {
    await page.getByRole('heading', { level: 1 }).click();
    await page.keyboard.press('l');
    const scheme = await page.evaluate(() => document.documentElement.dataset.mantineColorScheme);
    expect(await axeFindings(page), `${name}, ${scheme}`).toEqual([]);
    await page.screenshot({ path: resolve(pictures, `setup-${name}.${scheme}.png`) });
  }
}
const panel = (name: string) => page.getByRole('region', { name });
const step = (name: string) =>
  page
    .getByRole('navigation', { name: 'Steps of the setup' })
    .getByRole('button', { name: new RegExp(`^${name} `) });

test('it begins with a name', async () => {
  await page.getByText('Begin with a name.').waitFor();
  await look('empty');
  await page.getByLabel('Name of the workshop').fill('AI film workshop');
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('list', { name: 'Saved workshops' }).getByText('AI film workshop').waitFor();
  await expect.poll(() => step('VPS').getAttribute('aria-current')).toBe('step');
});

test('what its people are called and its guard line are kept with the workshop, and the screens speak so', async () => {
  const about = panel('About this workshop');
  await about.getByLabel('What its people are called').fill('participants');
  await about.getByLabel('Guard line of a card').fill('64');
  await about.getByRole('button', { name: 'Keep it' }).click();
  const kept = () => served.workshop.setup.view.workshops[0]?.profile;
  await expect.poll(() => kept()?.guardMiB).toBe(64 * 1024);
  expect(kept()?.wording).toEqual({ people: 'participants' });
  await look('about');
  const busy = stageStates.busy?.(Date.now());
  if (!busy) throw new Error('there is no busy state');
  served.workshop.show(busy);
  await page.getByText(/^20 participants · /).waitFor();
  served.workshop.show(stageStates['first-run']?.(Date.now()) ?? busy);
  await page.getByText(/^20 participants · /).waitFor({ state: 'detached' });
});

test('a login may be pasted as the provider shows it; what is wrong is said at the field', async () => {
  const vps = panel('VPS');
  await vps.getByLabel('Address').fill('no such host!');
  await vps.getByRole('button', { name: 'Save and connect' }).click();
  await vps.getByText('Only a host name or an IP address.').waitFor();
  await vps.getByLabel('Address').fill('ssh dev@vps.example -p 2022');
  expect(await vps.getByLabel('User').inputValue()).toBe('dev');
  expect(await vps.getByLabel('Port').inputValue()).toBe('2022');
  await vps.getByRole('button', { name: 'Save and connect' }).click();
  await vps.getByRole('button', { name: 'Save and connect anew' }).waitFor();
  expect(served.workshop.setup.view.workshops[0]?.profile.vps).toEqual({
    ...{ host: 'vps.example', user: 'dev', port: 2022, keyFile: null },
  });
});

test('a GPU host says where it is rented, and what that means', async () => {
  const hosts = panel('GPU hosts');
  await hosts.getByLabel('Where it is rented').selectOption('RunPod');
  await hosts.getByText('no Docker runs in it').waitFor();
  await hosts.getByText('What about Modal?').click();
  await hosts.getByText('no machine to log in to').waitFor();
  await hosts.getByLabel('What you call it').fill('the H100');
  await hosts.getByLabel('Address').fill('root@203.0.113.7:22022');
  await hosts.getByRole('button', { name: 'Save and connect' }).click();
  await hosts.getByRole('region', { name: 'the H100' }).waitFor();
  expect(served.workshop.setup.view.workshops[0]?.profile.gpuHosts).toMatchObject([
    { id: 'the-h100', provider: 'runpod', login: { host: '203.0.113.7', user: 'root', port: 22022 } },
  ]);
});

test('its name and where it is rented can be changed, and it stays the same machine', async () => {
  const host = (name: string) => panel('GPU hosts').getByRole('region', { name });
  const kept = () => served.workshop.setup.view.workshops[0]?.profile.gpuHosts;
  await host('the H100').getByText('Name and place').click();
  await host('the H100').getByLabel('Where it is rented').selectOption('Verda');
  await host('the H100').getByText('Uninstall it on the Hosts screen first.').waitFor();
  await host('the H100').getByLabel('What you call it').fill(' ');
  await host('the H100').getByText('Give it a name.').waitFor();
  await host('the H100').getByLabel('What you call it').fill('the big one');
  await look('host-about');
  await host('the H100').getByRole('button', { name: 'Keep it' }).click();
  await host('the big one').waitFor();
  expect(kept()).toMatchObject([
    { id: 'the-h100', name: 'the big one', provider: 'verda', login: { host: '203.0.113.7', port: 22022 } },
  ]);
  await host('the big one').getByLabel('What you call it').fill('the H100');
  await host('the big one').getByLabel('Where it is rented').selectOption('RunPod');
  await host('the big one').getByRole('button', { name: 'Keep it' }).click();
  await expect.poll(kept).toMatchObject([{ id: 'the-h100', name: 'the H100', provider: 'runpod' }]);
});

test('the .env is found on the VPS, reviewed with masked secrets, written with a way back, and tested', async () => {
  const env = await readVpsEnv(page);
  await env.getByText('The GPU host will reach Redis at 100.99.216.71:6379.').waitFor();
  expect((await page.content()).includes(SECRET)).toBe(false);
  await env.getByText(/^Taken over as it is/).click();
  await env.getByRole('button', { name: 'Show REDIS_PASSWORD on the VPS' }).click();
  await env.getByText(SECRET).waitFor();
  await env.getByRole('button', { name: 'Hide REDIS_PASSWORD on the VPS' }).click();
  await env.getByText(SECRET).waitFor({ state: 'detached' });
  await look('review');
  await env.getByLabel('Goes to').selectOption('the H100');
  await env.getByText('does not exist yet.').waitFor();
  const write = env.getByRole('button', { name: 'Write it to the GPU host and test Redis from there' });
  await expect.poll(() => write.isEnabled()).toBe(true);
  await write.click();
  await env.getByText(/^Written to .*readable by its owner only/).waitFor();
  const file = join(dir, 'gpu/.local/share/worker-agent/workshop.env');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, 'utf8')).toContain(`REDIS_PASSWORD=${SECRET}`);
  // Nobody answers at that address from here: the proof says so, and what to do.
  await env
    .getByRole('list', { name: 'Test of Redis from the GPU host' })
    .getByText('Not tried.')
    .first()
    .waitFor({ timeout: 30_000 });
  await look('written');
  await env.getByRole('button', { name: 'Connect this console to this Redis' }).click();
  await expect.poll(() => served.workshop.setup.used.at(-1)).toBe('AI film workshop 100.99.216.71');
});

test('against what stands there, a changed password is shown on either side, and only when somebody asks', async () => {
  const OLD = 'MARKER-the-one-before';
  const file = join(dir, 'gpu/.local/share/worker-agent/workshop.env');
  await writeFile(file, (await readFile(file, 'utf8')).replace(SECRET, OLD));
  const env = panel('The .env of the VPS');
  // Looked at again, the file that stands there is another one.
  await env.getByLabel('Goes to').selectOption('');
  await env.getByLabel('Goes to').selectOption('the H100');
  await env.getByText('Against what stands there (1 difference)').waitFor();
  const row = env.getByRole('row', { name: /^REDIS_PASSWORD changed/ });
  await row.getByText('••••').first().waitFor();
  const shown = () => page.content();
  expect(await shown()).not.toContain('MARKER');
  await row.getByRole('button', { name: 'Show REDIS_PASSWORD as it stands there' }).click();
  await row.getByText(OLD).waitFor();
  expect(await shown()).not.toContain(SECRET);
  await row.getByRole('button', { name: 'Show REDIS_PASSWORD as it will be' }).click();
  await row.getByText(SECRET).waitFor();
  await row.scrollIntoViewIfNeeded();
  await look('differences');
  await row.getByRole('button', { name: 'Hide REDIS_PASSWORD as it stands there' }).click();
  await row.getByText(OLD).waitFor({ state: 'detached' });
  // Planned anew, what was shown may be true no longer.
  await env.getByLabel('Goes to').selectOption('');
  await env.getByLabel('Goes to').selectOption('the H100');
  await row.getByRole('button', { name: 'Show REDIS_PASSWORD as it will be' }).waitFor();
  expect(await shown()).not.toContain('MARKER');
});

/** A file dropped on the window as a person does it: by the browser, which opens files that no page takes. */
async function dropFile(on: Page, path: string, x: number, y: number): Promise<void> {
  const session = await on.context().newCDPSession(on);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x, y, data });
  await session.detach();
}

test('a .env that is dropped anywhere is taken, also over an import that is open; no file replaces the page', async () => {
  const dropped = join(dir, 'dropped.env');
  await writeFile(dropped, envSample('vps-comfyume-v1'));
  const env = panel('The .env of the VPS');
  await env
    .getByText('Read from ~/comfy', { exact: false })
    .or(env.getByText('comfy-multi'))
    .first()
    .waitFor();
  const { x = 0, y = 0 } = (await page.getByRole('heading', { level: 1 }).boundingBox()) ?? {};
  await dropFile(page, dropped, x + 5, y + 5);
  await env.getByText('Read from dropped.env.').waitFor();

  // From another screen it leads here.
  await page.keyboard.press('1');
  await page.getByRole('main', { name: 'Stage' }).waitFor();
  await writeFile(join(dir, 'again.env'), envSample('vps-comfy-multi'));
  await dropFile(page, join(dir, 'again.env'), 640, 400);
  await page.getByRole('main', { name: 'Setup' }).waitFor();
  await env.getByText('Read from again.env.').waitFor();

  await writeFile(join(dir, 'picture.png'), 'no settings in here');
  await dropFile(page, join(dir, 'picture.png'), 640, 400);
  await page.getByText('picture.png holds no KEY=value line.').waitFor();
  await env.getByText('Read from again.env.').waitFor();
  expect(page.url()).toContain('/#/setup');

  const room = await context.newPage();
  await room.goto(`${await page.evaluate(() => location.origin)}/room.html`);
  await room.locator('#root > *').first().waitFor();
  // What a browser would open is what no listener has prevented.
  const opens = await room.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['x'], 'x.env'));
    const event = (type: string) => new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer });
    return [document.body.dispatchEvent(event('dragover')), document.body.dispatchEvent(event('drop'))];
  });
  expect(opens).toEqual([false, false]);
  await room.close();
});

test('the page itself had no error, and no secret stays in it', async () => {
  expect(faults).toEqual([]);
  expect((await page.content()).includes('MARKER')).toBe(false);
});
