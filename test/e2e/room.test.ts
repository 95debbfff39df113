import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { encode } from 'uqr';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { AppRouter, RoomRouter, RoomView } from '../../src-main/api/types.ts';
import { emptyProfile } from '../../src-main/domain/workshops/profile.ts';
import { startWebShell } from '../../src-main/shells/web/server.ts';
import { openBrowser } from '../support/browser.ts';
import { buildRenderer } from '../support/build-renderer.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { readRoom } from '../support/room-geometry.ts';
import { nicknameList, roomState } from '../support/room-states.ts';
import { root } from '../support/run-step.ts';
import { CONTROL } from '../support/scenarios.ts';

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = resolve(root, 'test/artifacts/room');
const MINUTE = 60_000;

let browser: Browser;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;
let context: BrowserContext;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  await mkdir(pictures, { recursive: true });
  served = await serveFakeWorkshop(roomState(Date.now(), { people: 3, workers: 1 }));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});
beforeEach(async () => {
  const { room } = served.workshop;
  await room.setNicknames({ csv: nicknameList(60), replace: true });
  await room.setMessage({ message: '' });
  await room.setBreak({ until: null });
  await room.setFrozen({ frozen: false });
  await room.setBlank({ blank: false });
  await room.setLight({ light: false });
  await room.setUrl({ url: null });
  faults.length = 0;
  context = await browser.newContext({
    viewport: { width: 1920, height: 1080 },
    reducedMotion: 'reduce',
  });
  page = await context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
});
afterEach(async () => {
  await context.close();
});

let shows = 0;
/** Shows a workshop and waits until the page has it; each is told apart by its title. */
async function show(
  script: Parameters<typeof roomState>[1],
  change: (state: ReturnType<typeof roomState>) => void = () => {},
) {
  const state = roomState(Date.now(), script);
  shows += 1;
  state.snapshot.name = `Film workshop ${shows}`;
  change(state);
  served.workshop.show(state);
  await page.getByRole('heading', { level: 1, name: state.snapshot.name ?? '' }).waitFor();
}

/** What stands in a row or tile, piece by piece. */
const pieces = async (item: Locator) =>
  (await item.locator('span, b').allTextContents()).filter((text) => text !== '');
const rows = () => page.getByRole('region', { name: 'Next' }).getByRole('listitem');
const tiles = () => page.getByRole('region', { name: 'Making now' }).getByRole('listitem');

async function axeFindings(): Promise<unknown[]> {
  const session = await context.newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axeSource });
  return page.evaluate(async () => {
    // Halfway through a fade, colours are those of neither end.
    const fading = document
      .getAnimations()
      .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(fading.map(({ finished }) => finished));
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)),
    }));
  });
}

test('who has no row is counted in the word of this workshop, and the room panel speaks so', async () => {
  const { view } = served.workshop.setup;
  const before = structuredClone(view);
  const profile = { ...emptyProfile('artists', 'Film'), wording: { people: 'participants' } };
  Object.assign(view, { currentId: profile.id, workshops: [{ profile, password: 'none' }] });
  try {
    for (const [width, height] of [
      [1280, 720],
      [1024, 768],
    ] as const) {
      await page.setViewportSize({ width, height });
      await page.goto(served.roomLink());
      await show({ people: 90, workers: 8 });
      // A narrow row has no room for the word, which stands above then.
      await page.getByRole('heading', { name: /^Next .* · 90 participants$/ }).waitFor();
      await rows()
        .last()
        .getByText(/^\d+ more$/)
        .waitFor();
      expect((await readRoom(page)).faults).toEqual([]);
      await page.screenshot({ path: resolve(pictures, `participants-${width}.png`) });
    }
    await page.goto(served.link());
    await page.getByRole('button', { name: 'Room panel' }).click();
    await page.getByRole('textbox', { name: 'Address where participants join' }).waitFor();
    await page.getByText(/\(\d+ participants so far\)/).waitFor();
  } finally {
    Object.assign(view, before);
  }
});

