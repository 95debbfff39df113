import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../resources/demo/free-port.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { directConnection, type RedisAddress } from '../../../src-main/connections/redis/connect.ts';
import { type LinkTimes, openRedisLink, type RedisLink } from '../../../src-main/connections/redis/link.ts';
import type { LinkState } from '../../../src-main/domain/workshop.ts';
import { startTlsRedis } from './tls-redis.ts';
import { until } from './until.ts';

/** Ten times as fast as in the field, so that tests need no patience. */
const HURRY: Partial<LinkTimes> = {
  pingEveryMs: 50,
  degradedAfterMs: 200,
  lostAfterMs: 400,
  greetWithinMs: 1000,
  retryFirstMs: 20,
  retryMaxMs: 100,
};

const links: RedisLink[] = [];

function open(address: Partial<RedisAddress> & { port: number }, times = HURRY) {
  const link = openRedisLink({
    connect: directConnection({ host: '127.0.0.1', password: null, tls: false, ...address }),
    where: `${address.tls ? 'rediss://' : ''}127.0.0.1:${address.port}`,
    times,
  });
  links.push(link);
  const seen: LinkState[] = [];
  link.onState((state) => seen.push(state));
  return { link, seen, kinds: () => seen.map(({ kind }) => kind) };
}

const reaches = <Kind extends LinkState['kind']>(link: RedisLink, kind: Kind) =>
  until(`the link is ${kind}, it is ${JSON.stringify(link.state())}`, () => {
    const state = link.state();
    return state.kind === kind && (state as Extract<LinkState, { kind: Kind }>);
  });

afterEach(() => {
  for (const link of links.splice(0)) link.close();
});

