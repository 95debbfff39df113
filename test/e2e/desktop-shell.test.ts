import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { submitAsQueueManager } from '../../resources/demo/platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from '../../resources/demo/private-redis.ts';
import { until } from '../integration/main/until.ts';
import {
  electronPresence,
  type LaunchedConsole,
  launchRealElectron,
  launchUnderStandIn,
} from '../support/electron-stand-in/launch.ts';

const PASSWORD = 'only-main-may-know-7f3a';

let redis: PrivateRedis;
let dir: string;
const open: LaunchedConsole[] = [];
beforeEach(async () => {
  redis = await startPrivateRedis({ password: PASSWORD });
  dir = await mkdtemp(join(tmpdir(), 'desktop-shell-'));
});
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
  await redis.stop();
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

type Launch = (options: { env?: NodeJS.ProcessEnv }) => Promise<LaunchedConsole>;

async function start(launch: Launch, env: NodeJS.ProcessEnv = {}): Promise<LaunchedConsole> {
  const settings = { WORKSHOP_CONSOLE_DIR: join(dir, 'settings'), STAND_IN_USER_DATA: dir };
  const app = await launch({ env: { ...settings, ...env } });
  open.push(app);
  return app;
}

const connected = () => ({
  WORKSHOP_CONSOLE_REDIS: `redis://:${PASSWORD}@127.0.0.1:${redis.port}`,
  WORKSHOP_CONSOLE_NAME: 'Shell test',
});

/** What a page may say to main, spoken by hand: one call on a connection of its own. */
function callMain(
  page: Page,
  method: 'mutation' | 'subscription',
  path: string,
  input?: unknown,
): Promise<string> {
  return page.evaluate(
    ([kind, procedure, argument]) =>
      new Promise<string>((answer) => {
        const bridge: unknown = Reflect.get(window, 'workshop');
        if (typeof bridge !== 'object' || bridge === null) throw new Error('there is no bridge');
        const id = `test-${Math.random()}`;
        const say: unknown = Reflect.get(bridge, 'send');
        const hear: unknown = Reflect.get(bridge, 'onMessage');
        if (typeof say !== 'function' || typeof hear !== 'function')
          throw new Error('the bridge is incomplete');
        hear((message: { id: string; open?: true; data?: string }) => {
          if (message.id !== id) return;
          const call = { id: 1, method: kind, params: { path: procedure, input: argument } };
          if (message.open) say({ id, data: JSON.stringify(call) });
          else if (message.data?.includes('"started"') === false) answer(message.data);
        });
        say({ id, open: true });
      }),
    [method, path, input] as const,
  );
}