describe.each([
  { width: 1920, height: 1080 },
  { width: 1280, height: 720 },
  { width: 1024, height: 768 },
  { width: 3840, height: 2160 },
])('$width × $height', ({ width, height }) => {
  test.each([
    { people: 1, workers: 1 },
    { people: 5, workers: 2 },
    { people: 20, workers: 1 },
    { people: 60, workers: 1 },
    { people: 1, workers: 8 },
    { people: 20, workers: 8 },
    { people: 60, workers: 8 },
    { people: 0, workers: 3, busy: 0 },
    { people: 9, workers: 3, busy: 2 },
  ])('$people people, $workers workers: everything in its place, large and clear enough', async (script) => {
    await page.setViewportSize({ width, height });
    await page.goto(served.roomLink());
    await show(script);
    for (const message of [
      '',
      'Show and tell at half past three, in the small hall. Bring your last picture. Sent it twice? It runs twice.',
    ]) {
      await served.workshop.room.setMessage({ message });
      if (message !== '') await page.getByText(message).waitFor();
      const reading = await readRoom(page);
      expect(reading.faults).toEqual([]);
      expect(reading.smallestName).toBeGreaterThanOrEqual((40 * height) / 1080 - 0.1);
      expect(reading.lowestContrast, reading.lowestText).toBeGreaterThanOrEqual(7);
      // A user id differs from the next only at its end, so none may be cut.
      expect(reading.cutNames.filter((name) => name.startsWith('user'))).toEqual([]);
      const listed = await rows().count();
      if (script.people > 0) {
        const more = Number(/(\d+) more/.exec((await rows().last().textContent()) ?? '')?.[1] ?? 0);
        expect(more === 0 ? listed : listed - 1 + more).toBe(script.people);
      }
      // With the message there is less room; a picture of 4K takes longer than all that is looked at in it.
      if (message !== '' && width < 3840)
        await page.screenshot({
          path: resolve(pictures, `${width}x${height}-${script.people}p-${script.workers}w.png`),
        });
    }
    expect(faults).toEqual([]);
  });
});

test('at 16:9 all of 60 people have a row, beside 8 workers', async () => {
  await page.goto(served.roomLink());
  await show({ people: 60, workers: 8 });
  expect(await rows().count()).toBe(60);
  expect(await tiles().count()).toBe(8);
});

test('says who is made what, how far, who is next and when; no id, prompt or error anywhere', async () => {
  const seen: string[] = [];
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => seen.push(String(payload))));
  await page.goto(served.roomLink());
  await show({ people: 6, workers: 3, busy: 2 }, ({ snapshot }) => {
    for (const job of Object.values(snapshot.jobs)) job.error = 'SECRET-ERROR';
  });
  await expect.poll(() => tiles().count()).toBe(2);
  expect(await pieces(tiles().first())).toEqual(['Osprey', 'video', '66 %']);
  expect(await pieces(rows().nth(0))).toEqual(['1', 'Lynx', 'next']);
  expect(await pieces(rows().nth(3))).toEqual(['4', 'Finch', '×2', '2–4 min']);
  expect(await page.getByText('1 warming up').count()).toBe(1);
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.join()).not.toMatch(/job-|worker-|gpu-1|SECRET-ERROR|100\.64/);
});

test('without estimates the waits are left out, nothing else moves', async () => {
  await page.goto(served.roomLink());
  await show({ people: 6, workers: 1, waits: false });
  expect(await pieces(rows().nth(1))).toEqual(['2', 'user002']);
  expect((await readRoom(page)).faults).toEqual([]);
});

test('freeze holds the picture, also over a reload; message and break still come through', async () => {
  await page.goto(served.roomLink());
  await show({ people: 6, workers: 2 });
  await served.workshop.room.setFrozen({ frozen: true });
  await page.getByText(/^Held since \d\d:\d\d$/).waitFor();
  const later = roomState(Date.now(), { people: 1, workers: 1 });
  later.snapshot.name = 'Not to be seen';
  served.workshop.show(later);
  await served.workshop.room.setMessage({ message: 'Look here please' });
  await page.getByText('Look here please').waitFor();
  await page.reload();
  await page.getByText('Look here please').waitFor();
  expect(await rows().count()).toBe(6);
  await page.screenshot({ path: resolve(pictures, 'frozen.png') });
  expect(await axeFindings()).toEqual([]);
  await served.workshop.room.setFrozen({ frozen: false });
  await page.getByRole('heading', { name: 'Not to be seen' }).waitFor();
  expect(await rows().count()).toBe(1);
});

