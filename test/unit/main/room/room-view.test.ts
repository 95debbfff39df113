import { describe, expect, test } from 'vitest';
import { kindOf } from '../../../../src-main/domain/room/room-making.ts';
import { freshRoom } from '../../../../src-main/domain/room/room-state.ts';
import { roomViewOf } from '../../../../src-main/domain/room/room-view.ts';
import { roomState } from '../../../support/room-states.ts';
import { CONTROL, job } from '../../../support/scenarios.ts';

const NOW = 1_772_360_430_000;
const snapshotOf = (script: Parameters<typeof roomState>[1]) => roomState(NOW, script).snapshot;

test('holds names, kinds, progress and waits, and no id, error, address or prompt', () => {
  const snapshot = snapshotOf({ people: 5, workers: 3, busy: 2 });
  for (const one of Object.values(snapshot.jobs)) one.error = 'SECRET';
  const view = roomViewOf(snapshot, { ...freshRoom(), nicknames: { user001: 'Lynx' } }, NOW);
  expect(JSON.stringify(view)).not.toMatch(/job-|worker-|gpu-|SECRET|100\.64|KSampler/);
  expect(view.making.map(({ name, kind }) => [name, kind])).toEqual([
    ['user031', 'video'],
    ['user032', 'image'],
  ]);
  expect(view.next.map(({ name, jobs }) => [name, jobs])).toEqual([
    ['Lynx', 1],
    ['user002', 1],
    ['user003', 1],
    ['user004', 2],
    ['user005', 1],
  ]);
  expect(view).toMatchObject({ warming: 1, free: 0, live: true, makingCount: 2, peopleWaiting: 5 });
  expect(view.counts).toMatchObject({ waiting: 6 });
  expect(view.peopleWord).toBe('people');
  // It stands on a projector: what steers text is taken out.
  expect(roomViewOf(snapshot, freshRoom(), NOW, 'art\u202eists').peopleWord).toBe('artists');
});

test('"made today" counts since midnight of this laptop, and says nothing while the finished jobs are being read', () => {
  const snapshot = snapshotOf({ people: 0, workers: 1 });
  const midnight = new Date(NOW).setHours(0, 0, 0, 0);
  // Redis's clock goes an hour ahead of this laptop's.
  snapshot.clockOffsetMs = 3_600_000;
  snapshot.jobs = Object.fromEntries(
    [-1, 0, 1].map((minutes) => {
      const completedAt = midnight + minutes * 60_000 + 3_600_000;
      return [`m${minutes}`, job(1, 'completed', NOW, { id: `m${minutes}`, completedAt })];
    }),
  );
  if (snapshot.counts) snapshot.counts.completed = 3;
  const today = () => roomViewOf(snapshot, freshRoom(), NOW).counts?.madeToday;
  expect(today()).toEqual({ count: 2, atLeast: false });
  if (snapshot.counts) snapshot.counts.completed = 40;
  expect(today()).toBeNull();
  snapshot.clockOffsetMs = null;
  expect(today()).toBeNull();
});

test('"made today" stays when the platform has finished more jobs than are listed, and says so when the list is too short', () => {
  const snapshot = snapshotOf({ people: 0, workers: 1 });
  const midnight = new Date(NOW).setHours(0, 0, 0, 0);
  snapshot.clockOffsetMs = 0;
  const listed = (fromMidnightMinutes: number, count: number) => {
    snapshot.jobs = Object.fromEntries(
      Array.from({ length: count }, (_, at) => {
        const completedAt = midnight + (fromMidnightMinutes + at) * 60_000;
        return [`c${at}`, job(at, 'completed', NOW, { id: `c${at}`, completedAt })];
      }),
    );
    return roomViewOf(snapshot, freshRoom(), NOW).counts?.madeToday;
  };
  if (snapshot.counts) snapshot.counts.completed = 5000;
  expect(listed(-900, 1000)).toEqual({ count: 100, atLeast: false });
  expect(listed(0, 1000)).toEqual({ count: 1000, atLeast: true });
  // The newest are read first, page by page.
  expect(listed(-200, 400)).toBeNull();
});