function scenarios(launch: Launch): void {
  test('shows the live workshop, also after a reload, and follows a new job', async () => {
    const { page } = await start(launch, connected());
    await page.getByText('Shell test').first().waitFor();
    await submitAsQueueManager(redis.client(), {
      id: 'a',
      userId: 'user004',
      workflow: '{"3":{"class_type":"KSampler","inputs":{}}}',
      priority: 2,
      createdAtMicros: 1_772_360_430_000_000,
    });
    await page.getByText('user004').first().waitFor();
    for (let reload = 0; reload < 3; reload += 1) {
      await page.reload();
      await page.getByText('user004').first().waitFor();
    }
  });

  test('the page gets one bridge with two functions, and nothing of Node or Electron', async () => {
    const { page } = await start(launch, connected());
    const seen = await page.evaluate(() => {
      const bridge: unknown = Reflect.get(window, 'workshop');
      return {
        bridge: Object.keys(bridge ?? {}).sort(),
        frozen: Object.isFrozen(bridge),
        leaks: ['require', 'process', 'module', 'Buffer', 'electron', 'ipcRenderer', 'global'].filter(
          (name) => name in window,
        ),
      };
    });
    expect(seen).toEqual({ bridge: ['onMessage', 'send'], frozen: true, leaks: [] });
  });

  test('the page cannot leave, open windows, run foreign scripts or fetch from elsewhere', async () => {
    const { page } = await start(launch, connected());
    await page.getByText('Shell test').first().waitFor();
    const ours = page.url();
    const pages = page.context().pages().length;
    const refused = await page.evaluate(async () => {
      const seen: string[] = [];
      document.addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
      const script = document.createElement('script');
      script.textContent = 'window.__ran = true';
      document.body.appendChild(script);
      await fetch('http://127.0.0.1:9/').catch(() => {});
      window.open('https://example.invalid/');
      location.href = 'https://example.invalid/';
      await new Promise((wake) => setTimeout(wake, 300));
      return { directives: seen.map((name) => name.replace(/-elem$/, '')), ran: '__ran' in window };
    });
    expect(refused.ran).toBe(false);
    expect(refused.directives).toEqual(expect.arrayContaining(['script-src', 'connect-src']));
    expect(page.url()).toBe(ours);
    await until('no further window stays', () => page.context().pages().length <= pages);
    await page.getByText('Shell test').first().waitFor();
  });

  test('a first run is kept for the next start, its password sealed, and never shown to the page', async () => {
    const first = await start(launch);
    await first.page
      .getByText(/No workshop is set up|Connect to your workshop/)
      .first()
      .waitFor();
    const settings = { name: 'Kept', host: '127.0.0.1', port: redis.port, tls: false };
    const refused = await callMain(first.page, 'mutation', 'settings.connect', {
      ...settings,
      password: 'wrong',
    });
    expect(refused).toContain('REDIS_AUTH');
    const accepted = await callMain(first.page, 'mutation', 'settings.connect', {
      ...settings,
      password: PASSWORD,
    });
    expect(accepted).toContain('"result"');
    await first.page.getByText('Kept').first().waitFor();
    const snapshot = await callMain(first.page, 'subscription', 'workshop.changes');
    expect(snapshot).toContain('"snapshot"');
    for (const text of [refused, accepted, snapshot, first.output()]) {
      expect(text).not.toContain(PASSWORD);
      expect(text).not.toContain('wrong"');
    }
    await first.close();

    for (const file of await readdir(join(dir, 'settings'))) {
      const text = await readFile(join(dir, 'settings', file), 'utf8').catch(() => '');
      expect(text).not.toContain(PASSWORD);
    }
    const second = await start(launch);
    await second.page.getByText('Kept').first().waitFor();
    const again = await callMain(second.page, 'subscription', 'workshop.changes');
    expect(again).toMatch(/"redis":\{"kind":"(ready|connecting)"/);
    await callMain(second.page, 'mutation', 'settings.disconnect');
    await second.page
      .getByText(/No workshop is set up|Connect to your workshop/)
      .first()
      .waitFor();
  });
}

describe('the built desktop app under the Electron stand-in', () => {
  scenarios(launchUnderStandIn);

  test('the recap of the day is saved as a PDF where the person wants it', async () => {
    const chosen = join(dir, 'recap.pdf');
    const app = await start(launchUnderStandIn, { ...connected(), STAND_IN_SAVE_AS: chosen });
    await app.page.getByRole('button', { name: 'Recap' }).click();
    await app.page.getByRole('button', { name: 'PDF' }).click();
    await app.page.getByText(`The recap is saved as ${chosen}.`).waitFor();
    expect((await readFile(chosen)).subarray(0, 5).toString()).toBe('%PDF-');
    expect(app.output()).toMatch(/asks where to save workshop-\d{4}-\d\d-\d\d\.pdf/);
  });

  test('of all addresses that a page would open, only the Tailscale login goes to the browser', async () => {
    const app = await start(launchUnderStandIn, connected());
    await app.page.getByText('Shell test').first().waitFor();
    const pages = app.page.context().pages().length;
    // Tailscale's page itself is not ours to load.
    await app.page.context().route(/tailscale|example/, (route) => route.fulfill({ body: 'outside' }));
    const login = 'https://login.tailscale.com/a/1a2b3c';
    for (const url of ['https://example.invalid/', `${login}@example.invalid/`, login])
      await app.page.evaluate((to) => {
        const link = Object.assign(document.createElement('a'), {
          href: to,
          target: '_blank',
          rel: 'noopener',
        });
        document.body.append(link);
        link.click();
        link.remove();
      }, url);
    await until('the browser is asked', () => app.output().includes(`the browser opens ${login}\n`));
    expect(app.output().match(/the browser opens/g)).toHaveLength(1);
    await until('no further window stays', () => app.page.context().pages().length <= pages);
  });

  test('the room view has a window of its own that reads and cannot act, and keeps the laptop awake', async () => {
    const app = await start(launchUnderStandIn, { ...connected(), STAND_IN_SECOND_DISPLAY: '1' });
    await app.page.getByText('Shell test').first().waitFor();
    const opened = await callMain(app.page, 'mutation', 'room.open', { screenId: null });
    expect(opened).toContain('"screen":"Projector, 1920 × 1080","fullScreen":true');
    const pages = () => app.page.context().pages();
    await until('the room window', () => pages().some((one) => one.url().endsWith('/room.html')));
    const room = pages().find((one) => one.url().endsWith('/room.html'));
    if (!room) throw new Error('there is no room window');
    await room.getByRole('heading', { level: 1, name: 'Shell test' }).waitFor();
    expect(await callMain(room, 'mutation', 'room.setBlank', { blank: true })).toContain('NOT_FOUND');
    expect(await callMain(room, 'subscription', 'workshop.changes')).toContain('NOT_FOUND');
    await callMain(app.page, 'mutation', 'room.setMessage', { message: 'Hello everybody' });
    await room.getByText('Hello everybody').waitFor();
    expect(app.output()).toContain('power save blocker prevent-display-sleep on');
    await submitAsQueueManager(redis.client(), {
      ...{ id: 'waits', userId: 'user007', workflow: '{}', priority: 2 as const },
      createdAtMicros: 1_772_360_430_000_000,
    });
    await until('the icon counts who waits', () => app.output().includes('stand-in: badge 1'));
    await room.close();
    await until('the laptop may sleep', () => app.output().includes('power save blocker off'));
    await app.page.getByText('Shell test').first().waitFor();
  });

  const roomOf = async (app: LaunchedConsole) => {
    const found = () =>
      app.page
        .context()
        .pages()
        .find((one) => one.url().endsWith('/room.html') && !one.isClosed());
    await until('the room window', () => found() !== undefined);
    const room = found();
    if (!room) throw new Error('there is no room window');
    return room;
  };
  /** The renderer of a page dies, as by a fault of the driver or of memory. */
  const crash = async (page: Page) => {
    const session = await page.context().newCDPSession(page);
    const gone = new Promise((done) => page.once('crash', done));
    await session.send('Page.crash').catch(() => {});
    await gone;
  };

  test('a room view whose page crashes is loaded again; a second time it closes and says so', async () => {
    const app = await start(launchUnderStandIn, { ...connected(), STAND_IN_SECOND_DISPLAY: '1' });
    await app.page.getByText('Shell test').first().waitFor();
    await callMain(app.page, 'mutation', 'room.open', { screenId: null });
    const first = await roomOf(app);
    await first.getByRole('heading', { level: 1, name: 'Shell test' }).waitFor();
    await crash(first);
    await until('it is said', () => app.output().includes('notification The room view was loaded again'));
    await until('the dead page is gone', () => first.isClosed());
    const second = await roomOf(app);
    await second.getByRole('heading', { level: 1, name: 'Shell test' }).waitFor();
    expect(app.output()).not.toContain('power save blocker off');
    await crash(second);
    await until('it is asked', () =>
      app.output().includes('asks The room view stopped twice and was closed'),
    );
    await until('the laptop may sleep', () => app.output().includes('power save blocker off'));
    // P does not bring the dead one back.
    await callMain(app.page, 'mutation', 'room.open', { screenId: null });
    await until('another window', () =>
      app.page
        .context()
        .pages()
        .some((one) => one !== second && one !== first && one.url().endsWith('/room.html')),
    );
  });

  test('the tray counts who waits, holds the queue, and brings room view and console', async () => {
    const app = await start(launchUnderStandIn, connected());
    await app.page.getByText('Shell test').first().waitFor();
    await until('the tray', () => app.output().includes('stand-in: tray Shell test: 0 jobs wait ['));
    expect(app.output()).toContain('Show console | Open room view | Hold queue | Quit]');
    const press = (label: string) =>
      app.page.evaluate((entry) => {
        const press_: unknown = Reflect.get(window, 'standInPressTray');
        if (typeof press_ !== 'function') throw new Error('there is no tray');
        return press_(entry);
      }, label);
    await submitAsQueueManager(redis.client(), {
      ...{ id: 'waits', userId: 'user007', workflow: '{}', priority: 2 as const },
      createdAtMicros: 1_772_360_430_000_000,
    });
    await until('it counts', () => app.output().includes('tray Shell test: 1 job waits'));
    await press('Hold queue');
    await until('it is held', async () =>
      ((await redis.client().get('agent:control')) ?? '').includes('"held":true'),
    );
    await until('it says so', () => app.output().includes('tray Shell test: Queue held, 1 job waits'));
    await press('Release queue');
    await until('it goes on', async () =>
      ((await redis.client().get('agent:control')) ?? '').includes('"held":false'),
    );
    await press('Open room view');
    await roomOf(app);
  });

  test('closing the console asks while the room view is open; the room view may stay, and the tray brings the console back', async () => {
    const app = await start(launchUnderStandIn, { ...connected(), STAND_IN_ANSWER: 'Keep the room view' });
    await app.page.getByText('Shell test').first().waitFor();
    await callMain(app.page, 'mutation', 'room.open', { screenId: null });
    const room = await roomOf(app);
    await room.getByRole('heading', { level: 1, name: 'Shell test' }).waitFor();
    const ask = (page: Page, name: string, argument?: string) =>
      page.evaluate(
        ([door, given]) => {
          const call: unknown = Reflect.get(window, door);
          if (typeof call === 'function') void call(given);
        },
        [name, argument] as const,
      );
    await ask(app.page, 'standInCloseWindow');
    await until('it is asked', () =>
      app.output().includes('asks The room view is still open [Keep the room view'),
    );
    await until('the console is closed', () => app.page.isClosed());
    await callMain(room, 'mutation', 'room.setBlank', { blank: true }).then((answer) =>
      expect(answer).toContain('NOT_FOUND'),
    );
    await room.getByRole('heading', { level: 1, name: 'Shell test' }).waitFor();
    await ask(room, 'standInPressTray', 'Show console');
    await until('the console is back', () =>
      room
        .context()
        .pages()
        .some((one) => one.url().endsWith('/index.html')),
    );
  });
});

const presence = electronPresence();
const why = presence.kind === 'absent' ? ` (skipped: ${presence.why})` : '';
describe.skipIf(presence.kind === 'absent')(`the built desktop app on real Electron${why}`, () =>
  scenarios(launchRealElectron),
);
