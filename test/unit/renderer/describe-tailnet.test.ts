import { describe, expect, test } from 'vitest';
import type { MachineView, OwnTailnet, TailnetState, TailnetView } from '../../../src-main/api/types.ts';
import {
  blameTailnet,
  describeOwnTailnet,
  describeTailnet,
} from '../../../src-renderer/components/machines/describe-tailnet.ts';
import { NOW } from './facts.ts';

const MIN = 60_000;
const seen = (state: TailnetState, change: Partial<TailnetView> = {}): TailnetView => ({
  ...{ state, at: NOW - 20_000, since: NOW - 5 * MIN, failed: null, needed: true, health: [] },
  ...change,
});
const own = (state: TailnetState, change: Partial<OwnTailnet> = {}): OwnTailnet => ({
  ...{ ...seen(state), app: true, instead: null },
  ...change,
});
const machine = (role: MachineView['role'], tailnet: TailnetView | null): MachineView => ({
  ...{ id: role, role, name: role === 'vps' ? 'the VPS' : 'the H100', address: 'root@203.0.113.7' },
  link: { kind: 'ready', since: NOW - MIN, rttMs: 30 },
  tailnet,
});
const say = (words: { sentence: string; remedy: string } | null) =>
  words && `${words.sentence} ${words.remedy}`;

const STATES: TailnetState[] = [
  { kind: 'not-installed' },
  { kind: 'daemon-not-running' },
  { kind: 'starting' },
  { kind: 'logged-out', loginUrl: null },
  { kind: 'stopped' },
  { kind: 'needs-machine-auth' },
  { kind: 'key-expired', at: NOW - 60 * MIN, loginUrl: null },
  { kind: 'offline' },
  { kind: 'peer-offline', what: 'Redis', peer: 'vps-1', lastSeen: NOW - 12 * MIN },
  { kind: 'peer-key-expired', what: 'Redis', peer: 'vps-1' },
  { kind: 'peer-absent', what: 'Redis', address: '100.64.0.7' },
  { kind: 'relayed', what: 'Redis', peer: 'vps-1', region: 'fra' },
  { kind: 'key-expiring', at: NOW + 26 * 60 * MIN },
  { kind: 'unknown', why: 'tailscale status ended with code 5' },
];

describe('each state names the machine and what to do', () => {
  test.each(STATES)('$kind', (state) => {
    const here = describeOwnTailnet(own(state), NOW);
    expect(here.tone).not.toBe('ok');
    expect(here.sentence).toMatch(/this computer/);
    expect(here.remedy).toMatch(/\.$/);
    const there = describeTailnet(machine('vps', seen(state)), NOW);
    expect(there?.sentence).toMatch(/the VPS/);
    expect(there?.remedy).toMatch(/\.$/);
    // No two sentences run into each other, and none ends twice.
    for (const words of [here, there]) expect(say(words)).not.toMatch(/\.\.|\s{2}|undefined|NaN/);
  });

  test('fine needs nothing', () => {
    const words = describeOwnTailnet(own({ kind: 'fine', address: '100.64.0.2' }), NOW);
    expect(words).toMatchObject({
      ...{ tone: 'ok', who: 'This computer', broken: false, remedy: '' },
      sentence: 'Tailscale runs on this computer, as 100.64.0.2.',
    });
  });
});

describe('the next step fits the machine', () => {
  test('an app is opened, a server or a Linux computer gets a button, a GPU host is deployed to', () => {
    const out: TailnetState = { kind: 'logged-out', loginUrl: null };
    expect(say(describeOwnTailnet(own(out), NOW))).toBe(
      'Tailscale is logged out on this computer. Open Tailscale and log in.',
    );
    const here = describeOwnTailnet(own(out, { app: false }), NOW);
    expect(here.remedy).toBe('Press “Log it in” under Redis in the header or on Setup.');
    // Beside the button stands only what it leaves over.
    expect(here.beside).toBe('');
    expect(describeOwnTailnet(own(out, { app: false, instead: 'vps' }), NOW).beside).toBe(
      'Redis can also go through the VPS: switch on Setup.',
    );
    expect(here.offer).toMatchObject({ machineId: 'this-computer', remedy: 'join-tailnet' });
    const vps = describeTailnet(machine('vps', seen(out)), NOW);
    expect(vps?.remedy).toBe('Press “Log it in” at its link, in the header or on Setup.');
    expect(vps?.offer).toEqual({
      machineId: 'vps',
      remedy: 'join-tailnet',
      subject: null,
      label: 'Log it in…',
    });
    expect(describeOwnTailnet(own(out), NOW).offer).toBeNull();
    expect(describeTailnet(machine('gpu-host', seen({ kind: 'not-installed' })), NOW)?.remedy).toBe(
      'Look the H100 over on the Hosts screen; it installs Tailscale there.',
    );
  });

  test('nothing is left to type: every state of a server, and of a Linux computer, has a press or a place to go', () => {
    const states: TailnetState[] = [
      { kind: 'not-installed' },
      { kind: 'daemon-not-running' },
      { kind: 'logged-out', loginUrl: null },
      { kind: 'stopped' },
      { kind: 'key-expired', at: null, loginUrl: null },
      { kind: 'key-expiring', at: NOW + 30 * 3_600_000 },
      { kind: 'peer-offline', what: 'Redis', peer: 'vps-1', lastSeen: null },
      { kind: 'peer-key-expired', what: 'Redis', peer: 'vps-1' },
      { kind: 'unknown', why: 'it took too long' },
    ];
    for (const state of states)
      for (const words of [
        describeTailnet(machine('vps', seen(state)), NOW),
        describeTailnet(machine('gpu-host', seen(state)), NOW),
        describeOwnTailnet(own(state, { app: false }), NOW),
        describeOwnTailnet(own(state), NOW),
      ]) {
        expect(words?.remedy).not.toBe('');
        expect(`${words?.sentence} ${words?.remedy}`).not.toMatch(
          /tailscale (up|status)|systemctl|curl|as root/,
        );
      }
    expect(describeTailnet(machine('vps', seen({ kind: 'not-installed' })), NOW)?.offer?.remedy).toBe(
      'install-tailscale',
    );
    const expiring: TailnetState = { kind: 'key-expiring', at: NOW + 30 * 3_600_000 };
    expect(describeTailnet(machine('vps', seen(expiring)), NOW)?.offer?.remedy).toBe('renew-tailnet-key');
  });

  test('a login that was begun is finished by its own link', () => {
    const loginUrl = 'https://login.tailscale.com/a/1a2b';
    const words = describeTailnet(machine('vps', seen({ kind: 'logged-out', loginUrl })), NOW);
    expect(words?.remedy).toBe('Open https://login.tailscale.com/a/1a2b in a browser and log in.');
  });

  test('a peer is named with what it is for, and since when it is gone', () => {
    const state: TailnetState = {
      kind: 'peer-offline',
      what: 'Redis',
      peer: 'vps-1',
      lastSeen: NOW - 12 * MIN,
    };
    expect(describeOwnTailnet(own(state), NOW).sentence).toBe(
      'Tailscale on this computer says that vps-1 (where Redis is) is offline, last seen 12 min ago (13:50).',
    );
  });

  test('a relay works, but slower', () => {
    const state: TailnetState = { kind: 'relayed', what: 'Redis', peer: 'vps-1', region: 'fra' };
    const words = describeOwnTailnet(own(state), NOW);
    expect(words).toMatchObject({ tone: 'warn', broken: false });
    expect(words.sentence).toContain('DERP region “fra”: it works, but slower.');
  });
});

