import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { createControlStore } from '../../../src-main/connections/redis/control-store.ts';
import { createLiveModel } from '../../../src-main/domain/live-model.ts';
import { createFleetService } from '../../../src-main/services/fleet.ts';
import { commandSchema, type Reply } from '../../../worker-agent/src/contract/command.ts';
import { desiredStateSchema, queueControlSchema } from '../../../worker-agent/src/contract/desired.ts';
import { agentEventSchema } from '../../../worker-agent/src/contract/event.ts';
import { keys, STREAM_FIELD } from '../../../worker-agent/src/contract/keys.ts';
import { PROTOCOL_VERSION } from '../../../worker-agent/src/contract/protocol.ts';
import { hostStatus } from '../../unit/main/host-status.ts';
import { until } from './until.ts';

let redis: PrivateRedis;
let db: Redis;
beforeAll(async () => {
  redis = await startPrivateRedis();
  db = redis.client();
});
afterAll(() => redis.stop());
beforeEach(async () => void (await db.flushall()));

/** One console with its own connection, which has heard of one host. */
function consoleOf(
  by: string,
  workerIds = ['worker-1', 'worker-2', 'worker-3'],
  mismatch?: string,
  expiryMs?: number,
) {
  const model = createLiveModel();
  model.observe({
    kind: 'host-status',
    hostId: 'h100',
    status: hostStatus({}, workerIds),
    heardAt: Date.now(),
  });
  if (mismatch !== undefined) model.observe({ kind: 'host-mismatch', hostId: 'h100', mismatch });
  const store = createControlStore(() => db, { expiryMs });
  return createFleetService({ control: () => store, now: () => model.now, by: () => by });
}

const wanted = async () =>
  desiredStateSchema.parse(JSON.parse((await db.get(keys.hostDesired('h100'))) ?? 'null'));

describe('what is wanted of a host', () => {
  test('is written with revision, author and Redis time, and the receipt allows an undo', async () => {
    const fleet = consoleOf('anna@laptop');
    const first = await fleet.setCount({ hostId: 'h100', workers: 3, revision: null });
    expect(first).toEqual({
      hostId: 'h100',
      revision: 1,
      before: { workers: 3, drained: [] },
      wanted: { workers: 3, drained: [] },
    });
    const second = await fleet.setCount({ hostId: 'h100', workers: 1, revision: 1 });
    expect(second).toMatchObject({ revision: 2, before: { workers: 3 }, wanted: { workers: 1 } });
    const state = await wanted();
    expect(state).toMatchObject({ protocol: PROTOCOL_VERSION, revision: 2, by: 'anna@laptop', workers: 1 });
    expect(Math.abs(state.at - Date.now())).toBeLessThan(60_000);
  });

  test('two hosts who click at once: one wins, the other reads who changed what', async () => {
    const [anna, ben] = [consoleOf('anna@laptop'), consoleOf('ben@tablet')];
    await anna.setCount({ hostId: 'h100', workers: 2, revision: null });
    const outcomes = await Promise.allSettled([
      anna.setCount({ hostId: 'h100', workers: 3, revision: 1 }),
      ben.drain({ hostId: 'h100', workerIds: ['worker-2'], revision: 1 }),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await wanted()).revision).toBe(2);
    const refused = outcomes.find((outcome) => outcome.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'CONFLICT', retryable: true });
    expect(refused?.reason.message).toMatch(
      /^(anna@laptop|ben@tablet) changed it \d+ s ago: \d workers? wanted/,
    );
  });

  test('a click on an outdated screen is refused, whatever it asks for', async () => {
    const [anna, ben] = [consoleOf('anna@laptop'), consoleOf('ben@tablet')];
    await anna.setCount({ hostId: 'h100', workers: 0, revision: null });
    await expect(ben.setCount({ hostId: 'h100', workers: 2, revision: null })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/anna@laptop .* 0 workers wanted\./),
    });
    expect((await wanted()).workers).toBe(0);
  });

  test('drain and resume name workers; without names they mean all', async () => {
    const fleet = consoleOf('anna');
    expect(await fleet.drain({ hostId: 'h100', workerIds: [], revision: null })).toMatchObject({
      wanted: { workers: 3, drained: ['worker-1', 'worker-2', 'worker-3'] },
    });
    expect(await fleet.resume({ hostId: 'h100', workerIds: ['worker-2'], revision: 1 })).toMatchObject({
      wanted: { drained: ['worker-1', 'worker-3'] },
    });
    expect(await fleet.drain({ hostId: 'h100', workerIds: ['worker-1'], revision: 2 })).toMatchObject({
      wanted: { drained: ['worker-1', 'worker-3'] },
    });
    expect(await fleet.resume({ hostId: 'h100', workerIds: [], revision: 3 })).toMatchObject({
      wanted: { drained: [] },
    });
  });

  test('a worker that is scaled away does not come back drained', async () => {
    const fleet = consoleOf('anna');
    await fleet.drain({ hostId: 'h100', workerIds: ['worker-1', 'worker-3'], revision: null });
    expect(await fleet.setCount({ hostId: 'h100', workers: 2, revision: 1 })).toMatchObject({
      wanted: { workers: 2, drained: ['worker-1'] },
    });
  });

  test('more workers than the host can run are refused with its limit', async () => {
    await expect(
      consoleOf('anna').setCount({ hostId: 'h100', workers: 4, revision: null }),
    ).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('at most 3'),
    });
    expect(await db.exists(keys.hostDesired('h100'))).toBe(0);
  });

  test('an unknown host, and one of another protocol, are refused before anything is written', async () => {
    const ask = { hostId: 'elsewhere', workers: 1, revision: null };
    await expect(consoleOf('anna').setCount(ask)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const fleet = consoleOf('anna', [], 'The agent speaks protocol 9.');
    await expect(fleet.setCount({ ...ask, hostId: 'h100' })).rejects.toMatchObject({
      code: 'PROTOCOL_MISMATCH',
    });
    expect(await db.keys('agent:*')).toEqual([]);
  });

  test('a wanted state of a newer console is neither used nor overwritten', async () => {
    const theirs = JSON.stringify({ protocol: PROTOCOL_VERSION + 1, revision: 7, replicas: 2 });
    await db.set(keys.hostDesired('h100'), theirs);
    await expect(
      consoleOf('anna').setCount({ hostId: 'h100', workers: 1, revision: 7 }),
    ).rejects.toMatchObject({ code: 'PROTOCOL_MISMATCH' });
    expect(await db.get(keys.hostDesired('h100'))).toBe(theirs);
  });
});

