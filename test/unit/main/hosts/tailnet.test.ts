import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTailnetHost, readTailnet, type TailnetState } from '../../../../src-main/domain/hosts/tailnet.ts';
import { tailscaleStatus } from '../../../support/tailscale-answers.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const DAY = 24 * 3_600_000;
const REDIS = { what: 'Redis', host: '100.64.0.7' };
const inDays = (days: number) => new Date(NOW + days * DAY).toISOString();

const read = (stdout: string, peers = [REDIS], more: { code?: number; stderr?: string } = {}) =>
  readTailnet({ code: more.code ?? 0, stdout, stderr: more.stderr ?? '' }, peers, NOW);

describe('what tailscale status says becomes one state', () => {
  const cases: [name: string, answer: string, state: TailnetState][] = [
    ['in order', tailscaleStatus(), { kind: 'fine', address: '100.64.0.2' }],
    [
      'logged out',
      tailscaleStatus({ BackendState: 'NeedsLogin', Self: null, Peer: null }),
      { kind: 'logged-out', loginUrl: null },
    ],
    [
      'a login is under way',
      tailscaleStatus({ BackendState: 'NeedsLogin', AuthURL: 'https://login.tailscale.com/a/1a2b3c' }),
      { kind: 'logged-out', loginUrl: 'https://login.tailscale.com/a/1a2b3c' },
    ],
    [
      'a login address that is none',
      tailscaleStatus({ BackendState: 'NeedsLogin', AuthURL: 'javascript:alert(1)' }),
      { kind: 'logged-out', loginUrl: null },
    ],
    ['switched off', tailscaleStatus({ BackendState: 'Stopped' }), { kind: 'stopped' }],
    [
      'not yet approved',
      tailscaleStatus({ BackendState: 'NeedsMachineAuth' }),
      { kind: 'needs-machine-auth' },
    ],
    ['starting', tailscaleStatus({ BackendState: 'Starting' }), { kind: 'starting' }],
    ['just started', tailscaleStatus({ BackendState: 'NoState' }), { kind: 'starting' }],
    [
      'key expires in three days',
      tailscaleStatus({}, { self: { KeyExpiry: inDays(3) } }),
      { kind: 'key-expiring', at: NOW + 3 * DAY },
    ],
    [
      'key expires in a month',
      tailscaleStatus({}, { self: { KeyExpiry: inDays(30) } }),
      { kind: 'fine', address: '100.64.0.2' },
    ],
    [
      'key expired, still running',
      tailscaleStatus({}, { self: { KeyExpiry: inDays(-1) } }),
      { kind: 'key-expired', at: NOW - DAY, loginUrl: null },
    ],
    [
      'key expired, asks for a login',
      tailscaleStatus({ BackendState: 'NeedsLogin' }, { self: { Expired: true } }),
      { kind: 'key-expired', at: null, loginUrl: null },
    ],
    ['no servers of Tailscale', tailscaleStatus({}, { self: { Online: false } }), { kind: 'offline' }],
    [
      'the VPS is offline',
      tailscaleStatus({}, { vps: { Online: false, LastSeen: '2026-11-24T11:48:00Z' } }),
      { kind: 'peer-offline', what: 'Redis', peer: 'vps-1', lastSeen: NOW - 12 * 60_000 },
    ],
    [
      'the VPS was never seen',
      tailscaleStatus({}, { vps: { Online: false } }),
      { kind: 'peer-offline', what: 'Redis', peer: 'vps-1', lastSeen: null },
    ],
    [
      'the key of the VPS expired',
      tailscaleStatus({}, { vps: { Online: true, Expired: true } }),
      { kind: 'peer-key-expired', what: 'Redis', peer: 'vps-1' },
    ],
    [
      'another tailnet',
      tailscaleStatus({}, { vps: null }),
      { kind: 'peer-absent', what: 'Redis', address: '100.64.0.7' },
    ],
    [
      'over a relay',
      tailscaleStatus({}, { vps: { CurAddr: '', Relay: 'fra' } }),
      { kind: 'relayed', what: 'Redis', peer: 'vps-1', region: 'fra' },
    ],
    [
      'over another machine of the tailnet',
      tailscaleStatus({}, { vps: { CurAddr: '', Relay: 'fra', PeerRelay: '203.0.113.9:7777:vni:1' } }),
      { kind: 'relayed', what: 'Redis', peer: 'vps-1', region: null },
    ],
    [
      'idle: nobody knows yet whether it will be relayed',
      tailscaleStatus({}, { vps: { CurAddr: '', Active: false } }),
      { kind: 'fine', address: '100.64.0.2' },
    ],
    [
      'relayed and the key expires within the week: what is felt now comes first',
      tailscaleStatus({}, { self: { KeyExpiry: inDays(5) }, vps: { CurAddr: '' } }),
      { kind: 'relayed', what: 'Redis', peer: 'vps-1', region: 'fra' },
    ],
    [
      'relayed and the key expires tomorrow: what cuts the link comes first',
      tailscaleStatus({}, { self: { KeyExpiry: inDays(1) }, vps: { CurAddr: '' } }),
      { kind: 'key-expiring', at: NOW + DAY },
    ],
  ];
  test.each(cases)('%s', (_name, answer, state) => {
    expect(read(answer).state).toEqual(state);
  });

  test('a peer is found by its MagicDNS name as well; the machine itself is no peer', () => {
    const offline = tailscaleStatus({}, { vps: { Online: false } });
    expect(read(offline, [{ what: 'Redis', host: 'VPS-1.tail1234.ts.net' }]).state.kind).toBe('peer-offline');
    expect(read(tailscaleStatus(), [{ what: 'Redis', host: '100.64.0.2' }]).state.kind).toBe('fine');
  });

  test('of several peers the first that is broken is named', () => {
    const answer = tailscaleStatus({}, { vps: { CurAddr: '' } });
    const peers = [REDIS, { what: 'the H100', host: '100.64.0.9' }];
    expect(read(answer, peers).state).toMatchObject({
      kind: 'peer-offline',
      what: 'the H100',
      peer: 'phone',
    });
  });

  test('its own addresses and its warnings come along', () => {
    const look = read(tailscaleStatus({ Health: ['DNS is broken', 7, '', 'b', 'c', 'd'] }));
    expect(look).toMatchObject({
      addresses: ['100.64.0.2', 'fd7a:115c:a1e0::2'],
      health: ['DNS is broken', 'b', 'c'],
    });
  });
});

