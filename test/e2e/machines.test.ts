import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { MachineView } from '../../src-main/domain/hosts/machine-view.ts';
import type { OwnTailnet, TailnetState, TailnetView } from '../../src-main/domain/hosts/tailnet.ts';
import { emptyProfile } from '../../src-main/domain/workshops/profile.ts';
import { axeFindings, bringAxe } from '../support/axe.ts';
import { openBrowser } from '../support/browser.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { root } from '../support/run-step.ts';
import type { ScriptedLink } from '../support/scripted-machines.ts';
import { stageStates } from '../support/stage-states.ts';

/** The links to machines, their questions and their next steps, in real Chromium over scripted machines. */

const soon = { timeout: 10_000, interval: 50 };
const pictures = resolve(root, 'test/artifacts/screenshots');
const HOSTILE = '<script>window.hacked = true</script>';

let browser: Browser;
let context: BrowserContext;
let page: Page;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;
const faults: string[] = [];

beforeAll(async () => {
  await mkdir(pictures, { recursive: true });
  const busy = stageStates.busy;
  if (!busy) throw new Error('there is no busy state');
  served = await serveFakeWorkshop(busy(Date.now()));
  browser = await openBrowser();
  context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  page = await context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(served.link());
  await page.getByRole('main', { name: 'Stage' }).waitFor();
  await bringAxe(page);
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

/** Looks at the screen in both looks: axe, and a picture. */
async function look(name: string): Promise<void> {
  for (const scheme of ['dark', 'light']) {
    await page.keyboard.press('l');
    expect(await axeFindings(page), `${name}, ${scheme}`).toEqual([]);
    await page.screenshot({ path: resolve(pictures, `machines-${name}.${scheme}.png`) });
  }
}
const link = (id: string): ScriptedLink => {
  const found = served.workshop.machineLinks.links.get(id);
  if (!found) throw new Error(`no link ${id}`);
  return found;
};

test('a link to a machine stands in the header, with its question and its next step', async () => {
  const login = { host: '203.0.113.7', user: 'root', port: 2222, keyFile: null };
  served.workshop.machines.follow({
    ...emptyProfile('id', 'one'),
    vps: { host: 'vps.example', user: null, port: null, keyFile: null },
    gpuHosts: [
      { id: 'h100', name: 'the H100', provider: 'verda', login },
      { id: 'here', name: 'the studio PC', provider: 'local', login: null },
    ],
  });
  link('vps').become({ kind: 'ready', since: Date.now(), rttMs: 38 });
  await page.getByRole('button', { name: 'VPS ssh 38 ms' }).waitFor();
  // There is no link to this computer, so there is none to show.
  expect(await page.getByRole('button', { name: /studio PC/ }).count()).toBe(0);

  link('h100').become({
    kind: 'asking',
    since: Date.now(),
    question: {
      id: 'q1',
      kind: 'host-key',
      machine: 'root@203.0.113.7',
      keyType: 'ssh-ed25519',
      fingerprint: 'SHA256:abc',
    },
  });
  const dialog = page.getByRole('dialog');
  await dialog.getByText('SHA256:abc').waitFor();
  await look('host-key');
  await dialog.getByRole('button', { name: 'Later' }).click();
  await dialog.waitFor({ state: 'detached' });
  const chip = page.getByRole('button', { name: 'the H100 ssh' });
  await chip.click();
  await page.getByRole('button', { name: 'Answer' }).click();
  await dialog.getByRole('button', { name: 'Yes, it is the same' }).click();
  await vi.waitFor(() => expect(link('h100').answers).toEqual([[]]), soon);

  link('h100').become({
    kind: 'asking',
    since: Date.now(),
    question: { id: 'q2', kind: 'password', machine: 'root@203.0.113.7', again: true },
  });
  await dialog.getByText('That was not right; try again.').waitFor();
  await look('password');
  await dialog.getByRole('textbox', { name: 'Password' }).fill('MARKER-password');
  await dialog.getByRole('button', { name: 'Log in', exact: true }).click();
  await vi.waitFor(() => expect(link('h100').answers.at(-1)).toEqual(['MARKER-password']), soon);

  link('h100').become({
    ...{ kind: 'refused', since: Date.now(), code: 'HOST_KEY_CHANGED' },
    why: `The H100 shows another key than before. ${HOSTILE}`,
    remedy: 'Somebody may stand between you and it.',
    stranger: 'the jump host dev@bastion',
  });
  await dialog.waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await chip.click();
  await page.getByRole('button', { name: 'Look at the new key' }).click();
  await dialog.getByText('Has the jump host dev@bastion really got a new key?').waitFor();
  await look('new-key');
  await dialog.getByRole('button', { name: 'Remove the old key' }).click();
  await vi.waitFor(
    () => expect(link('h100').done).toContain('forget host key of the jump host dev@bastion'),
    soon,
  );
  await look('refused');
});

test('Tailscale at the ends of a link is told in its popover, and what it does to Redis on the Stage', async () => {
  const now = Date.now();
  const seen = (state: TailnetState): TailnetView => ({
    ...{ state, at: now, since: now - 300_000, failed: null, needed: true, health: [] },
  });
  const fine: TailnetState = { kind: 'fine', address: '100.64.0.2' };
  const expiring: TailnetState = { kind: 'key-expiring', at: now + 26 * 3_600_000 };
  const vps: MachineView = {
    ...{ id: 'vps', role: 'vps', name: 'the VPS', address: 'vps.example' },
    link: { kind: 'ready', since: now, rttMs: 38 },
  };
  const own = (state: TailnetState): OwnTailnet => ({ ...seen(state), app: true, instead: 'vps' });
  served.workshop.push([
    { kind: 'machines', machines: [{ ...vps, tailnet: seen(expiring) }] },
    { kind: 'tailnet', tailnet: own({ kind: 'relayed', what: 'Redis', peer: 'vps-1', region: 'fra' }) },
  ]);
  // All that works, with a mark: something is about to change.
  await page.getByRole('button', { name: /^VPS ssh 38 ms , Tailscale needs a look$/ }).waitFor();
  const redis = page.getByRole('button', { name: /^Redis .*, Tailscale needs a look$/ });
  await redis.click();
  const notes = page.getByRole('list', { name: 'Tailscale' });
  await notes.getByText('DERP region “fra”: it works, but slower.').waitFor();
  await notes.getByText('The Tailscale key of the VPS expires at').waitFor();
  await look('tailscale-warns');

  served.workshop.push([
    { kind: 'machines', machines: [{ ...vps, tailnet: seen(fine) }] },
    { kind: 'tailnet', tailnet: own({ kind: 'logged-out', loginUrl: null }) },
    {
      kind: 'links',
      links: {
        redis: {
          ...{ kind: 'lost', since: now - 40_000, code: 'REDIS_UNREACHABLE', retryAt: now + 6000 },
          ...{ why: '100.64.0.7:6379 cannot be reached.', remedy: 'Check that this laptop is online.' },
        },
      },
    },
  ]);
  const state = page.getByRole('region', { name: 'State' });
  await state.getByText('Tailscale is logged out on this computer. Open Tailscale and log in.').waitFor();
  await look('tailscale-lost');
  await page.keyboard.press('Escape');
  await notes.waitFor({ state: 'detached' });
  await look('tailscale-lost-stage');

  // On Setup it stands beside the choice of another way.
  const direct = { host: '100.64.0.7', port: 6379, tls: false, through: 'direct' as const };
  const login = { host: 'vps.example', user: null, port: null, keyFile: null };
  const profile = { ...emptyProfile('id', 'one'), redis: direct, vps: login };
  Object.assign(served.workshop.setup.view, { currentId: 'id', workshops: [{ profile, password: 'none' }] });
  await page.getByRole('button', { name: 'Setup' }).click();
  const panel = page.getByRole('region', { name: 'VPS' });
  await panel.getByText('Open Tailscale and log in. Or choose the way through the VPS above.').waitFor();
  await panel.getByRole('combobox', { name: 'How this console reaches Redis' }).scrollIntoViewIfNeeded();
  await look('tailscale-setup');
  await page.getByRole('button', { name: 'Stage' }).click();

  const long = `${HOSTILE}${'A'.repeat(100 - HOSTILE.length)}`;
  served.workshop.push([
    {
      kind: 'tailnet',
      tailnet: {
        ...own({ kind: 'peer-offline', what: 'Redis', peer: long, lastSeen: null }),
        health: [HOSTILE, 'B'.repeat(200)],
      },
    },
  ]);
  await page.getByRole('button', { name: /^Redis / }).click();
  await notes.getByText(HOSTILE).first().waitFor();
  expect(await notes.evaluate((list) => list.scrollWidth <= list.clientWidth)).toBe(true);
  await look('tailscale-hostile');
  await page.keyboard.press('Escape');
});

test('a network that comes back is told to the console, which dials at once', async () => {
  const told = () => served.workshop.calls.filter(({ verb }) => verb === 'network').length;
  expect(told()).toBe(0);
  await context.setOffline(true);
  await context.setOffline(false);
  await vi.waitFor(() => expect(told()).toBe(1), soon);
});

test('the page itself had no error, no secret stays in it, and nothing hostile ran', async () => {
  expect(faults).toEqual([]);
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  expect((await page.content()).includes('MARKER')).toBe(false);
});
