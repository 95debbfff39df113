import { describe, expect, test } from 'vitest';
import { emptyProfile, type GpuHostProfile } from '../../../src-main/domain/workshops/profile.ts';
import { hostProgress } from '../../../src-renderer/features/setup/host-progress.ts';
import { nextStep, setupSteps } from '../../../src-renderer/features/setup/setup-steps.ts';
import { deployStates } from '../../support/deploy-states.ts';
import { stageStates } from '../../support/stage-states.ts';

/** What the bar of the setup says is judged for each GPU host, and never better than it is known. */

const NOW = Date.parse('2026-11-24T12:00:00Z');
const gpu = (id: string): GpuHostProfile => ({ id, name: id.toUpperCase(), provider: 'verda', login: null });
const profile = {
  ...emptyProfile('w', 'Film'),
  redis: { host: '100.64.0.1', port: 6379, tls: false, through: 'direct' as const },
  vps: { host: 'v', user: null, port: null, keyFile: null },
  gpuHosts: [gpu('h100'), gpu('h200')],
};

type View = NonNullable<Parameters<typeof hostProgress>[1]>[number];
/** What a look found. */
const seen = (id: string, change: Partial<View> = {}): View => {
  const [view] = deployStates.ready?.() ?? [];
  if (!view) throw new Error('no such state');
  return { ...view, targetId: id, hostId: id, lookedAt: NOW - 60_000, ...change };
};
const INSTALLED = {
  ...{ release: 'r', version: '1', previous: null, running: true, stale: false, service: 'system' as const },
};
/** An agent's last word. */
function heard(id: string, phase: 'running' | 'stopped', at: number) {
  const [host] = Object.values(stageStates.busy?.(NOW).snapshot.hosts ?? {});
  if (!host?.status) throw new Error('no such host');
  return { [id]: { ...host, id, heardAt: at, status: { ...host.status, phase, nextWithinMs: 20_000 } } };
}
function steps(views: View[] | undefined, hosts: ReturnType<typeof heard> = {}, connected = true) {
  const all = setupSteps(profile, { connected, hosts: hostProgress(profile.gpuHosts, views, hosts, NOW) });
  const of = (id: string) => {
    const step = all.find((one) => one.id === id);
    return [step?.done, step?.detail];
  };
  return { env: of('env'), deploy: of('deploy'), live: of('live'), next: nextStep(all) };
}

describe('the steps of the setup', () => {
  test('a console that has neither heard nor looked knows nothing, and says so', () => {
    expect(steps(undefined)).toMatchObject({
      env: [null, 'Not known of H100 and H200; look it over'],
      deploy: [null, 'Not known of H100 and H200; look it over'],
      next: 'env',
    });
  });

  test('a connected console is no imported .env: each host must have it', () => {
    const views = [seen('h100', { imported: true }), seen('h200', { imported: false })];
    expect(steps(views).env).toEqual([false, 'Not written to H200 yet']);
    expect(steps([seen('h100'), seen('h200')]).env).toEqual([true, 'Written to H100 and H200']);
    expect(steps([seen('h100')]).env).toEqual([null, 'Not known of H200; look it over']);
  });

  test('an agent on one host is none on the other; one that reports was given its settings', () => {
    const said = steps([seen('h200')], heard('h100', 'running', NOW - 1000));
    expect(said.deploy).toEqual([false, 'Put the agent on H200']);
    expect(said.env).toEqual([true, 'Written to H100 and H200']);
    expect(said.live).toEqual([false, '1 of 2 agents report']);
  });

  test('after an uninstall it is not installed, whatever it reported before', () => {
    const views = [seen('h100', { installed: null }), seen('h200', { installed: INSTALLED })];
    const hosts = { ...heard('h100', 'stopped', NOW - 61_000), ...heard('h200', 'running', NOW - 1000) };
    expect(steps(views, hosts).deploy).toEqual([false, 'Put the agent on H100']);
  });

  test('one that was stopped, is silent, or runs unheard is not called live', () => {
    const one = (views: View[], hosts = {}) =>
      setupSteps(
        { ...profile, gpuHosts: [gpu('h100')] },
        { connected: true, hosts: hostProgress([gpu('h100')], views, hosts, NOW) },
      );
    const deploy = (views: View[], hosts = {}) => one(views, hosts).find(({ id }) => id === 'deploy');
    expect(deploy([], heard('h100', 'stopped', NOW - 90_000))).toMatchObject({
      ...{ done: null, detail: 'H100: the agent was stopped' },
    });
    expect(deploy([], heard('h100', 'running', NOW - 90_000))).toMatchObject({
      ...{ done: null, detail: 'H100: the agent is silent' },
    });
    expect(deploy([seen('h100', { installed: INSTALLED })])).toMatchObject({
      ...{ done: true, detail: 'H100: the agent runs there, but is not heard here' },
    });
    expect(deploy([seen('h100', { installed: { ...INSTALLED, running: false } })])).toMatchObject({
      ...{ done: true, detail: 'H100: the agent does not run' },
    });
    const live = one([], heard('h100', 'running', NOW - 1000)).find(({ id }) => id === 'live');
    expect(live).toMatchObject({ done: true, detail: 'Workers report' });
  });
});