describe('without a status', () => {
  test('no program', () => {
    expect(read('', [REDIS], { code: 127, stderr: 'sh: tailscale: not found' }).state).toEqual({
      kind: 'not-installed',
    });
  });

  test.each([
    "failed to connect to local tailscaled; it doesn't appear to be running (sudo systemctl start tailscaled ?)",
    'failed to connect to local Tailscale service; is Tailscale running?',
    'failed to connect to local tailscaled process and failed to enumerate processes',
  ])('no service: %s', (stderr) => {
    expect(read('', [REDIS], { code: 1, stderr }).state).toEqual({ kind: 'daemon-not-running' });
  });

  test('anything else is unknown, with its own words', () => {
    expect(read('', [REDIS], { code: 5, stderr: 'Access \u0007denied\nmore' }).state).toEqual({
      kind: 'unknown',
      why: 'tailscale status ended with code 5: Access denied',
    });
    expect(read('The Tailscale GUI failed to start').state).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('The Tailscale GUI failed to start'),
    });
  });

  test('a state that Tailscale has not had so far is named, not guessed', () => {
    expect(read(tailscaleStatus({ BackendState: 'Dozing' })).state).toEqual({
      kind: 'unknown',
      why: 'Tailscale is in a state that this console does not know: Dozing',
    });
  });
});

describe('a hostile answer', () => {
  const LONG = 'A'.repeat(10_000);

  test('long names, control and direction characters are cut and cleaned', () => {
    const name = `\u001b[31mvps\u202e\u0000<script>${LONG}`;
    const { state, health } = read(
      tailscaleStatus({ Health: [name] }, { vps: { Online: false, HostName: name, LastSeen: LONG } }),
    );
    expect(state).toMatchObject({ kind: 'peer-offline', lastSeen: null });
    const text = JSON.stringify([state, health]);
    expect(text.length).toBeLessThan(500);
    expect(text).toContain('vps<script>AAA');
    expect(text).not.toMatch(/\\u|\u202e/);
  });

  test('missing fields and fields of another kind are no reason to guess', () => {
    expect(read('{"BackendState":"Running"}', []).state).toEqual({ kind: 'fine', address: null });
    expect(
      read('{"BackendState":"Running","Self":7,"Health":"x","Peer":[{}],"AuthURL":{}}').state,
    ).toMatchObject({
      kind: 'peer-absent',
    });
    for (const answer of ['', '{', '[]', 'null', '{"BackendState":7}', `{"a":"${LONG}`])
      expect(read(answer).state.kind, answer.slice(0, 20)).toBe('unknown');
  });

  test('whatever comes, there is a state and nothing is thrown', () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 4 }),
        fc.string(),
        fc.integer({ min: 0, max: 255 }),
        (json, stderr, code) => {
          const look = readTailnet({ code, stdout: json, stderr }, [REDIS], NOW);
          expect(look.state.kind).toBeTypeOf('string');
          expect(JSON.stringify(look).length).toBeLessThan(3000);
        },
      ),
      { numRuns: 200 },
    );
  });
});

test('addresses of a tailnet are told from others', () => {
  expect(
    ['100.64.0.1', '100.127.255.254', 'fd7a:115c:a1e0::7', 'vps-1.tail1234.ts.net', 'VPS.ts.net.'].map(
      isTailnetHost,
    ),
  ).toEqual([true, true, true, true, true]);
  expect(
    ['100.63.0.1', '100.128.0.1', '127.0.0.1', 'fd00::1', 'redis', 'ts.net.example.com', '100.64.0'].map(
      isTailnetHost,
    ),
  ).toEqual(Array(7).fill(false));
});
