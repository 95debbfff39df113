import { pino } from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { createRescueLook, type RescueDeps, startRescuer } from '../../../worker-agent/src/agent/rescuer.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { Stray } from '../../../worker-agent/src/queue/rescue.ts';

const GRACE_MS = 10_000;
const WALK_MS = 15_000;

/** A look whose queue is a list of strays and whose clock is moved by hand. */
function looking(change: Partial<RescueDeps> = {}) {
  const world = {
    strays: [] as Stray[],
    nowhere: [] as Stray[],
    now: 0,
    acts: [] as string[],
    events: [] as string[],
  };
  const act =
    <T>(name: string, answer: T) =>
    async (jobId: string): Promise<T> => {
      world.acts.push(`${name} ${jobId}`);
      return answer;
    };
  const deps: RescueDeps = {
    holdLock: async () => true,
    survey: async () => world.strays,
    findNowhere: async () => world.nowhere,
    tidyEnded: act('tidy', 'completed'),
    peek: async () => ({ kind: 'job', status: 'running', workerId: 'worker-1', userId: 'user001' }),
    giveBackExpired: act('give back', { kind: 'requeued', from: 'worker-1 on gpu0' } as const),
    giveBackUnclaimed: act('unclaim', true),
    revive: act('revive', true),
    dropTwin: act('untwin', true),
    ourWorkers: async () => new Set(['worker-1']),
    emit: (kind, message) => world.events.push(`${kind}: ${message}`),
    log: pino({ level: 'silent' }),
    now: () => world.now,
    ...change,
  };
  const look = createRescueLook(deps, { nowhereMs: WALK_MS, graceMs: GRACE_MS });
  /** Looks once at that moment. */
  const at = async (now: number) => {
    world.now = now;
    await look();
  };
  return { world, at };
}

const ended: Stray = { kind: 'ended', jobId: 'a' };
const unclaimed: Stray = { kind: 'unclaimed', jobId: 'a' };

describe('grace', () => {
  test('a lost lease is acted on at once, everything else only after the grace time', async () => {
    const { world, at } = looking({
      peek: async () => ({ kind: 'job', status: 'completed', workerId: null, userId: 'user001' }),
    });
    world.strays = [ended, { kind: 'expired', jobId: 'b' }];
    await at(0);
    expect(world.acts).toEqual(['give back b']);
    world.strays = [ended];
    await at(GRACE_MS - 1);
    expect(world.acts).toEqual(['give back b']);
    await at(GRACE_MS);
    expect(world.acts).toEqual(['give back b', 'tidy a']);
  });

  test('what was right in between starts its grace time anew', async () => {
    const { world, at } = looking();
    world.strays = [unclaimed];
    await at(0);
    world.strays = [];
    await at(5000);
    world.strays = [unclaimed];
    await at(GRACE_MS + 5000);
    expect(world.acts).toEqual([]);
    await at(2 * GRACE_MS + 5000);
    expect(world.acts).toEqual(['unclaim a']);
  });

  test('all job keys are walked seldom, and what stands nowhere is revived at the second sight', async () => {
    const { world, at } = looking();
    world.nowhere = [{ kind: 'nowhere', jobId: 'a' }];
    await at(WALK_MS / 3 - 1);
    await at(WALK_MS / 3);
    await at(WALK_MS);
    expect(world.acts).toEqual([]);
    await at(WALK_MS / 3 + WALK_MS);
    expect(world.acts).toEqual(['revive a']);
    expect(world.events).toEqual(['job-rescued: Job a stood in no queue; it is back in its place']);
  });
});