test('the queue is held and released by compare-and-set, and the story tells who did it', async () => {
  const fleet = consoleOf('anna@laptop');
  expect(await fleet.holdQueue({ held: true, revision: null })).toEqual({ revision: 1 });
  expect(await fleet.setMode({ mode: 'round_robin', revision: 1 })).toEqual({ revision: 2 });
  const control = queueControlSchema.parse(JSON.parse((await db.get(keys.control)) ?? 'null'));
  expect(control).toMatchObject({
    held: true,
    mode: 'round_robin',
    heldUsers: [],
    nextTurn: null,
    by: 'anna@laptop',
  });
  await expect(consoleOf('ben').holdQueue({ held: false, revision: 1 })).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(/anna@laptop .* the queue is held, mode round_robin\./),
  });
  const story = await db.xrange(keys.events, '-', '+');
  const events = story.map(([, fields]) =>
    agentEventSchema.parse(JSON.parse(fields[fields.indexOf(STREAM_FIELD) + 1] ?? '')),
  );
  expect(events.map(({ kind, by }) => [kind, by])).toEqual([
    ['control-changed', 'anna@laptop'],
    ['control-changed', 'anna@laptop'],
  ]);
});

describe('one-off orders', () => {
  /** An agent that answers the next command. */
  async function answer(outcome: Reply['outcome']) {
    const [, fields] = await until(
      'a command',
      async () => (await db.xrange(keys.hostCommands('h100'), '-', '+'))[0],
    );
    const command = commandSchema.parse(JSON.parse(fields?.[fields.indexOf(STREAM_FIELD) + 1] ?? ''));
    const reply: Reply = { protocol: PROTOCOL_VERSION, commandId: command.id, at: Date.now(), outcome };
    await db.set(keys.reply(command.id), JSON.stringify(reply));
    return command;
  }

  test('carry an expiry by Redis time, and the reply comes back as a sentence', async () => {
    const asking = consoleOf('anna').restartWorker({ hostId: 'h100', workerId: 'worker-2' });
    const command = await answer({ kind: 'done', message: 'worker-2 restarts.' });
    expect(await asking).toEqual({ message: 'worker-2 restarts.' });
    expect(command).toMatchObject({ by: 'anna', request: { verb: 'restart-worker', workerId: 'worker-2' } });
    expect(command.expiresAt - Date.now()).toBeGreaterThan(5_000);
    expect(command.expiresAt - Date.now()).toBeLessThanOrEqual(10_500);
  });

  test('a refusal keeps the agent’s code and words', async () => {
    const asking = consoleOf('anna').freeVram({ hostId: 'h100', workerId: 'worker-9' });
    const refused = expect(asking).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no worker-9.',
    });
    await answer({ kind: 'refused', code: 'NOT_FOUND', message: 'There is no worker-9.' });
    await refused;
  });

  test('an agent that does not answer is reported as silent', async () => {
    await expect(
      consoleOf('anna', [], undefined, 100).restartWorker({ hostId: 'h100', workerId: 'worker-1' }),
    ).rejects.toMatchObject({
      code: 'AGENT_SILENT',
      retryable: true,
      remedy: expect.stringContaining('expired'),
    });
  });
});
