import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { byWorkshopFile } from '../../../../src-main/connections/store/by-workshop-file.ts';
import { displayFile, firstRoom } from '../../../../src-main/connections/store/room-file.ts';
import {
  freshRoom,
  ownRoomSchema,
  type RoomContent,
  roomContentSchema,
  roomShape,
} from '../../../../src-main/domain/room/room-state.ts';
import { keptSharedSchema } from '../../../../src-main/domain/shared/shared-document.ts';
import type { WorkshopKey } from '../../../../src-main/domain/workshops/workshop-key.ts';
import { createRoomService } from '../../../../src-main/services/room.ts';
import { createSharedDocument } from '../../../../src-main/services/shared-document.ts';
import { createWorkshopWatch } from '../../../../src-main/services/watch-workshop.ts';
import { WorkshopError } from '../../../../worker-agent/src/contract/errors.ts';
import { roomState } from '../../../support/room-states.ts';
import { memoryDocument, memoryStore } from '../../../support/shared-memory.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'room-'));
  return () => rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

const ONE: WorkshopKey = { id: 'one', address: '100.64.0.7:6379' };
const source = { observe: () => () => {} };

/** As the composition builds it, without a Redis that answers unless one is given. */
async function open(workshop: WorkshopKey | null = ONE, redis?: ReturnType<typeof memoryStore<RoomContent>>) {
  const watch = createWorkshopWatch();
  const notes: string[] = [];
  const note = async (message: string) => void notes.push(message);
  const own = byWorkshopFile(dir, 'room-own.json', ownRoomSchema);
  const shared = createSharedDocument({
    shape: roomShape,
    kept: byWorkshopFile(dir, 'room-shared.json', keptSharedSchema(roomContentSchema)),
    before: async ({ address }) => (await firstRoom(dir, address))?.content,
    store() {
      if (redis) return redis;
      throw new WorkshopError('REDIS_UNREACHABLE', 'Redis cannot be reached.');
    },
    by: () => 'Anna',
    note,
    changed: () => room.sharedChanged(),
  });
  const room = createRoomService({
    shared,
    own: {
      ...own,
      load: async (key) => (await own.load(key)) ?? (await firstRoom(dir, key.address))?.own,
    },
    display: displayFile(dir),
    watch,
    now: () => watch.now,
    publish: watch.room,
    note,
  });
  await room.start();
  const turnTo = async (next: WorkshopKey) => {
    watch.turnTo({ name: 'One', redisAddress: next.address, source });
    room.turnTo(next);
    await expect.poll(() => watch.now.room ?? null).not.toBeNull();
  };
  if (workshop) await turnTo(workshop);
  const close = () => {
    shared.close();
    watch.close();
  };
  return { room, turnTo, close, notes, state: () => watch.now.room ?? null };
}

test('what the host set is published, kept, and there again after a restart', async () => {
  const first = await open();
  await first.room.setMessage({ message: ' Show\n\u202eand tell ' });
  await first.room.setNicknames({ csv: 'user004,Lynx\n5,Heron', replace: false });
  await first.room.setNickname({ userId: 'user005', nickname: '' });
  await first.room.setBreak({ until: 1_900_000_000_000 });
  await first.room.setBlank({ blank: true });
  await first.room.setLight({ light: true });
  await expect(first.room.setJoin({ join: true })).rejects.toMatchObject({ code: 'WRONG_STATE' });
  await first.room.setUrl({ url: 'https://film.example.org' });
  await first.room.setJoin({ join: true });
  first.room.rememberDisplay({ id: '2', label: 'Projector', width: 1920, height: 1080 });
  const expected = {
    message: 'Show and tell',
    breakUntil: 1_900_000_000_000,
    frozen: false,
    frozenAt: null,
    blank: true,
    light: true,
    url: 'https://film.example.org',
    join: true,
    nicknames: { user004: 'Lynx' },
    // Redis is away, and the screens say so.
    shared: { changed: null, unshared: 'Redis cannot be reached.', refused: null },
  };
  expect(first.state()).toEqual(expected);
  await first.room.setFrozen({ frozen: false });
  first.close();
  for (const file of ['room-shared.json', 'room-own.json'])
    expect((await stat(join(dir, file))).mode & 0o777).toBe(0o600);

  const second = await open();
  expect(second.state()).toMatchObject({ ...expected, shared: {} });
  await expect.poll(() => second.room.display()).toMatchObject({ label: 'Projector' });
  await second.room.setUrl({ url: null });
  expect(second.state()).toMatchObject({ url: null, join: false });
  second.close();
});

test('each workshop keeps its own: turning to another and back, and a Redis that moved, lose nothing', async () => {
  const { room, turnTo, state, close } = await open();
  await room.setNickname({ userId: 'user004', nickname: 'Lynx' });
  await room.setMessage({ message: 'Lunch' });
  await room.setFrozen({ frozen: true });
  const other = { id: 'two', address: '10.0.0.1:6379' };
  await turnTo(other);
  expect(state()).toMatchObject({ nicknames: {}, message: '', frozen: false });
  await room.setMessage({ message: 'Other people' });
  room.turnTo(null);
  await turnTo({ ...ONE, address: '100.64.0.99:6379' });
  expect(state()).toMatchObject({ nicknames: { user004: 'Lynx' }, message: 'Lunch', frozen: true });
  expect(state()?.frozenAt).toBeGreaterThan(Date.now() - 60_000);
  // Forgotten and entered again, it has another profile at the same address.
  await turnTo({ id: 'three', address: '100.64.0.99:6379' });
  expect(state()).toMatchObject({ message: 'Lunch' });
  await turnTo(other);
  expect(state()).toMatchObject({ message: 'Other people' });
  close();
});