test('blank shows nothing, the break card says when it ends and goes by itself', async () => {
  await page.goto(served.roomLink());
  await show({ people: 6, workers: 2 });
  await served.workshop.room.setBlank({ blank: true });
  await page.getByRole('heading', { name: 'The room view is blank' }).waitFor();
  const pixels = await page.evaluate(
    () => getComputedStyle(document.querySelector('main') as Element).backgroundColor,
  );
  expect(pixels).toBe('rgb(0, 0, 0)');
  expect(await page.getByText('Lynx').count()).toBe(0);
  await served.workshop.room.setBlank({ blank: false });

  await served.workshop.room.setBreak({ until: Date.now() + 5 * MINUTE });
  await page.getByRole('heading', { name: /^Back at \d\d:\d\d$/ }).waitFor();
  await page.getByText('in 5 minutes').waitFor();
  for (const [width, height] of [
    [1920, 1080],
    [1024, 768],
  ] as const) {
    await page.setViewportSize({ width, height });
    const reading = await readRoom(page);
    expect(reading.faults).toEqual([]);
    expect(reading.lowestContrast).toBeGreaterThanOrEqual(7);
    await page.screenshot({ path: resolve(pictures, `break-${width}x${height}.png`) });
  }
  expect(await axeFindings()).toEqual([]);
  await served.workshop.room.setBreak({ until: Date.now() + 1500 });
  await page.getByRole('heading', { level: 1, name: /^Film workshop/ }).waitFor();
});

test('keeps the last known with its age when Redis is lost, and when the console is gone', async () => {
  await page.goto(served.roomLink());
  await show({ people: 6, workers: 2 }, ({ snapshot }) => {
    snapshot.queueAt = Date.now() - 3 * MINUTE;
    snapshot.links.redis = {
      kind: 'lost',
      since: Date.now() - 3 * MINUTE,
      code: 'X',
      why: 'SECRET',
      remedy: 'SECRET',
      retryAt: null,
    };
  });
  await page.getByText(/^As of \d\d:\d\d, 3 min ago$/).waitFor();
  expect(await rows().count()).toBe(6);
  const reading = await readRoom(page);
  expect(reading.faults).toEqual([]);
  expect(reading.lowestContrast, reading.lowestText).toBeGreaterThanOrEqual(7);
  expect(await page.getByText('SECRET').count()).toBe(0);
  await page.screenshot({ path: resolve(pictures, 'link-lost.png') });

  served.workshop.show(roomState(Date.now(), { people: 4, workers: 1 }));
  const own = await startWebShell({ services: served.workshop, rendererDir: await buildRenderer() });
  await page.goto(own.roomLink());
  await expect.poll(() => rows().count()).toBe(4);
  await own.close();
  await page.getByText(/^As of \d\d:\d\d, /).waitFor({ timeout: 60_000 });
  expect(await rows().count()).toBe(4);
});