describe('a link to a Redis with a password', () => {
  let redis: PrivateRedis;
  beforeEach(async () => {
    redis = await startPrivateRedis({ password: 'geheim-1' });
    return () => redis.stop();
  });

  test('becomes ready, measures the round trip, and gives a usable client', async () => {
    const { link } = open({ port: redis.port, password: 'geheim-1' });
    expect(link.state().kind).toBe('connecting');
    const ready = await reaches(link, 'ready');
    expect(ready.rttMs).toBeGreaterThan(0);
    expect(await link.client().ping()).toBe('PONG');
  });

  test('is lost at once when the server is killed, says when it tries again, and comes back by itself', async () => {
    const { link } = open(
      { port: redis.port, password: 'geheim-1' },
      { ...HURRY, degradedAfterMs: 60_000, lostAfterMs: 60_000 },
    );
    await reaches(link, 'ready');
    const before = link.client();
    await redis.kill();
    const lost = await reaches(link, 'lost');
    expect(lost.code).toBe('REDIS_UNREACHABLE');
    expect(lost.retryAt).not.toBeNull();
    expect(() => link.client()).toThrow(/closed the connection|Nothing accepts/);
    await redis.start();
    await reaches(link, 'ready');
    expect(link.client()).not.toBe(before);
  });

  test('keeps saying since when it is lost while it tries again', async () => {
    const { link } = open({ port: redis.port, password: 'geheim-1' });
    await reaches(link, 'ready');
    await redis.kill();
    const { since } = await reaches(link, 'lost');
    await until('it tried again in vain', () => {
      const state = link.state();
      return state.kind === 'lost' && /Nothing accepts/.test(state.why);
    });
    expect(link.state()).toMatchObject({ kind: 'lost', since });
  });

  test('is degraded, then lost, when the server falls silent, and ready when it wakes', async () => {
    const { link, kinds } = open({ port: redis.port, password: 'geheim-1' });
    await reaches(link, 'ready');
    redis.signal('SIGSTOP');
    const pending = link.client().get('x');
    const outcome = pending.then(
      () => 'answered',
      () => 'failed',
    );
    const lost = await reaches(link, 'lost');
    expect(lost.why).toMatch(/silent/);
    expect(kinds()).toContain('degraded');
    // A call that was under way is told, not left hanging.
    expect(await outcome).toBe('failed');
    redis.signal('SIGCONT');
    await reaches(link, 'ready');
  });

  test('ends a session by its signal and begins another', async () => {
    const { link } = open({ port: redis.port, password: 'geheim-1' });
    const sessions: AbortSignal[] = [];
    link.onSession(({ signal }) => sessions.push(signal));
    await reaches(link, 'ready');
    await redis.kill();
    await reaches(link, 'lost');
    expect(sessions.map(({ aborted }) => aborted)).toEqual([true]);
    await redis.start();
    await until('a second session', () => sessions.length === 2);
    expect(sessions.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  test.each([
    { name: 'a wrong password', password: 'falsch', why: /refuses the password/ },
    { name: 'no password', password: null, why: /wants a password/ },
  ])('stops on $name, says what to do, and never shows the password', async ({ password, why }) => {
    const { link, seen } = open({ port: redis.port, password });
    const lost = await reaches(link, 'lost');
    expect(lost).toMatchObject({ code: 'REDIS_AUTH', retryAt: null });
    expect(lost.why).toMatch(why);
    expect(lost.remedy).toMatch(/REDIS_PASSWORD/);
    expect(JSON.stringify(seen)).not.toContain('falsch');
    expect(() => link.client()).toThrow(expect.objectContaining({ code: 'REDIS_AUTH' }));
    // Several pauses pass; a link that waits for a person does not dial.
    const clients = redis.client();
    const connections = async () =>
      Number(/total_connections_received:(\d+)/.exec(await clients.info('stats'))?.[1]);
    const dialled = await connections();
    const { link: other } = open({ port: redis.port, password: 'geheim-1' });
    await reaches(other, 'ready');
    await until('20 pings of another link', async () => (await pings(clients)) >= 20);
    expect(await connections()).toBe(dialled + 1);
    expect(link.state()).toEqual(lost);
  });

  test('tries again after a wrong password when a person asks for it', async () => {
    const { link } = open({ port: redis.port, password: 'neu' });
    await reaches(link, 'lost');
    await redis.client().config('SET', 'requirepass', 'neu');
    link.reconnectNow();
    await reaches(link, 'ready');
  });

  test('asked to connect anew: one that answers is proved and goes on, one that works badly is replaced', async () => {
    const { link, kinds } = open(
      { port: redis.port, password: 'geheim-1' },
      { ...HURRY, lostAfterMs: 600_000 },
    );
    const sessions: AbortSignal[] = [];
    link.onSession(({ signal }) => sessions.push(signal));
    await reaches(link, 'ready');
    const before = link.client();
    link.reconnectNow();
    expect(link.client()).toBe(before);
    redis.signal('SIGSTOP');
    await reaches(link, 'degraded');
    link.reconnectNow();
    expect(link.state()).toMatchObject({ kind: 'connecting', attempt: 1 });
    expect(sessions.map(({ aborted }) => aborted)).toEqual([true]);
    redis.signal('SIGCONT');
    await reaches(link, 'ready');
    expect(link.client()).not.toBe(before);
    // The one that was put aside says nothing any more.
    expect(kinds()).not.toContain('lost');
    expect(sessions).toHaveLength(2);
  });

  test('dials at once when the network is back, instead of waiting for its turn', async () => {
    const { link } = open(
      { port: redis.port, password: 'geheim-1' },
      { ...HURRY, retryFirstMs: 600_000, retryMaxMs: 600_000 },
    );
    await reaches(link, 'ready');
    await redis.kill();
    const lost = await reaches(link, 'lost');
    await redis.start();
    link.wake();
    expect(link.state()).toMatchObject({ kind: 'lost', since: lost.since });
    await reaches(link, 'ready');
  });

  test('proves a link that stands when the network changes, and gives it up soon when nothing answers', async () => {
    const { link } = open(
      { port: redis.port, password: 'geheim-1' },
      { ...HURRY, degradedAfterMs: 600_000, lostAfterMs: 600_000, wakeProbeMs: 100 },
    );
    const { since } = await reaches(link, 'ready');
    const client = link.client();
    link.wake();
    // It answers: the same connection goes on.
    const clients = redis.client();
    const asked = await pings(clients);
    await until('several pings later', async () => (await pings(clients)) > asked + 4);
    expect(link.state()).toMatchObject({ kind: 'ready', since });
    expect(link.client()).toBe(client);
    redis.signal('SIGSTOP');
    link.wake();
    const lost = await reaches(link, 'lost');
    expect(lost.why).toMatch(/silent/);
    redis.signal('SIGCONT');
    await reaches(link, 'ready');
  });

  test('closes once and for all', async () => {
    const { link, kinds } = open({ port: redis.port, password: 'geheim-1' });
    await reaches(link, 'ready');
    link.close();
    link.close();
    expect(link.state()).toEqual({ kind: 'idle' });
    expect(kinds().filter((kind) => kind === 'idle')).toHaveLength(1);
    const watcher = redis.client();
    await until(
      'its connection is gone',
      async () => !/workshop-console/.test(String(await watcher.client('LIST'))),
    );
  });
});

test('a port where nothing listens is lost with a remedy, and is tried again', async () => {
  const { link } = open({ port: await freePort() });
  const lost = await reaches(link, 'lost');
  expect(lost.why).toMatch(/Nothing accepts connections/);
  expect(lost.remedy).toMatch(/REDIS_BIND_IP/);
  expect(lost.retryAt).not.toBeNull();
});

test('an attempt that hangs on the network before is given up for a new one', async () => {
  let dialled = 0;
  const mute = createServer(() => {
    dialled += 1;
  }).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const address = mute.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  try {
    const { link } = open({ port: address.port }, { ...HURRY, greetWithinMs: 600_000 });
    await until('it dialled', () => dialled === 1);
    await until('it dialled anew', () => {
      link.wake();
      return dialled === 2;
    });
    // A second word of the same event changes nothing.
    link.wake();
    expect(link.state()).toMatchObject({ kind: 'connecting' });
    link.close();
    expect(dialled).toBe(2);
  } finally {
    mute.close();
  }
});

describe('TLS', () => {
  test('an own certificate that nobody vouches for stops the link with a reason', async () => {
    await using server = await startTlsRedis();
    const { link } = open({ port: server.tlsPort, tls: true });
    const lost = await reaches(link, 'lost');
    expect(lost).toMatchObject({ retryAt: null });
    expect(lost.why).toMatch(/certificate/);
  });

  test('a trusted certificate leads to ready', async () => {
    await using server = await startTlsRedis();
    const link = openRedisLink({
      connect: directConnection(
        { host: 'localhost', port: server.tlsPort, password: null, tls: true },
        { ca: server.certificate },
      ),
      where: 'localhost',
      times: HURRY,
    });
    links.push(link);
    await reaches(link, 'ready');
    expect(await link.client().ping()).toBe('PONG');
  });

  test('TLS to a port that speaks none is lost with a hint', async () => {
    await using server = await startTlsRedis();
    const { link } = open({ port: server.plainPort, tls: true });
    const lost = await reaches(link, 'lost');
    expect(lost.why).toMatch(/does not answer/);
    expect(lost.remedy).toMatch(/TLS/);
  });

  test('no TLS to a port that wants it is lost with a hint', async () => {
    await using server = await startTlsRedis();
    const { link } = open({ port: server.tlsPort });
    const lost = await reaches(link, 'lost');
    expect(lost.remedy).toMatch(/TLS/);
  });
});

async function pings(client: { info(section: string): Promise<string> }): Promise<number> {
  return Number(/cmdstat_ping:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);
}