test('what the first version kept is taken over, and offered to the other hosts', async () => {
  const first = {
    version: 1,
    workshop: ONE.address,
    state: {
      ...{ message: 'Kept', breakUntil: null, frozen: true, blank: false, url: null },
      nicknames: [
        ['user004', 'Lynx'],
        ['user005', 'Heron'],
      ],
    },
    display: { id: '2', label: 'Projector', width: 1920, height: 1080 },
  };
  await writeFile(join(dir, 'room.json'), JSON.stringify(first));
  const redis = memoryStore<RoomContent>();
  redis.stands = {
    ...{ ...roomShape.fresh(), protocol: 1, revision: 4, at: Date.now(), by: 'Ben' },
    nicknames: { user006: 'Wren' },
  };
  const { state, room, close, notes } = await open(ONE, redis);
  expect(state()).toMatchObject({ message: 'Kept', frozen: true, nicknames: { user004: 'Lynx' } });
  expect(room.display()).toMatchObject({ label: 'Projector' });
  await room.setUrl({ url: 'https://film.example.org' });
  expect(redis.stands).toMatchObject({
    ...{ revision: 5, by: 'Anna', message: 'Kept', url: 'https://film.example.org' },
    nicknames: { user004: 'Lynx', user005: 'Heron', user006: 'Wren' },
  });
  expect(notes).toEqual([
    'Brought along what this console knew of the workshop.',
    'Set the address for the room: https://film.example.org.',
  ]);
  close();
});

test('without a workshop nothing can be set; a broken file counts as none; a list of nothing is refused', async () => {
  for (const file of ['room.json', 'room-shared.json', 'room-own.json'])
    await writeFile(join(dir, file), '{"version":1,"state":{"nicknames":{"__proto__":1}}}');
  const none = await open(null);
  for (const act of [none.room.setBlank({ blank: true }), none.room.setMessage({ message: 'x' })])
    await expect(act).rejects.toMatchObject({ code: 'WRONG_STATE' });
  none.close();
  const { room, close } = await open();
  await expect(room.setNicknames({ csv: 'nothing', replace: true })).rejects.toMatchObject({
    code: 'BAD_INPUT',
  });
  await expect(room.setNickname({ userId: '__proto__', nickname: 'x' })).rejects.toMatchObject({
    code: 'BAD_INPUT',
  });
  const names = Array.from({ length: 1000 }, (_, at) => `user${String(at).padStart(4, '0')},N${at}`);
  await room.setNicknames({ csv: names.join('\n'), replace: true });
  await expect(room.setNickname({ userId: 'one-more', nickname: 'x' })).rejects.toMatchObject({
    code: 'BAD_INPUT',
  });
  close();
});

test('many settings at once are kept one after the other; the last one stands', async () => {
  const { room, close } = await open();
  await Promise.all(Array.from({ length: 20 }, (_, at) => room.setMessage({ message: `message ${at}` })));
  close();
  expect(await readFile(join(dir, 'room-shared.json'), 'utf8')).toContain('message 19');
  const later = await open();
  expect(later.state()?.message).toBe('message 19');
  later.close();
});

test('a frozen picture stays while everything goes on, for those who come later too', async () => {
  let snapshot = roomState(Date.now(), { people: 6, workers: 1 }).snapshot;
  const room = createRoomService({
    shared: memoryDocument(roomShape, () => {}),
    own: { load: async () => undefined, save: async () => {} },
    display: { load: async () => null, save: async () => {} },
    watch: {
      async *watch() {
        yield { seq: 0, changes: [] };
      },
    },
    now: () => snapshot,
    publish: () => {},
    note: async () => {},
  });
  room.turnTo(ONE);
  await room.setMessage({ message: '' });
  const look = async () => {
    for await (const view of room.view(new AbortController().signal)) return view;
    throw new Error('there was no picture');
  };
  expect(await look()).toMatchObject({ peopleWaiting: 6, frozenAt: null });
  await room.setFrozen({ frozen: true });
  snapshot = roomState(Date.now(), { people: 1, workers: 1 }).snapshot;
  await room.setMessage({ message: 'Look here' });
  expect(await look()).toMatchObject({
    peopleWaiting: 6,
    message: 'Look here',
    frozenAt: expect.any(Number),
  });
  await room.setFrozen({ frozen: false });
  expect(await look()).toMatchObject({ peopleWaiting: 1, frozenAt: null });
});

test('while it is not known whether the room may see anything, it sees nothing', async () => {
  let load: () => void = () => {};
  const published: unknown[] = [];
  const room = createRoomService({
    shared: memoryDocument(roomShape, () => {}),
    own: {
      load: () =>
        new Promise((done) => {
          load = () => done({ ...freshRoom(), blank: true });
        }),
      save: async () => {},
    },
    display: { load: async () => null, save: async () => {} },
    watch: {
      async *watch() {
        yield { seq: 0, changes: [] };
        load();
        await expect.poll(() => published.at(-1)).toMatchObject({ blank: true });
        yield { seq: 1, changes: [] };
      },
    },
    now: () => roomState(Date.now(), { people: 6, workers: 1 }).snapshot,
    publish: (state) => published.push(state),
    note: async () => {},
  });
  room.turnTo(ONE);
  const seen: boolean[] = [];
  for await (const { blank } of room.view(new AbortController().signal)) seen.push(blank);
  expect(seen).toEqual([true]);
  expect(published[0]).toBeNull();
  expect(published.at(-1)).toMatchObject({ ...freshRoom(), blank: true });
});
