import { EventEmitter } from 'node:events';
import type { IpcMain, IpcMainEvent } from 'electron';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { serveIpc } from '../../../src-main/shells/electron/ipc-transport.ts';
import { isOwnSender, isOwnUrl } from '../../../src-main/shells/electron/lock-down.ts';
import { BRIDGE_CHANNEL, type BridgeMessage } from '../../../src-preload/bridge.ts';
import { fakeServices, noRoomDoor } from './fake-services.ts';
import { until } from './until.ts';

const PAGE = { url: 'file:///app/out/renderer/index.html' };
const ROOM_PAGE = { url: 'file:///app/out/renderer/room.html' };
let lastPageId = 0;

/** A page as Electron's main process sees it. */
class FakePage extends EventEmitter {
  readonly id = ++lastPageId;
  readonly mainFrame = { url: PAGE.url };
  readonly got: BridgeMessage[] = [];
  destroyed = false;

  isDestroyed() {
    return this.destroyed;
  }

  send(_channel: string, message: BridgeMessage) {
    if (this.destroyed) throw new TypeError('Object has been destroyed');
    this.got.push(message);
  }

  /** What was answered on one connection, parsed. */
  replies(id: string) {
    const reply = z.looseObject({});
    return this.got.flatMap((message) =>
      message.id === id && 'data' in message ? [reply.parse(JSON.parse(message.data))] : [],
    );
  }
}

function setUp() {
  const ipc = new EventEmitter();
  const fake = fakeServices();
  const transport = serveIpc({
    ipcMain: ipc as unknown as IpcMain,
    services: fake.services,
    roomDoor: noRoomDoor,
    trusts: (event) => isOwnSender(event, PAGE),
    trustsRoom: (event) => isOwnSender(event, ROOM_PAGE),
  });
  const say = (page: FakePage, message: unknown, senderFrame: object | null = page.mainFrame) =>
    void ipc.emit(BRIDGE_CHANNEL, { sender: page, senderFrame } as unknown as IpcMainEvent, message);
  const call = (page: FakePage, id: string, method: string, path: string, input?: unknown) =>
    say(page, { id, data: JSON.stringify({ id: 1, method, params: { path, input } }) });
  return { ...fake, ipc, transport, say, call };
}

let world: ReturnType<typeof setUp>;
let page: FakePage;
beforeEach(() => {
  world = setUp();
  page = new FakePage();
});

async function subscribed(id = 'c1') {
  world.say(page, { id, open: true });
  world.call(page, id, 'subscription', 'workshop.changes');
  await until('messages', () => page.replies(id).length > 2);
}

test('a connection is confirmed, carries a subscription and a mutation, and closes', async () => {
  await subscribed();
  expect(page.got[0]).toEqual({ id: 'c1', open: true });
  world.say(page, { id: 'c2', open: true });
  world.call(page, 'c2', 'mutation', 'jobs.cancel', { jobId: 'a' });
  await until('an answer', () => page.replies('c2').length === 1);
  expect(page.replies('c2')[0]).toMatchObject({ result: { data: { was: 'pending' } } });
  world.say(page, { id: 'c1', close: true });
  await until('the subscription ended', () => world.watching() === 0);
  expect(world.transport.count()).toBe(1);
});

test('errors cross with code and remedy', async () => {
  world.say(page, { id: 'c1', open: true });
  world.call(page, 'c1', 'mutation', 'jobs.cancel', { jobId: 'gone' });
  await until('an answer', () => page.replies('c1').length === 1);
  expect(page.replies('c1')[0]).toMatchObject({
    error: { data: { workshop: { code: 'NOT_FOUND', remedy: 'look again' } } },
  });
});