describe('only machines that can be counted on are free, warm up, or are ready', () => {
  const pictured = (change: (snapshot: ReturnType<typeof snapshotOf>) => void, people = 12, later = 0) => {
    const snapshot = snapshotOf({ people, workers: 3, busy: 0 });
    snapshot.queueAt = NOW + later;
    change(snapshot);
    return roomViewOf(snapshot, freshRoom(), NOW + later);
  };
  const hostOf = ({ hosts }: ReturnType<typeof snapshotOf>) => {
    const one = hosts['gpu-1'];
    if (!one?.status) throw new Error('there is no host');
    return { one, status: one.status };
  };

  test('those of an agent that speaks', () => {
    expect(pictured(() => {})).toMatchObject({ warming: 2, free: 1, noMachine: null });
  });

  test('none of an agent that should have spoken by now, with its last word', () => {
    const { heardAt } = hostOf(snapshotOf({ people: 1, workers: 1 })).one;
    expect(pictured(() => {}, 12, 60_000)).toMatchObject({ warming: 0, free: 0, noMachine: { heardAt } });
    expect(pictured(() => {}, 0, 60_000)).toMatchObject({ noMachine: { heardAt } });
  });

  test.each(['stopping', 'stopped'] as const)('none of an agent that is %s', (phase) => {
    const view = pictured((snapshot) => {
      hostOf(snapshot).status.phase = phase;
    });
    expect(view).toMatchObject({ warming: 0, free: 0, noMachine: { heardAt: expect.any(Number) } });
  });

  test('none that is drained or about to be; that is no silence', () => {
    const view = pictured((snapshot) => {
      const { one, status } = hostOf(snapshot);
      one.desired = {
        ...{ protocol: 1, revision: 2, at: NOW, by: 'Anna', workers: 3 },
        drained: status.workers.map(({ id }) => id),
      };
    });
    expect(view).toMatchObject({ warming: 0, free: 0, noMachine: { heardAt: null } });
  });

  test('one whose next job waits for memory is not free, and yet a machine', () => {
    const view = pictured((snapshot) => {
      for (const { state } of hostOf(snapshot).status.workers)
        if (state.kind === 'idle') state.waitingFor = { jobId: 'x', needMiB: 60_000, freeMiB: 20_000 };
    });
    expect(view).toMatchObject({ free: 0, noMachine: null });
  });

  test('a lost link says nothing of the machines: what was known stays', () => {
    const view = pictured(
      (snapshot) => {
        snapshot.queueAt = NOW;
        snapshot.links.redis = {
          ...{ kind: 'lost', since: NOW, code: 'X', why: '', remedy: '', retryAt: null },
        };
      },
      12,
      600_000,
    );
    expect(view).toMatchObject({ live: false, free: 1, noMachine: null });
  });

  test("without any agent it is said only when people wait and the platform's own worker makes nothing", () => {
    const none = (people: number, change: (snapshot: ReturnType<typeof snapshotOf>) => void = () => {}) =>
      pictured((snapshot) => {
        snapshot.hosts = {};
        change(snapshot);
      }, people).noMachine;
    expect(none(0)).toBeNull();
    expect(none(3)).toEqual({ heardAt: null });
    expect(
      none(3, ({ jobs }) => {
        jobs.other = job(2, 'running', NOW, { id: 'other', workerId: 'elsewhere' });
      }),
    ).toBeNull();
  });
});

test('a job that has ended is not in the making, whatever its worker still says; one of a foreign worker is', () => {
  const snapshot = snapshotOf({ people: 1, workers: 2 });
  snapshot.jobs['job-run-1'] = job(1, 'completed', NOW, { id: 'job-run-1' });
  snapshot.jobs.other = job(2, 'running', NOW, { id: 'other', userId: 'user077', workerId: 'elsewhere' });
  const { making } = roomViewOf(snapshot, freshRoom(), NOW);
  expect(making.map(({ name }) => name)).toEqual(['user032', 'user077']);
  expect(making[1]).toMatchObject({ fraction: null, heardAt: null });
});