describe('reports', () => {
  const theirs: Partial<RescueDeps> = { ourWorkers: async () => new Set(['worker-7']) };

  test("a job of the platform's own worker is reported once, however long it stays, and again when it comes back", async () => {
    const { world, at } = looking(theirs);
    world.strays = [unclaimed];
    for (const now of [0, GRACE_MS, GRACE_MS + 1000, 10 * GRACE_MS]) await at(now);
    expect(world.acts).toEqual([]);
    expect(world.events).toEqual([
      expect.stringMatching(/^job-reported: Job a is being run by worker-1, which no agent of ours knows/),
    ]);
    world.strays = [];
    await at(11 * GRACE_MS);
    world.strays = [unclaimed];
    await at(12 * GRACE_MS);
    await at(13 * GRACE_MS);
    expect(world.events).toHaveLength(2);
  });

  test('a text that cannot be read is reported once and left', async () => {
    const { world, at } = looking({ peek: async () => ({ kind: 'unreadable' }) });
    world.strays = [unclaimed];
    for (const now of [0, GRACE_MS, 2 * GRACE_MS]) await at(now);
    expect(world.acts).toEqual([]);
    expect(world.events).toEqual([
      expect.stringMatching(/^job-reported: .*cannot be read; it was left as it is/),
    ]);
  });

  test('what cannot be given back is reported instead of tried in silence', async () => {
    const { world, at } = looking({ giveBackUnclaimed: async () => false });
    world.strays = [unclaimed];
    for (const now of [0, GRACE_MS, 2 * GRACE_MS]) await at(now);
    expect(world.events).toEqual([expect.stringContaining('could not be given back')]);
  });

  test('nothing is said when somebody was faster', async () => {
    const { world, at } = looking({
      dropTwin: async () => false,
      giveBackExpired: async () => ({ kind: 'left' }),
      tidyEnded: async () => 'still',
    });
    world.strays = [
      { kind: 'doubled', jobId: 'a' },
      { kind: 'expired', jobId: 'b' },
    ];
    await at(0);
    expect(world.events).toEqual([]);
  });
});

test('a cancelled job in no queue is in order: it is looked at once and left', async () => {
  let peeks = 0;
  const { world, at } = looking({
    peek: async () => {
      peeks += 1;
      return { kind: 'job', status: 'cancelled', workerId: null, userId: 'user001' };
    },
  });
  world.nowhere = [{ kind: 'nowhere', jobId: 'a' }];
  for (let walk = 1; walk < 6; walk += 1) await at(walk * WALK_MS);
  expect(peeks).toBe(1);
  expect(world.acts).toEqual([]);
  expect(world.events).toEqual([]);
});

test('one job that cannot be understood does not keep the others waiting; Redis going away ends the look', async () => {
  const odd = new WorkshopError('REDIS_PROTOCOL', 'odd');
  const away = new WorkshopError('REDIS_UNREACHABLE', 'away');
  const seen: string[] = [];
  const { world, at } = looking({
    giveBackExpired: async (jobId) => {
      seen.push(jobId);
      if (jobId === 'odd') throw odd;
      if (jobId === 'away') throw away;
      return { kind: 'requeued', from: 'worker-1 on gpu0' };
    },
  });
  world.strays = ['odd', 'good', 'away', 'never'].map((jobId) => ({ kind: 'expired' as const, jobId }));
  await expect(at(0)).rejects.toThrow('away');
  expect(seen).toEqual(['odd', 'good', 'away']);
});

test('many strays: the lock is renewed on the way, and the look ends when another agent has it', async () => {
  let asked = 0;
  const { world, at } = looking({ holdLock: async () => ++asked < 3 });
  world.strays = Array.from({ length: 100 }, (_, n) => ({ kind: 'expired' as const, jobId: String(n) }));
  await at(0);
  expect(world.acts).toHaveLength(40);
});

test('no look while Redis is not in order, none beside another, none after close', async () => {
  vi.useFakeTimers();
  try {
    let may = false;
    let looks = 0;
    let finish = () => {};
    const { world } = looking();
    const deps = {
      survey: async () => {
        looks += 1;
        await new Promise<void>((done) => {
          finish = done;
        });
        return world.strays;
      },
    };
    const rescuer = startRescuer({ ...literal(), ...deps }, () => may, {
      surveyMs: 1000,
      nowhereMs: WALK_MS,
      graceMs: GRACE_MS,
    });
    await vi.advanceTimersByTimeAsync(3000);
    expect(looks).toBe(0);
    may = true;
    await vi.advanceTimersByTimeAsync(3000);
    expect(looks).toBe(1);
    finish();
    await vi.advanceTimersByTimeAsync(1000);
    expect(looks).toBe(2);
    finish();
    rescuer.close();
    await vi.advanceTimersByTimeAsync(5000);
    expect(looks).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});

function literal(): RescueDeps {
  return {
    holdLock: async () => true,
    survey: async () => [],
    findNowhere: async () => [],
    tidyEnded: async () => 'still',
    peek: async () => ({ kind: 'gone' }),
    giveBackExpired: async () => ({ kind: 'left' }),
    giveBackUnclaimed: async () => false,
    revive: async () => false,
    dropTwin: async () => false,
    ourWorkers: async () => new Set(),
    emit: () => {},
    log: pino({ level: 'silent' }),
  };
}
