import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { freePort } from '../../../resources/demo/free-port.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import type { HostLink } from '../../../src-main/connections/hosts/host-link.ts';
import { openRedisLink, type RedisLink } from '../../../src-main/connections/redis/link.ts';
import { tunnelledConnection } from '../../../src-main/connections/redis/tunnel.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { type SshServer, startSshServer } from '../../support/ssh-server.ts';
import { startTlsRedis } from '../main/tls-redis.ts';
import { until } from '../main/until.ts';
import { createHostsRig, type HostsRig, readyLink, stateOf } from './hosts-rig.ts';

const HURRY = {
  pingEveryMs: 100,
  degradedAfterMs: 500,
  lostAfterMs: 1500,
  greetWithinMs: 3000,
  retryFirstMs: 20,
  retryMaxMs: 100,
};

let server: SshServer;
let redis: PrivateRedis;
let proxy: FaultProxy;
let rig: HostsRig;
let vps: HostLink;
const links: RedisLink[] = [];

beforeAll(async () => {
  server = await startSshServer();
});
beforeEach(async () => {
  redis = await startPrivateRedis({ password: 'secret' });
  proxy = await startFaultProxy(server.port);
  rig = createHostsRig();
  vps = await readyLink(rig, server, proxy.port);
});
afterEach(async () => {
  for (const link of links.splice(0)) link.close();
  rig.close();
  await proxy.stop();
  await redis.stop();
});
afterAll(() => server.close());

function open(
  port: number,
  more: { tls?: boolean; ca?: string; host?: string; password?: null } = {},
): RedisLink {
  const address = {
    host: more.host ?? '127.0.0.1',
    port,
    password: more.password === null ? null : 'secret',
    tls: more.tls ?? false,
  };
  const trust = more.ca ? { ca: more.ca } : {};
  const link = openRedisLink({
    connect: tunnelledConnection(address, vps.forward, trust),
    where: `${address.host}:${port}`,
    times: HURRY,
  });
  links.push(link);
  return link;
}

const reaches = (link: RedisLink, kind: string) =>
  until(`Redis is ${kind}, it is ${JSON.stringify(link.state())}`, () => link.state().kind === kind);

test('Redis answers through the VPS, from the VPS, also after it was started anew', async () => {
  const link = open(redis.port);
  await reaches(link, 'ready');
  await link.client().set('a', '1');
  expect(await link.client().get('a')).toBe('1');
  expect(vps.state.kind).toBe('ready');
  await redis.kill();
  await reaches(link, 'lost');
  await redis.start();
  await reaches(link, 'ready');
  expect(await link.client().ping()).toBe('PONG');
});

test('when the SSH link drops, Redis is lost for that reason, and comes back with it', async () => {
  const link = open(redis.port);
  await reaches(link, 'ready');
  proxy.cut();
  await until('it says why', () => {
    const state = link.state();
    return state.kind === 'lost' && /VPS/.test(state.why);
  });
  proxy.mend();
  await stateOf(vps, 'ready');
  await reaches(link, 'ready');
  expect(await link.client().ping()).toBe('PONG');
});

test('a port where nothing listens, seen from the VPS, says so', async () => {
  const link = open(await freePort());
  await reaches(link, 'lost');
  expect(link.state()).toMatchObject({
    code: 'REDIS_UNREACHABLE',
    why: expect.stringContaining('The VPS finds'),
  });
  expect(vps.state.kind).toBe('ready');
});

test('TLS is spoken with Redis itself, not with the VPS', async () => {
  await using secured = await startTlsRedis();
  const link = open(secured.tlsPort, {
    tls: true,
    ca: secured.certificate,
    host: 'localhost',
    password: null,
  });
  await reaches(link, 'ready');
  expect(await link.client().ping()).toBe('PONG');
});

test('what it keeps open on the way is closed with it', async () => {
  const before = server.sessions();
  for (let round = 0; round < 5; round++) {
    const link = open(redis.port);
    await reaches(link, 'ready');
    link.close();
  }
  await until('no connection is left at Redis', async () => {
    const look = open(redis.port);
    await reaches(look, 'ready');
    const clients = await look.client().client('LIST');
    look.close();
    return String(clients).trim().split('\n').length === 1;
  });
  expect(server.sessions()).toBeLessThanOrEqual(before + 1);
});