test('the room view reads its picture, and can call nothing of the console', async () => {
  page.mainFrame.url = ROOM_PAGE.url;
  world.say(page, { id: 'c1', open: true });
  world.call(page, 'c1', 'subscription', 'view');
  await until('a picture', () => page.replies('c1').length > 1);
  for (const [at, path] of ['jobs.cancel', 'room.setBlank', 'settings.disconnect'].entries()) {
    world.say(page, { id: `no${at}`, open: true });
    world.call(page, `no${at}`, 'mutation', path, { jobId: 'a', blank: true });
    await until('an answer', () => page.replies(`no${at}`).length === 1);
    expect(page.replies(`no${at}`)[0]).toMatchObject({ error: { data: { code: 'NOT_FOUND' } } });
  }
  page.emit('destroyed');
  await until('the subscription ended', () => world.watching() === 0);
});

describe('nothing of a page outlives it', () => {
  test('a reload ends its connections; an in-page navigation and a sub-frame do not', async () => {
    await subscribed();
    page.emit('did-start-navigation', { isMainFrame: true, isSameDocument: true });
    page.emit('did-start-navigation', { isMainFrame: false, isSameDocument: false });
    expect(world.transport.count()).toBe(1);
    page.emit('did-start-navigation', { isMainFrame: true, isSameDocument: false });
    expect(world.transport.count()).toBe(0);
    await until('the subscription ended', () => world.watching() === 0);
    await subscribed('c2');
    expect(world.transport.count()).toBe(1);
  });

  test.each(['destroyed', 'render-process-gone'])('%s ends its connections', async (event) => {
    await subscribed();
    page.destroyed = event === 'destroyed';
    page.emit(event);
    expect(world.transport.count()).toBe(0);
    await until('the subscription ended', () => world.watching() === 0);
  });

  test('a hundred reloads leave neither connections nor listeners', async () => {
    for (let reload = 0; reload < 100; reload += 1) {
      world.say(page, { id: `c${reload}`, open: true });
      page.emit('did-start-navigation', { isMainFrame: true, isSameDocument: false });
    }
    expect(world.transport.count()).toBe(0);
    expect(page.listenerCount('did-start-navigation')).toBeLessThanOrEqual(1);
    expect(page.listenerCount('destroyed')).toBeLessThanOrEqual(1);
  });

  test('closing the transport ends all of them and hears nothing more', async () => {
    await subscribed();
    world.transport.close();
    await until('the subscription ended', () => world.watching() === 0);
    world.say(page, { id: 'c9', open: true });
    expect(world.transport.count()).toBe(0);
  });
});

describe('a foreign sender is ignored', () => {
  const foreign: [string, (page: FakePage) => object | null][] = [
    ['a sub-frame with our address', () => ({ url: PAGE.url })],
    ['a frame that is gone', () => null],
  ];
  test.each(foreign)('%s', (_name, frame) => {
    world.say(page, { id: 'c1', open: true }, frame(page));
    expect(world.transport.count()).toBe(0);
    expect(page.got).toEqual([]);
  });

  test.each([
    'https://evil.example/index.html',
    'file:///etc/passwd',
    'file:///app/out/renderer/other.html',
    'about:blank',
    '',
  ])('a main frame that shows %s', (url) => {
    page.mainFrame.url = url;
    world.say(page, { id: 'c1', open: true });
    expect(world.transport.count()).toBe(0);
  });

  test('query and fragment of our own page do not matter', () => {
    expect(isOwnUrl(`${PAGE.url}?a=1#b`, PAGE)).toBe(true);
  });
});

test('messages of a wrong shape are ignored, and one page cannot open sockets without end', () => {
  for (const message of [
    null,
    'x',
    {},
    { id: 1, open: true },
    { id: 'a' },
    { id: 'a', open: true, data: 'x' },
  ])
    world.say(page, message);
  expect(world.transport.count()).toBe(0);
  for (let n = 0; n < 100; n += 1) world.say(page, { id: `c${n}`, open: true });
  expect(world.transport.count()).toBeLessThanOrEqual(8);
  // Another page cannot speak on a connection that is not its own.
  const other = new FakePage();
  world.say(other, { id: 'c1', close: true });
  expect(world.transport.count()).toBeLessThanOrEqual(8);
  expect(world.transport.count()).toBeGreaterThan(0);
});