describe.each(['dark', 'light'] as const)('%s, whatever the state', (look) => {
  const later = (ms: number) => (state: ReturnType<typeof roomState>) => {
    for (const host of Object.values(state.snapshot.hosts)) host.heardAt = Date.now() - ms;
  };
  const states: [
    string,
    Parameters<typeof roomState>[1],
    (state: ReturnType<typeof roomState>) => void,
    RegExp,
  ][] = [
    ['busy', { people: 12, workers: 4, busy: 3 }, () => {}, /Making now/],
    [
      'agent silent, people wait',
      { people: 12, workers: 3, busy: 0 },
      later(180_000),
      /^No machine is ready, last heard 3 min ago\.$/,
    ],
    ['agent silent in a job', { people: 5, workers: 1 }, later(180_000), /^no machine is ready$/],
    [
      'no agent',
      { people: 5, workers: 0 },
      ({ snapshot }) => {
        snapshot.hosts = {};
      },
      /^No machine is ready\.$/,
    ],
    ['free, nobody waits', { people: 0, workers: 3, busy: 0 }, () => {}, /it starts at once\.$/],
    [
      'free, all on hold',
      { people: 3, workers: 3, busy: 0 },
      ({ snapshot }) => {
        snapshot.control = { ...CONTROL, heldUsers: ['user001', 'user002', 'user003'] };
      },
      /^Nothing at the moment\.$/,
    ],
    [
      'paused',
      { people: 5, workers: 2 },
      ({ snapshot }) => {
        snapshot.control = { ...CONTROL, held: true };
      },
      /paused, nobody loses their place/,
    ],
    [
      'link lost',
      { people: 6, workers: 2 },
      ({ snapshot }) => {
        snapshot.queueAt = Date.now() - 3 * MINUTE;
        snapshot.links.redis = {
          ...{ kind: 'lost', since: Date.now() - 3 * MINUTE, code: 'X', why: '', remedy: '', retryAt: null },
        };
      },
      /^As of \d\d:\d\d, 3 min ago$/,
    ],
  ];
  test.each(states)('%s: true, in its place and clear enough', async (name, script, change, words) => {
    await served.workshop.room.setLight({ light: look === 'light' });
    await served.workshop.room.setUrl({ url: 'https://film.example.org' });
    await page.goto(served.roomLink());
    await show(script, change);
    await page.getByText(words).waitFor();
    expect(await page.locator('html').getAttribute('data-look')).toBe(look);
    const reading = await readRoom(page);
    expect(reading.faults).toEqual([]);
    expect(reading.lowestContrast, reading.lowestText).toBeGreaterThanOrEqual(7);
    await page.screenshot({ path: resolve(pictures, `state-${look}-${name.replaceAll(/\W+/g, '-')}.png`) });
    expect(await axeFindings()).toEqual([]);
  });

  test('held, on a break, at the join card: clear enough', async () => {
    const { room } = served.workshop;
    await room.setLight({ light: look === 'light' });
    await page.goto(served.roomLink());
    await show({ people: 6, workers: 2 }, later(180_000));
    const check = async (name: string) => {
      const reading = await readRoom(page);
      expect(reading.faults).toEqual([]);
      expect(reading.lowestContrast, reading.lowestText).toBeGreaterThanOrEqual(7);
      await page.screenshot({ path: resolve(pictures, `state-${look}-${name}.png`) });
    };
    await room.setMessage({ message: 'Show and tell at half past three' });
    await room.setFrozen({ frozen: true });
    await page.getByText(/^Held since/).waitFor();
    await check('held');
    await room.setBreak({ until: Date.now() + 5 * MINUTE });
    await page.getByRole('heading', { name: /^Back at/ }).waitFor();
    // No machine is ready, so nothing is promised of them.
    expect(await page.getByText(/The machines go on/).count()).toBe(0);
    await check('break');
    await room.setBreak({ until: null });
    await room.setUrl({ url: 'https://film.example.org' });
    await room.setJoin({ join: true });
    await page.getByRole('heading', { name: 'Join here' }).waitFor();
    await check('join');
  });
});

test('hostile names and messages are text, cut and harmless', async () => {
  await page.goto(served.roomLink());
  const hostile = [
    '<img src=x onerror="window.hacked=1">',
    'A'.repeat(10_000),
    '\u202eevil\u202c\u0000\u0007',
    `Z${'\u0301'.repeat(300)}algo`,
    '\u200b\u200b',
    '؀'.repeat(20),
    '👩‍👩‍👧‍👦'.repeat(60),
  ];
  await show({ people: 7, workers: 2 }, ({ snapshot }) => {
    let at = 0;
    for (const job of Object.values(snapshot.jobs))
      if (job.queue === 'pending') job.userId = hostile[at++ % 7] ?? '';
    const worker = snapshot.hosts['gpu-1']?.status?.workers[0];
    if (worker?.state.kind === 'busy')
      Object.assign(worker.state.job, { userId: hostile[1], kind: hostile[0] });
  });
  await served.workshop.room.setMessage({ message: `<b>${'W'.repeat(130)}` });
  await page.getByText(/^<b>W+$/).waitFor();
  for (const [width, height] of [
    [1920, 1080],
    [1024, 768],
  ] as const) {
    await page.setViewportSize({ width, height });
    expect((await readRoom(page)).faults).toEqual([]);
  }
  const text = (await page.locator('main').textContent()) ?? '';
  expect(text).toContain('<img src=x onerror=');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
  expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u0000\u0007]/);
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  await page.screenshot({ path: resolve(pictures, 'hostile.png') });
  expect(await axeFindings()).toEqual([]);
  expect(faults).toEqual([]);
});