test('what is brought away is nearly done, beside what its worker has taken next, and never begins anew', () => {
  const snapshot = snapshotOf({ people: 1, workers: 2, busy: 1 });
  const host = Object.values(snapshot.hosts)[0];
  if (!host?.status) throw new Error('no status');
  snapshot.jobs.left = job(2, 'running', NOW, { id: 'left', userId: 'user077', workerId: 'worker-1' });
  host.status.finishing = [{ jobId: 'left', userId: 'user077', workerId: 'worker-1', since: NOW - 5000 }];
  const { making, makingCount } = roomViewOf(snapshot, freshRoom(), NOW);
  expect(making.map(({ name, phase, fraction }) => [name, phase, fraction]).at(0)).toEqual([
    ...['user077', 'finishing', 1],
  ]);
  expect(making[1]?.name).toBe('user031');
  expect(makingCount).toBe(2);
});

test('people stand in the order in which they come, as simulated, in every mode; on hold last', () => {
  const snapshot = snapshotOf({ people: 4, workers: 1 });
  const order = () => roomViewOf(snapshot, freshRoom(), NOW).next.map(({ name }) => name);
  const soon = { kind: 'range', low: 0, p50: 0, p90: 900, guess: true } as const;
  const { waits } = snapshot;
  if (!waits) throw new Error('there are no waits');
  snapshot.control = { ...CONTROL, heldUsers: ['user001'] };
  expect(order()).toEqual(['user002', 'user003', 'user004', 'user001']);
  for (const mode of ['fifo', 'priority', 'round_robin', 'fair'] as const) {
    // Next turn for user004, and user002 is at its cap.
    snapshot.control = { ...CONTROL, mode, heldUsers: ['user001'], nextTurn: 'user004' };
    waits.byUser.user004 = soon;
    waits.byUser.user002 = { ...soon, p50: 900_000 };
    expect(order()).toEqual(['user004', 'user003', 'user002', 'user001']);
    // Two workers are free, so both start in the same second.
    waits.byUser.user002 = soon;
    expect(order()[0]).toBe('user004');
    expect(roomViewOf(snapshot, freshRoom(), NOW).next[0]).toMatchObject({ turn: { guess: true } });
  }
});

test('people whose start cannot be estimated stand as the queue has them, the next turn first', () => {
  const snapshot = snapshotOf({ people: 4, workers: 1 });
  const order = () => roomViewOf(snapshot, freshRoom(), NOW).next.map(({ name }) => name);
  snapshot.control = { ...CONTROL, heldUsers: ['user001'], nextTurn: 'user004' };
  snapshot.waits = null;
  expect(order()).toEqual(['user004', 'user002', 'user003', 'user001']);
});

test('before anything is known nothing is zero', () => {
  const snapshot = snapshotOf({ people: 0, workers: 0 });
  Object.assign(snapshot, { queueAt: null, counts: null, name: null });
  expect(roomViewOf(snapshot, freshRoom(), NOW)).toMatchObject({ knownAt: null, counts: null, title: null });
});

test('many workers and people stay a small picture', () => {
  const snapshot = snapshotOf({ people: 500, workers: 60 });
  const view = roomViewOf(snapshot, freshRoom(), NOW);
  expect(view.next).toHaveLength(80);
  expect(view.peopleWaiting).toBe(500);
  expect(view.makingCount).toBe(60);
  expect(JSON.stringify(view).length).toBeLessThan(20_000);
});

describe('kinds in one plain word', () => {
  test.each([
    ['ltx2 text to video', 'video'],
    ['ltx2 image to video', 'video'],
    ['flux2 image', 'image'],
    ['qwen image edit', 'image'],
    ['upscale', 'image'],
    ['audio', 'sound'],
    ['3d', '3d'],
    ['workflow', null],
    ['<img src=x>', null],
  ])('%s is %s', (label, kind) => expect(kindOf(label)).toBe(kind));
});
