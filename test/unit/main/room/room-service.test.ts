import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { roomFile } from '../../../../src-main/connections/store/room-file.ts';
import type { RoomState } from '../../../../src-main/domain/room/room-state.ts';
import { createRoomService } from '../../../../src-main/services/room.ts';
import { createWorkshopWatch } from '../../../../src-main/services/watch-workshop.ts';
import { roomState } from '../../../support/room-states.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'room-'));
  return () => rm(dir, { recursive: true, force: true });
});

const workshop = { name: 'One', redisAddress: '100.64.0.7:6379', source: { observe: () => () => {} } };

/** As the composition builds it. */
async function open(address: string | null = workshop.redisAddress) {
  const watch = createWorkshopWatch();
  const room = createRoomService({ store: roomFile(dir), watch, now: () => watch.now, publish: watch.room });
  await room.start();
  if (address !== null) {
    watch.turnTo({ ...workshop, redisAddress: address });
    room.turnTo(address);
  }
  return { watch, room, state: () => watch.now.room ?? null };
}

test('what the host set is published, kept, and there again after a restart', async () => {
  const first = await open();
  await first.room.setMessage({ message: ' Show\n\u202eand tell ' });
  await first.room.setNicknames({ csv: 'user004,Lynx\n5,Heron', replace: false });
  await first.room.setNickname({ userId: 'user005', nickname: '' });
  await first.room.setBreak({ until: 1_900_000_000_000 });
  await first.room.setBlank({ blank: true });
  await expect(first.room.setJoin({ join: true })).rejects.toMatchObject({ code: 'WRONG_STATE' });
  await first.room.setUrl({ url: 'https://film.example.org' });
  await first.room.setJoin({ join: true });
  first.room.rememberDisplay({ id: '2', label: 'Projector', width: 1920, height: 1080 });
  const expected: RoomState = {
    message: 'Show and tell',
    breakUntil: 1_900_000_000_000,
    frozen: false,
    blank: true,
    url: 'https://film.example.org',
    join: true,
    nicknames: { user004: 'Lynx' },
  };
  expect(first.state()).toEqual(expected);
  await first.room.setFrozen({ frozen: false });
  first.watch.close();
  expect((await stat(join(dir, 'room.json'))).mode & 0o777).toBe(0o600);

  const second = await open();
  expect(second.state()).toEqual(expected);
  expect(second.room.display()).toMatchObject({ label: 'Projector' });
  await second.room.setUrl({ url: null });
  expect(second.state()).toMatchObject({ url: null, join: false });
  second.watch.close();
});

test('another workshop starts fresh: names of other people would be wrong', async () => {
  const first = await open();
  await first.room.setNickname({ userId: 'user004', nickname: 'Lynx' });
  first.watch.close();
  const second = await open('10.0.0.1:6379');
  expect(second.state()?.nicknames).toEqual({});
  second.watch.close();
});

test('without a workshop nothing can be set; a broken file counts as none; a list of nothing is refused', async () => {
  await writeFile(join(dir, 'room.json'), '{"version":1,"state":{"nicknames":{"__proto__":1}}}');
  const none = await open(null);
  await expect(none.room.setBlank({ blank: true })).rejects.toMatchObject({ code: 'WRONG_STATE' });
  none.watch.close();
  const { room, watch } = await open();
  await expect(room.setNicknames({ csv: 'nothing', replace: true })).rejects.toMatchObject({
    code: 'BAD_INPUT',
  });
  await expect(room.setNickname({ userId: '__proto__', nickname: 'x' })).rejects.toMatchObject({
    code: 'BAD_INPUT',
  });
  watch.close();
});

test('many settings at once are written one after the other; the last one stands', async () => {
  const { room, watch } = await open();
  await Promise.all(Array.from({ length: 20 }, (_, at) => room.setMessage({ message: `message ${at}` })));
  expect(JSON.parse(await readFile(join(dir, 'room.json'), 'utf8')).state.message).toBe('message 19');
  watch.close();
});

test('a frozen picture stays while everything goes on, for those who come later too', async () => {
  let snapshot = roomState(Date.now(), { people: 6, workers: 1 }).snapshot;
  const room = createRoomService({
    store: { load: async () => null, save: async () => {} },
    watch: {
      async *watch() {
        yield { seq: 0, changes: [] };
      },
    },
    now: () => snapshot,
    publish: () => {},
  });
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