test('axe finds nothing, full and empty; a right-to-left name is cut at its own end', async () => {
  await page.goto(served.roomLink());
  for (const script of [
    { people: 60, workers: 8 },
    { people: 0, workers: 1, busy: 0 },
  ]) {
    await show(script);
    expect(await axeFindings()).toEqual([]);
  }
  await show({ people: 60, workers: 1 });
  const name = page.locator('[data-name]').filter({ hasText: 'مريم عبد الرحمن' }).first();
  const style = await name.evaluate((element) => ({
    direction: getComputedStyle(element).direction,
    overflow: getComputedStyle(element).textOverflow,
  }));
  expect(style).toEqual({ direction: 'rtl', overflow: 'ellipsis' });
});

test('the QR code says the address and can be scanned; the join card fills the screen', async () => {
  const url = 'https://film.example.org/join?room=2';
  await page.goto(served.roomLink());
  await show({ people: 9, workers: 3 });
  await served.workshop.room.setUrl({ url });
  const code = page.getByRole('img', { name: `QR code of ${url}` });
  await code.waitFor();
  for (const [width, height] of [
    [1920, 1080],
    [1024, 768],
  ] as const) {
    await page.setViewportSize({ width, height });
    expect((await readRoom(page)).faults).toEqual([]);
    await page.screenshot({ path: resolve(pictures, `code-${width}x${height}.png`) });
    // As drawn: a white quiet zone of four modules around, and black finder patterns in three corners.
    expect(await modulesAt(code)).toEqual(encode(url, { ecc: 'M', boostEcc: true, border: 4 }).data);
  }
  await served.workshop.room.setJoin({ join: true });
  await page.getByRole('heading', { name: 'Join here' }).waitFor();
  for (const [width, height] of [
    [1920, 1080],
    [1024, 768],
  ] as const) {
    await page.setViewportSize({ width, height });
    const reading = await readRoom(page);
    expect(reading.faults).toEqual([]);
    expect(reading.lowestContrast, reading.lowestText).toBeGreaterThanOrEqual(7);
    expect((await code.boundingBox())?.width).toBeGreaterThan(width * 0.35);
    await page.screenshot({ path: resolve(pictures, `join-${width}x${height}.png`) });
  }
  expect(await axeFindings()).toEqual([]);
  await served.workshop.room.setUrl({ url: `https://film.example.org/${'a'.repeat(270)}` });
  await page.getByText('aaaaaa').waitFor();
  expect((await readRoom(page)).faults).toEqual([]);
  await served.workshop.room.setUrl({ url: null });
  await page.getByRole('heading', { name: 'Making now' }).waitFor();
});

/** The code read off the screen: the colour in the middle of each module, true for black. */
async function modulesAt(code: Locator): Promise<boolean[][]> {
  const shot = (await code.screenshot()).toString('base64');
  return code.evaluate(async (svg, png) => {
    const size = Number(svg.getAttribute('viewBox')?.split(' ')[2]);
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const pen = canvas.getContext('2d');
    pen?.drawImage(image, 0, 0);
    const at = (module: number) => Math.floor(((module + 0.5) / size) * image.width);
    return Array.from({ length: size }, (_row, y) =>
      Array.from(
        { length: size },
        (_column, x) => (pen?.getImageData(at(x), at(y), 1, 1).data[0] ?? 0) < 128,
      ),
    );
  }, shot);
}

test('motion: a person who wants none gets none', async () => {
  await page.goto(served.roomLink());
  await show({ people: 6, workers: 4 });
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
});

