import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { type SshServer, startSshServer } from '../../support/ssh-server.ts';
import { until } from '../main/until.ts';
import { createHostsRig, type HostsRig, HURRIED, readyLink, stateOf } from './hosts-rig.ts';

let server: SshServer;
let proxy: FaultProxy;
let rig: HostsRig;

beforeAll(async () => {
  server = await startSshServer();
});
beforeEach(async () => {
  proxy = await startFaultProxy(server.port);
  rig = createHostsRig(HURRIED);
});
afterEach(async () => {
  rig.close();
  await proxy.stop();
});
afterAll(() => server.close());

test('a cut link says since when and why, keeps trying, and comes back by itself', async () => {
  const link = await readyLink(rig, server, proxy.port);
  const kinds: string[] = [];
  link.onChange((state) => kinds.push(state.kind));
  proxy.cut();
  const lost = await stateOf(
    link,
    'lost',
    ({ code }) => code === 'HOST_LINK_LOST' || code === 'HOST_UNREACHABLE',
  );
  await expect(link.run(['true'])).rejects.toMatchObject({ code: 'HOST_LINK_LOST' });
  const later = await stateOf(link, 'lost', ({ retryAt }) => retryAt > lost.retryAt);
  expect(later.since).toBe(lost.since);
  expect(later.remedy).not.toBe('');
  proxy.mend();
  await stateOf(link, 'ready');
  expect(await link.run(['echo', 'back'])).toMatchObject({ stdout: 'back\n' });
  expect(kinds).not.toContain('connecting');
});

test('a frozen link is called degraded, then lost', async () => {
  const link = await readyLink(rig, server, proxy.port);
  proxy.freeze();
  const degraded = await stateOf(link, 'degraded');
  expect(degraded.why).toContain('has not answered');
  const lost = await stateOf(link, 'lost');
  expect(lost.why).toContain('has not answered');
  proxy.mend();
  await stateOf(link, 'ready');
});

test('asked to connect, a link that works badly is made anew, and one that is ready is left alone', async () => {
  const link = await readyLink(rig, server);
  const { since } = await stateOf(link, 'ready');
  link.connect();
  expect(link.state).toMatchObject({ kind: 'ready', since });
  server.freezeSessions();
  await stateOf(link, 'degraded');
  link.connect();
  expect(link.state).toMatchObject({ kind: 'connecting', attempt: 1 });
  await stateOf(link, 'ready');
  server.killSessions();
});

test('waking up finds a dead link without waiting for the usual silence', async () => {
  const patient = createHostsRig({
    pingEveryMs: 60_000,
    degradedAfterMs: 60_000,
    lostAfterMs: 120_000,
    wakeProbeMs: 200,
  });
  try {
    const link = await readyLink(patient, server, proxy.port);
    await until('its first proof', () => link.state.kind === 'ready' && link.state.rttMs < 1000);
    proxy.freeze();
    patient.wake();
    await stateOf(link, 'lost');
    proxy.mend();
    await stateOf(link, 'ready');
  } finally {
    patient.close();
  }
});

test('each failure has its own name and next step', async () => {
  const { port } = proxy;
  await proxy.stop();
  const closedPort = rig.open({ port });
  expect((await stateOf(closedPort, 'lost')).code).toBe('HOST_REFUSED');
  const noName = rig.open({ host: 'no-such-machine.invalid' });
  expect(await stateOf(noName, 'lost')).toMatchObject({ code: 'HOST_UNREACHABLE' });
  const silent: Server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const hurried = createHostsRig({ dialMs: 300, handshakeMs: 300 });
  try {
    const mute = hurried.open({ port: typeof address === 'object' ? (address?.port ?? 0) : 0 });
    const state = await stateOf(mute, 'lost');
    expect(state.code).toBe('HOST_SILENT');
    expect(state.remedy).toContain('Tailscale');
  } finally {
    hurried.close();
    silent.close();
  }
});

test('what is slow says how slow, and a closed link tells nobody any more', async () => {
  const slow = createHostsRig({ pingEveryMs: 50, slowMs: 150 });
  try {
    const link = await readyLink(slow, server, proxy.port);
    proxy.delay(200);
    expect((await stateOf(link, 'degraded')).why).toMatch(/takes \d+ ms/);
    proxy.delay(0);
    await stateOf(link, 'ready');
    let told = 0;
    link.close();
    link.onChange(() => {
      told += 1;
    });
    server.killSessions();
    link.connect();
    await expect(link.run(['true'])).rejects.toMatchObject({ code: 'HOST_LINK_LOST' });
    expect(told).toBe(0);
    expect(link.state.kind).toBe('idle');
  } finally {
    slow.close();
  }
});
