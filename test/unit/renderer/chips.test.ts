import { describe, expect, test } from 'vitest';
import type { HostLinkState, HostQuestion } from '../../../src-main/domain/hosts/host-link.ts';
import type { LinkState } from '../../../src-main/domain/workshop.ts';
import { type ChipStep, chipsOf } from '../../../src-renderer/app/chips.ts';
import { describeMachine } from '../../../src-renderer/components/machines/describe-machine.ts';
import type { FakeState } from '../../support/fake-workshop.ts';
import { host as scripted, worker, workshop } from '../../support/scenarios.ts';
import { stageStates } from '../../support/stage-states.ts';
import { NOW, stateOf } from './facts.ts';

const host = (change: { id?: string } = {}) =>
  scripted({ workers: [worker(1, { kind: 'idle', since: NOW })], ...change }, NOW);
const chip = (state: FakeState, name: RegExp) => {
  const found = chipsOf(stateOf(state), NOW).find((one) => name.test(one.name));
  if (!found) throw new Error(`no chip ${name}`);
  return found;
};
const kinds = (steps: readonly ChipStep[] | undefined) => steps?.map(({ kind }) => kind);

describe('the chip of Redis: each state has its next step', () => {
  const lost = (code: string): LinkState => ({
    ...{ kind: 'lost', since: NOW, code, why: 'It is gone.', remedy: 'Do this.', retryAt: null },
  });
  test.each<[string, LinkState, string[]]>([
    ['idle', { kind: 'idle' }, ['redis-now', 'setup']],
    ['connecting', { kind: 'connecting', since: NOW, attempt: 2 }, ['setup']],
    ['ready', { kind: 'ready', since: NOW, rttMs: 20 }, ['redis-now', 'setup']],
    ['degraded', { kind: 'degraded', since: NOW, why: 'slow', rttMs: 2000 }, ['redis-now', 'setup']],
    ['lost', lost('REDIS_UNREACHABLE'), ['redis-now', 'setup']],
    ['lost for its password', lost('REDIS_AUTH'), ['redis-password', 'redis-now']],
  ])('%s', (_, redis, steps) => {
    const state = workshop(NOW, [], [], { links: { redis } });
    expect(kinds(chip(state, /^Redis/).steps)).toEqual(steps);
  });
});

describe('the chip of the agents: each state has its next step', () => {
  const one = () => workshop(NOW, [host()], []);
  const steps = (state: FakeState) => chip(state, /^Agents?$/).steps;
  const there: ChipStep = { kind: 'host', hostId: 'gpu-1' };
  const log: ChipStep = { kind: 'log', hostId: 'gpu-1' };

  test('none yet leads to the hosts', () => {
    expect(steps(workshop(NOW, [], []))).toEqual([{ kind: 'host', hostId: null }]);
  });

  test('before Redis was ever reached nobody knows, and the step is that of Redis', () => {
    const redis: LinkState = { kind: 'connecting', since: NOW, attempt: 1 };
    const agent = chip(workshop(NOW, [], [], { queueAt: null, links: { redis } }), /^Agent$/);
    expect(agent.short).toBe('not known');
    expect(kinds(agent.steps)).toEqual(['setup']);
  });

  test('reporting: its log, and its host', () => {
    expect(steps(one())).toEqual([log, there]);
  });

  test('silent: its host, and its log', () => {
    expect(steps(stageStates['agent-silent']?.(NOW) ?? one())).toEqual([there, log]);
  });

  test('stopped, another version, not heard yet: its host', () => {
    const stopped = one();
    const [status] = Object.values(stopped.snapshot.hosts).map((view) => view.status);
    if (status) status.phase = 'stopped';
    expect(chip(stopped, /^Agent$/).short).toBe('stopped');
    expect(steps(stopped)).toEqual([there]);
    const other = one();
    for (const view of Object.values(other.snapshot.hosts)) view.mismatch = 'It speaks protocol 9.';
    expect(steps(other)).toEqual([there]);
    const unheard = one();
    for (const view of Object.values(unheard.snapshot.hosts)) view.status = null;
    expect(steps(unheard)).toEqual([there]);
  });

  test('while Redis is lost: what brings Redis back', () => {
    expect(kinds(steps(stageStates['link-lost']?.(NOW) ?? one()))).toEqual(['redis-now', 'setup']);
  });

  test('of several, those that need a look are led to by name and named', () => {
    const fine = workshop(NOW, [host(), host({ id: 'gpu-2' })], []);
    expect(steps(fine)).toEqual([{ kind: 'host', hostId: null }]);
    const silent = structuredClone(fine);
    const second = silent.snapshot.hosts['gpu-2'];
    if (second) second.heardAt = NOW - 95_000;
    const agents = chip(silent, /^Agents$/);
    expect(agents.steps).toEqual([{ kind: 'host', hostId: 'gpu-2' }]);
    expect(agents.sentence).toBe('1 of 2 agents report. The agent on gpu-2 is silent.');
  });
});

describe('the link to a machine: each state has its next step', () => {
  const question: HostQuestion = {
    ...{ id: 'q', machine: 'root@h', keyType: 'ssh-ed25519', fingerprint: 'f' },
    kind: 'host-key',
  };
  const why = { since: NOW, why: 'It is so.', remedy: 'Do this.' };
  test.each<[string, HostLinkState, string[]]>([
    ['idle', { kind: 'idle' }, ['connect']],
    ['connecting', { kind: 'connecting', since: NOW, attempt: 1 }, ['disconnect']],
    ['asking', { kind: 'asking', since: NOW, question }, ['answer', 'disconnect']],
    ['ready', { kind: 'ready', since: NOW, rttMs: 20 }, ['disconnect']],
    ['degraded', { kind: 'degraded', since: NOW, why: 'slow', rttMs: 900 }, ['renew', 'disconnect']],
    ['lost', { kind: 'lost', code: 'HOST_SILENT', retryAt: NOW, ...why }, ['retry', 'setup', 'disconnect']],
    ['a login that is refused', { kind: 'refused', code: 'HOST_REFUSED', ...why }, ['retry', 'setup']],
    [
      'another key',
      { kind: 'refused', code: 'HOST_KEY_CHANGED', stranger: 'the jump host', ...why },
      ['trust-new-key', 'retry'],
    ],
    [
      'another key than the computer says',
      { kind: 'refused', code: 'HOST_KEY_CHANGED', ...why },
      ['retry', 'setup'],
    ],
  ])('%s', (_, link, acts) => {
    const machine = { id: 'vps', role: 'vps', name: 'the VPS', address: 'h', link } as const;
    expect(describeMachine(machine, NOW).acts).toEqual(acts);
  });
});
