import { Redis } from 'ioredis';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../../resources/demo/free-port.ts';
import { startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { channels, keys } from '../../../worker-agent/src/contract/keys.ts';
import {
  type ChangeFeed,
  type ChangeFeedOptions,
  type FeedState,
  openChangeFeed,
} from '../../../worker-agent/src/queue/change-feed.ts';
import { queueRig, submit } from './queue-rig.ts';

const rig = queueRig();
const opened: ChangeFeed[] = [];
afterEach(() => {
  for (const feed of opened.splice(0)) feed.close();
});

const WITHIN = { timeout: 10_000, interval: 5 };

function open(options: Partial<ChangeFeedOptions> & { port?: number; password?: string } = {}) {
  const { port = rig.server.port, password } = options;
  const changed = new Set<string>();
  const states: FeedState[] = [];
  const heard: string[] = [];
  const onResync = vi.fn();
  const connections: Redis[] = [];
  const feed = openChangeFeed({
    connect: (_, required) => {
      const connection = new Redis({
        ...{ host: '127.0.0.1', port, password, retryStrategy: () => 20 },
        ...required,
      });
      connections.push(connection);
      return connection;
    },
    ...{ pingMs: 50, silentMs: 200 },
    onChange: (batch) => {
      for (const key of batch) changed.add(key);
    },
    onResync,
    onState: (state) => states.push(state),
    onMessage: (channel, message) => heard.push(`${channel} ${message}`),
    ...options,
  });
  opened.push(feed);
  return { feed, changed, states, heard, onResync, connections };
}

const live = (feed: ChangeFeed) => vi.waitFor(() => expect(feed.state().kind).toBe('live'), WITHIN);

describe('change feed', () => {
  test('names the keys that anybody changed, ours and the platform’s, and nothing else', async () => {
    const { feed, changed, onResync } = open();
    await live(feed);
    expect(onResync).toHaveBeenCalledTimes(1);
    await rig.redis.set('claim:x', '1');
    await submit(rig.redis, { id: 'job,with,commas' });
    await rig.redis.set(keys.control, '{}');
    await rig.redis.set(keys.workerHeartbeat('worker-1'), 'x', 'EX', 60);
    await vi.waitFor(
      () =>
        expect([...changed].sort()).toEqual([
          ...[keys.control, 'job:job,with,commas', keys.pending, keys.workerHeartbeat('worker-1')],
        ]),
      WITHIN,
    );
    changed.clear();
    await rig.redis.del('job:job,with,commas');
    await vi.waitFor(() => expect([...changed]).toEqual(['job:job,with,commas']), WITHIN);
    await rig.redis.pexpire(keys.workerHeartbeat('worker-1'), 1);
    await vi.waitFor(() => expect(changed.has(keys.workerHeartbeat('worker-1'))).toBe(true), WITHIN);
    expect(await rig.redis.exists(keys.workerHeartbeat('worker-1'))).toBe(0);
  });

  test('a flush of the database asks for a full read', async () => {
    const { feed, onResync } = open();
    await live(feed);
    await rig.redis.set('job:x', '1');
    await rig.redis.flushall();
    await vi.waitFor(() => expect(onResync).toHaveBeenCalledTimes(2), WITHIN);
  });

  test('carries extra channels', async () => {
    const { feed, heard } = open({ channels: [channels.live, channels.updates] });
    await live(feed);
    await rig.redis.publish(channels.live, '{"a":1}');
    await rig.redis.publish(channels.updates, 'ü');
    await rig.redis.publish('other', 'x');
    await vi.waitFor(() => expect(heard).toEqual(['agent:live {"a":1}', 'queue:updates ü']), WITHIN);
  });

  test.each(['tracker', 'subscriber'] as const)('re-arms when the %s alone is cut', async (role) => {
    const { feed, changed, onResync, states, connections } = open({ channels: [channels.live] });
    await live(feed);
    const id = await rig.redis.client('LIST');
    const lines = String(id).split('\n');
    // The subscriber is the client with subscriptions; the tracker has the tracking flag.
    const victim = lines.find((line) => (role === 'tracker' ? / flags=[^ ]*t/ : / sub=2/).test(line));
    await rig.redis.client('KILL', 'ID', /id=(\d+)/.exec(victim ?? '')?.[1] ?? '');
    await vi.waitFor(() => expect(onResync).toHaveBeenCalledTimes(2), WITHIN);
    await live(feed);
    expect(states.map(({ kind }) => kind)).toContain('lost');
    await rig.redis.set('job:after', '1');
    await vi.waitFor(() => expect(changed.has('job:after')).toBe(true), WITHIN);
    expect(connections).toHaveLength(2);
  });

  test('says lost when Redis dies, and resyncs once when it is back', async () => {
    const server = await startPrivateRedis();
    try {
      const { feed, changed, onResync, states } = open({ port: server.port });
      await live(feed);
      await server.kill();
      await vi.waitFor(() => expect(feed.state().kind).toBe('lost'), WITHIN);
      await server.start();
      await live(feed);
      expect(onResync).toHaveBeenCalledTimes(2);
      await server.client().set('job:after', '1');
      await vi.waitFor(() => expect(changed.has('job:after')).toBe(true), WITHIN);
      expect(states.filter(({ kind }) => kind === 'live').length).toBeGreaterThanOrEqual(2);
    } finally {
      await server.stop();
    }
  });

  test('notices a frozen server by its own ping', async () => {
    const server = await startPrivateRedis();
    try {
      const { feed, onResync } = open({ port: server.port });
      await live(feed);
      server.signal('SIGSTOP');
      await vi.waitFor(() => expect(feed.state().kind).toBe('lost'), WITHIN);
      server.signal('SIGCONT');
      await live(feed);
      expect(onResync).toHaveBeenCalledTimes(2);
    } finally {
      server.signal('SIGCONT');
      await server.stop();
    }
  });

  test('starts before Redis does', async () => {
    const port = await freePort();
    const { feed } = open({ port });
    await vi.waitFor(
      () => expect(feed.state()).toMatchObject({ kind: 'lost', error: { code: 'REDIS_UNREACHABLE' } }),
      WITHIN,
    );
    const server = await startPrivateRedis({ port });
    try {
      await live(feed);
    } finally {
      await server.stop();
    }
  });

  test('names a wrong password', async () => {
    const server = await startPrivateRedis({ password: 'right' });
    try {
      const { feed } = open({ port: server.port, password: 'wrong' });
      await vi.waitFor(
        () => expect(feed.state()).toMatchObject({ kind: 'lost', error: { code: 'REDIS_AUTH' } }),
        WITHIN,
      );
    } finally {
      await server.stop();
    }
  });

  test('closes once and says nothing afterwards', async () => {
    const { feed, states, changed, connections } = open();
    await live(feed);
    feed.close();
    feed.close();
    expect(states.filter(({ kind }) => kind === 'closed')).toHaveLength(1);
    await vi.waitFor(() => expect(connections.map(({ status }) => status)).toEqual(['end', 'end']), WITHIN);
    await rig.redis.set('job:after', '1');
    expect(changed.size).toBe(0);
    expect(states.at(-1)).toEqual({ kind: 'closed' });
  });
});