describe('the read-only token', () => {
  const base = () => new URL(served.roomLink()).origin;

  /** A session as a projector's browser has it. */
  async function roomCookie(): Promise<string> {
    const answer = await fetch(served.roomLink(), { redirect: 'manual' });
    expect(answer.headers.get('location')).toBe('/room');
    return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  }

  function socketWith(cookie: string, path: string) {
    class Ours extends WebSocket {
      constructor(url: string) {
        super(url, { headers: { cookie, origin: base() } });
      }
    }
    return createWSClient({
      url: `${base().replace('http', 'ws')}${path}`,
      WebSocket: Ours as unknown as typeof globalThis.WebSocket,
      retryDelayMs: () => 60_000,
    });
  }

  test('opens again and again, and a made-up one does not', async () => {
    const first = await roomCookie();
    const second = await roomCookie();
    expect(first).not.toBe(second);
    expect((await fetch(`${base()}/room`, { headers: { cookie: first } })).status).toBe(200);
    expect((await fetch(`${base()}/room?token=made-up`, { redirect: 'manual' })).status).toBe(401);
    expect((await fetch(`${base()}/room`)).status).toBe(401);
  });

  test('does not open the console, neither as a link nor as a session', async () => {
    const token = new URL(served.roomLink()).searchParams.get('token') ?? '';
    const cookie = await roomCookie();
    expect((await fetch(`${base()}/?token=${token}`, { redirect: 'manual' })).status).toBe(401);
    for (const path of ['/', '/index.html', '/trpc', '/room.html'])
      expect((await fetch(`${base()}${path}`, { headers: { cookie } })).status).toBe(401);
    const upgrade = (path: string) =>
      new Promise<string>((done) => {
        const url = `${base().replace('http', 'ws')}${path}`;
        const socket = new WebSocket(url, { headers: { cookie, origin: base() } });
        socket.once('open', () => {
          socket.terminate();
          done('open');
        });
        socket.once('error', ({ message }) => done(message));
      });
    expect(await upgrade('/trpc')).toMatch(/401/);
    expect(await upgrade('/room/trpc')).toBe('open');
    // The value under the console's own cookie name is nothing either.
    const borrowed = cookie.replace('workshop-room-', 'workshop-');
    expect((await fetch(`${base()}/`, { headers: { cookie: borrowed } })).status).toBe(401);
  });

  test('reads the picture and can call nothing else', async () => {
    const socket = socketWith(await roomCookie(), '/room/trpc');
    const room = createTRPCClient<RoomRouter>({ links: [wsLink({ client: socket })] });
    const view = await new Promise<RoomView>((done, fail) => {
      room.view.subscribe(undefined, { onData: done, onError: fail });
    });
    expect(view.title).toMatch(/workshop/);
    const whole = createTRPCClient<AppRouter>({ links: [wsLink({ client: socket })] });
    const calls = served.workshop.calls.length;
    const refused = [
      whole.room.setMessage.mutate({ message: 'mine' }),
      whole.room.setBlank.mutate({ blank: true }),
      whole.room.where.query(),
      whole.fleet.holdQueue.mutate({ held: true, revision: null }),
      whole.jobs.cancel.mutate({ jobId: 'job-w-000' }),
      whole.settings.disconnect.mutate(),
    ].map((call) =>
      call.then(
        () => 'done',
        (cause: { data?: { code?: string } }) => cause.data?.code,
      ),
    );
    expect(await Promise.all(refused)).toEqual(Array(6).fill('NOT_FOUND'));
    const watched = await new Promise((done) => {
      whole.workshop.changes.subscribe(undefined, {
        onData: () => done('data'),
        onError: ({ data }) => done(data?.code),
      });
    });
    expect(watched).toBe('NOT_FOUND');
    expect(served.workshop.calls).toHaveLength(calls);
    expect(served.workshop.snapshot.room).toMatchObject({ message: '', blank: false });
    await socket.close();
  });
});