describe('the screen does not lie about age', () => {
  test('an old answer says how old it is', () => {
    const state: TailnetState = { kind: 'fine', address: null };
    const fresh = describeOwnTailnet(own(state, { at: NOW - 60_000 }), NOW).sentence;
    expect(fresh).toBe('Tailscale runs on this computer.');
    expect(describeOwnTailnet(own(state, { at: NOW - 12 * MIN }), NOW).sentence).toBe(
      'Tailscale runs on this computer. That was 12 min ago, at 13:50.',
    );
  });

  test('a look that failed keeps the answer before it, with its time and the reason', () => {
    const view = seen({ kind: 'stopped' }, { at: NOW - 2 * MIN, failed: 'tailscale did not end within 8 s' });
    expect(describeTailnet(machine('vps', view), NOW)?.sentence).toBe(
      'Tailscale is switched off on the VPS. That was at 14:00; the last look failed: tailscale did not end within 8 s.',
    );
  });

  test('unknown says why and since when; not yet asked says nothing', () => {
    const view = seen({ kind: 'unknown', why: 'it took too long' }, { at: null });
    expect(describeTailnet(machine('vps', view), NOW)?.sentence).toBe(
      'How Tailscale stands on the VPS is not known: it took too long. That is so since 13:57.',
    );
    expect(describeTailnet(machine('vps', null), NOW)).toBeNull();
  });
});

test('where Redis is not reached over it, Tailscale is no fault', () => {
  const words = describeTailnet(machine('gpu-host', seen({ kind: 'not-installed' }, { needed: false })), NOW);
  expect(words).toMatchObject({ tone: 'off', broken: false, remedy: '' });
  expect(words?.sentence).toBe('Tailscale is not installed on the H100. Redis is not reached over it.');
});

describe('who is to blame that Redis is lost', () => {
  const fine: TailnetState = { kind: 'fine', address: '100.64.0.2' };
  const out: TailnetState = { kind: 'logged-out', loginUrl: null };

  test('this computer first, with the other way', () => {
    expect(say(blameTailnet(own(out, { instead: 'vps' }), [machine('vps', seen(out))], NOW))).toBe(
      'Tailscale is logged out on this computer. Open Tailscale and log in. Redis can also go through the VPS: switch on Setup.',
    );
  });

  test('then the VPS, where it needs it', () => {
    expect(blameTailnet(own(fine), [machine('vps', seen(out))], NOW)?.sentence).toBe(
      'Tailscale is logged out on the VPS.',
    );
    expect(blameTailnet(own(fine), [machine('vps', seen(out, { needed: false }))], NOW)).toBeNull();
    expect(describeOwnTailnet(own(out, { instead: 'vps-after-login' }), NOW).remedy).toContain(
      'enter its login',
    );
    // What the GPU host lacks does not cut this console off.
    expect(blameTailnet(own(fine), [machine('gpu-host', seen(out))], NOW)).toBeNull();
  });

  test('nobody, while nothing is wrong or known', () => {
    expect(blameTailnet(null, [], NOW)).toBeNull();
    expect(
      blameTailnet(own({ kind: 'relayed', what: 'Redis', peer: 'v', region: 'fra' }), [], NOW),
    ).toBeNull();
    expect(blameTailnet(own({ kind: 'unknown', why: 'x' }), [], NOW)).toBeNull();
  });
});
