import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { Redis } from 'ioredis';
import { startPrivateRedis } from '../../resources/demo/private-redis.ts';
import { tunnelledConnection } from '../../src-main/connections/redis/tunnel.ts';
import { createHostsRig, readyLink } from '../integration/hosts/hosts-rig.ts';
import { startSlowLink } from '../support/slow-link.ts';
import { startSshServer } from '../support/ssh-server.ts';

const LINK = { rttMs: 40, megabitsPerSecond: 20 };

/**
 * All over a link of 40 ms and 20 Mbit/s to a real sshd.
 * ssh.rpc.p50: a small command over the channel that stays open, beside a bare round trip over the same kind of link;
 * due within 1.2 times that and 2 ms. ssh.reconnect: from the end of the session on the server to the first answer;
 * due within 1 s. ssh.redis.ratio: PING through the tunnel over PING straight to Redis; due within 1.5.
 */
export async function bench(
  report: (row: {
    name: string;
    value: number;
    unit: string;
    n: number;
    peer?: { name: string; value: number };
  }) => void,
): Promise<void> {
  const calls = process.env.BENCH_SHORT ? 30 : 200;
  const breaks = process.env.BENCH_SHORT ? 3 : 10;
  const server = await startSshServer();
  const redis = await startPrivateRedis({});
  const [toSsh, toRedis] = await Promise.all([
    startSlowLink(server.port, LINK),
    startSlowLink(redis.port, LINK),
  ]);
  // The link's own times, not the hurried ones of the tests.
  const rig = createHostsRig({});
  try {
    const link = await readyLink(rig, server, toSsh.port);

    const bare = await roundTrips(calls);
    await link.run(['true']);
    const rpc = await timed(calls, async () => {
      const { code } = await link.run(['true']);
      if (code !== 0) throw new Error('the command failed');
    });
    report({
      ...{ name: 'ssh.rpc.p50', value: median(rpc), unit: 'ms', n: calls },
      peer: { name: 'bare round trip', value: median(bare) },
    });

    const direct = new Redis({ port: toRedis.port, host: '127.0.0.1' });
    const tunnelled = tunnelledConnection(
      { host: '127.0.0.1', port: redis.port, password: null, tls: false },
      link.forward,
    )({});
    await Promise.all([direct.ping(), tunnelled.ping()]);
    const straight: number[] = [];
    const through: number[] = [];
    // Turn by turn, so that both meet the same machine.
    for (let turn = 0; turn < calls; turn += 1) {
      straight.push(...(await timed(1, () => direct.ping())));
      through.push(...(await timed(1, () => tunnelled.ping())));
    }
    direct.disconnect();
    tunnelled.disconnect();
    report({
      ...{ name: 'ssh.redis.ratio', value: median(through) / median(straight), unit: '×', n: calls },
      peer: { name: 'direct', value: 1 },
    });

    const again: number[] = [];
    for (let turn = 0; turn < breaks; turn += 1) {
      await answers(() => link.run(['true']));
      const from = performance.now();
      server.killSessions();
      await gone(() => link.state.kind !== 'ready');
      await answers(() => link.run(['true']));
      again.push(performance.now() - from);
    }
    report({ name: 'ssh.reconnect', value: median(again), unit: 'ms', n: breaks });
  } finally {
    rig.close();
    await Promise.all([toSsh.stop(), toRedis.stop()]);
    await redis.stop();
    await server.close();
  }
}

/** A byte there and back over a link of the same kind, with nothing in between. */
async function roundTrips(count: number): Promise<number[]> {
  const echo = createServer((socket) => socket.setNoDelay(true).pipe(socket));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const way = await startSlowLink((echo.address() as AddressInfo).port, LINK);
  const socket = connect(way.port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  const took = await timed(count, async () => {
    socket.write('x');
    await once(socket, 'data');
  });
  socket.destroy();
  await way.stop();
  echo.close();
  return took;
}

async function timed(count: number, act: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    const from = performance.now();
    await act();
    took.push(performance.now() - from);
  }
  return took;
}

async function answers(ask: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await ask();
      return;
    } catch {
      await new Promise((done) => setTimeout(done, 5));
    }
  }
}

async function gone(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((done) => setTimeout(done, 1));
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