describe('from the console', () => {
  test('P opens it in a page of its own; the panel sets message, break, freeze, blank and nicknames', async () => {
    await page.goto(served.link());
    await show({ people: 6, workers: 2 });
    const [room] = await Promise.all([context.waitForEvent('page'), page.keyboard.press('p')]);
    await room.getByRole('heading', { name: 'Making now' }).waitFor();
    expect(new URL(room.url()).pathname).toBe('/room');

    await page.getByRole('button', { name: 'Room panel' }).click();
    const panel = page.getByRole('dialog', { name: 'Room view' });
    await panel.getByRole('textbox', { name: 'Message for the room' }).fill('Lunch is here');
    await panel.getByRole('textbox', { name: 'Message for the room' }).press('Enter');
    await room.getByText('Lunch is here').waitFor();

    await panel.getByRole('textbox', { name: /^Nicknames/ }).fill('user002, Wren\nnobody at all\n5;x');
    await panel.getByRole('button', { name: 'Set nicknames' }).click();
    await room.getByText('Wren').waitFor();
    expect(await panel.getByRole('list', { name: 'What was left out' }).textContent()).toContain('Line 2');

    await panel.getByRole('textbox', { name: 'Address where people join' }).fill('https://film.example.org');
    await panel.getByRole('textbox', { name: 'Address where people join' }).press('Enter');
    await room.getByText('film.example.org').waitFor();
    await page.screenshot({ path: resolve(pictures, 'panel.png') });
    const session = await context.newCDPSession(page);
    await session.send('Runtime.evaluate', { expression: axeSource });
    expect(await axeFindings()).toEqual([]);

    await panel.getByRole('switch', { name: 'Freeze' }).click();
    await room.getByText(/^Held since/).waitFor();
    await panel.getByRole('switch', { name: 'Freeze' }).click();
    await panel.getByRole('button', { name: '5 minutes', exact: true }).click();
    await room.getByRole('heading', { name: /^Back at/ }).waitFor();
    await panel.getByRole('button', { name: 'End break' }).click();
    await room.getByRole('heading', { name: 'Making now' }).waitFor();
    await panel.getByRole('switch', { name: 'Blank' }).click();
    await room.getByRole('heading', { name: 'The room view is blank' }).waitFor();
    await panel.getByRole('switch', { name: 'Blank' }).click();
    await panel.getByRole('button', { name: 'Clear', exact: true }).click();
    await expect.poll(() => room.getByText('Lunch is here').count()).toBe(0);

    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await page.getByLabel('Find an action').fill('room view: break of 10');
    await page.keyboard.press('Enter');
    await room.getByRole('heading', { name: /^Back at/ }).waitFor();
    expect(faults).toEqual([]);
  });

  test.each(['dark', 'light'] as const)(
    'what holds the room back stands on the Stage with its end, %s',
    async (look) => {
      await page.setViewportSize({ width: 1280, height: 720 });
      await page.goto(served.link());
      if (look === 'light') await page.keyboard.press('l');
      await show({ people: 6, workers: 2 });
      const line = page.getByRole('region', { name: 'Alerts and events' });
      const button = page.getByRole('button', { name: /^Room view/ });
      expect(await line.getByText(/^Room/).count()).toBe(0);
      await served.workshop.room.setFrozen({ frozen: true });
      await line.getByText(/^Room view is held since \d\d:\d\d$/).waitFor();
      expect(await button.textContent()).toContain('held');
      await served.workshop.room.setBreak({ until: Date.now() + 5 * MINUTE });
      await line.getByText(/^Room: back at \d\d:\d\d · held since/).waitFor();
      const height = (await line.boundingBox())?.height;
      await page.screenshot({ path: resolve(pictures, `stage-held-${look}.png`) });
      expect(await axeFindings()).toEqual([]);
      await line.getByRole('button', { name: 'End break' }).click();
      await line.getByRole('button', { name: 'Go live' }).click();
      await expect.poll(() => line.getByText(/^Room/).count()).toBe(0);
      expect(served.workshop.snapshot.room).toMatchObject({
        frozen: false,
        frozenAt: null,
        breakUntil: null,
      });
      expect((await line.boundingBox())?.height).toBe(height);
      expect(await button.textContent()).not.toContain('held');
    },
  );
});
