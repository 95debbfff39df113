import { describe, expect, test } from 'vitest';
import { describeStage } from '../../../src-renderer/features/stage/describe-stage.ts';
import type { StageFacts } from '../../../src-renderer/features/stage/facts.ts';
import { isScaling, wantedOf } from '../../../src-renderer/features/stage/host-health.ts';
import { busyState, CONTROL, host, job, worker, workshop } from '../../support/scenarios.ts';
import { stageStates } from '../../support/stage-states.ts';
import { factsFrom, NOW } from './facts.ts';

const say = (name: keyof typeof stageStates) => {
  const make = stageStates[name];
  if (!make) throw new Error(`no state ${name}`);
  return describeStage(factsFrom(make(NOW)), NOW);
};
const waiting = (count: number) =>
  Array.from({ length: count }, (_, at) => job(at, 'pending', NOW, { id: `w${at}` }));
const busy = (number: number, ranMs = 30_000) => worker(number, busyState(number, NOW, ranMs));
const idle = (number: number, forMs = 1000) => worker(number, { kind: 'idle', since: NOW - forMs });
const failed = (number: number, retryAt: number | null = null) =>
  worker(number, {
    kind: 'failed',
    since: NOW - 60_000,
    error: {
      code: 'RUNTIME_START',
      message: 'port 8189 is taken',
      remedy: 'Stop what uses it',
      retryable: true,
    },
    retryAt,
  });
const run = (
  hosts: Parameters<typeof workshop>[1],
  jobs = waiting(0),
  change: Parameters<typeof workshop>[3] = {},
) => describeStage(factsFrom(workshop(NOW, hosts, jobs, change)), NOW);

describe('the way to the workshop', () => {
  test('this window lost the console', () => {
    const facts = factsFrom(stageStates.busy?.(NOW) ?? workshop(NOW, [], []), {
      line: { kind: 'lost', since: NOW - 60_000, why: 'the console does not answer' },
    });
    const { tone, headline, details } = describeStage(facts, NOW);
    expect(tone).toBe('fail');
    expect(headline).toBe('This window lost the console, since 14:01.');
    expect(details[0]).toBe('The figures are the last known; the workshop goes on by itself.');
  });

  test('before the first word', () => {
    const facts = factsFrom(workshop(NOW, [], []), {
      known: false,
      line: { kind: 'connecting', since: NOW - 4000 },
    });
    expect(describeStage(facts, NOW).headline).toBe('Opening the workshop.');
    expect(describeStage(facts, NOW).details).toEqual(["Waiting for the console's first word, 4 s so far."]);
  });

  test('no workshop is set up', () => {
    expect(say('first-run').headline).toBe('No workshop is set up on this laptop yet.');
  });

  test('connecting says where, how long, and that nothing is known', () => {
    const facts = factsFrom(
      workshop(NOW, [], [], {
        queueAt: null,
        links: {
          redis: { kind: 'connecting', since: NOW - 4000, attempt: 2 },
        },
      }),
    );
    expect(describeStage(facts, NOW)).toMatchObject({
      headline: 'Connecting to Redis at 100.64.0.7:6379.',
      details: ['4 s so far, attempt 2.', 'Nothing is known yet.'],
    });
  });

  test('lost says since when, what still works, when it tries again, what to do', () => {
    const said = say('link-lost');
    expect(said.tone).toBe('fail');
    expect(said.headline).toBe('Redis is lost since 14:00.');
    expect(said.details.slice(0, 3)).toEqual([
      'The figures are from 14:00. Workers go on by themselves meanwhile.',
      'Next try in 6 s.',
      'Look whether the VPS runs and Tailscale is connected on this laptop.',
    ]);
    expect(said.next).toEqual({ kind: 'reconnect' });
  });

  test('lost until a person acts names no next try', () => {
    const state = workshop(NOW, [], []);
    state.snapshot.links.redis = {
      kind: 'lost',
      since: NOW - 1000,
      code: 'REDIS_AUTH',
      why: 'Redis refuses the password',
      remedy: 'Enter the password anew.',
      retryAt: null,
    };
    const { details, next } = describeStage(factsFrom(state), NOW);
    expect(next).toEqual({ kind: 'enter-password' });
    expect(details.join(' ')).not.toMatch(/Next try/);
    expect(details).toContain('Redis refuses the password.');
    expect(details).toContain('Enter the password anew.');
  });

  test('lost or not reached yet: what Tailscale knows stands before what the connection felt', () => {
    const tailnet: StageFacts['tailnet'] = {
      ...{ state: { kind: 'logged-out', loginUrl: null }, at: NOW, since: NOW, failed: null, needed: true },
      ...{ health: [], app: true, instead: 'vps' },
    };
    const guide = [
      'Tailscale is logged out on this computer.',
      'Open Tailscale and log in. Redis can also go through the VPS: switch on Setup.',
    ];
    const lost = stageStates['link-lost']?.(NOW) ?? workshop(NOW, [], []);
    const said = describeStage(factsFrom(lost, { tailnet }), NOW);
    expect(said.details.slice(0, 3)).toEqual([...guide, 'Next try in 6 s.']);
    expect(said.details.join(' ')).not.toContain('Look whether the VPS runs');
    const redis = { kind: 'connecting' as const, since: NOW - 4000, attempt: 1 };
    const connecting = workshop(NOW, [], [], { queueAt: null, links: { redis } });
    expect(describeStage(factsFrom(connecting, { tailnet }), NOW).details.slice(0, 2)).toEqual(guide);
    // A wrong password was told by Redis itself: the way is fine.
    const refused = workshop(NOW, [], []);
    refused.snapshot.links.redis = {
      ...{ kind: 'lost', since: NOW, code: 'REDIS_AUTH', why: 'Redis refuses the password', retryAt: null },
      ...{ remedy: 'Enter the password anew.', answered: true },
    };
    expect(describeStage(factsFrom(refused, { tailnet }), NOW).details).toContain('Enter the password anew.');
  });

  test('connected but not read yet', () => {
    const facts = factsFrom(workshop(NOW, [], [], { queueAt: null, counts: null }));
    expect(describeStage(facts, NOW).headline).toBe('Reading the queue.');
  });
});

describe('agents', () => {
  test('none yet', () => {
    const said = say('no-agent');
    expect(said.headline).toBe('No agent has reported yet.');
    expect(said.details).toContain('4 jobs are waiting.');
    expect(said.next).toEqual({ kind: 'go', to: ['hosts'] });
  });

  test('not heard because its machine left the tailnet', () => {
    const machines: StageFacts['machines'] = [
      {
        ...{ id: 'gpu-1', role: 'gpu-host', name: 'the H100', address: 'root@203.0.113.7' },
        link: { kind: 'ready', since: NOW - 60_000, rttMs: 30 },
        tailnet: {
          ...{ state: { kind: 'key-expired', at: NOW - 600_000, loginUrl: null }, at: NOW, since: NOW },
          ...{ failed: null, needed: true, health: [] },
        },
      },
    ];
    const silent = stageStates['agent-silent']?.(NOW) ?? workshop(NOW, [], []);
    const said = describeStage(factsFrom(silent, { machines }), NOW);
    expect(said.headline).toMatch(/^The agent on gpu-1 has been silent/);
    expect(said.details[0]).toBe('The Tailscale key of the H100 expired at 13:52.');
    expect(said.details.join(' ')).not.toContain('Look whether the GPU host');
  });

  test('wanted but never heard', () => {
    const said = run([{ ...host({ workers: [], wanted: 2 }, NOW), status: null, live: null, heardAt: null }]);
    expect(said.headline).toBe('The agent on gpu-1 has not reported yet.');
    expect(said.details[0]).toBe('2 workers will start once it does.');
  });

  test('silent for', () => {
    expect(say('agent-silent').headline).toBe('The agent on gpu-1 has been silent for 2 min.');
    expect(say('agent-silent').tone).toBe('fail');
    expect(say('agent-silent').next).toEqual({ kind: 'go', to: ['hosts', 'logs'] });
  });

  test('silence begins when the next word is overdue, not before', () => {
    const heard = (ago: number) => run([host({ workers: [idle(1)], heardAgo: ago }, NOW)]).headline;
    expect(heard(20_000)).toBe('The worker is ready.');
    expect(heard(21_000)).toBe('The agent on gpu-1 has been silent for 21 s.');
  });

  test('stopped on purpose is not silence', () => {
    const stopped = host({ workers: [], heardAgo: 120_000, change: { phase: 'stopped' } }, NOW);
    const said = run([stopped]);
    expect(said.details[0]).toContain('Deploying starts it');
    const wanting = { ...stopped, desired: stopped.desired && { ...stopped.desired, workers: 2 } };
    expect(wantedOf(wanting)).toBe(2);
    expect(isScaling(wanting)).toBe(false);
    expect(said.headline).toBe('The agent on gpu-1 was stopped at 14:00.');
    expect(said.tone).toBe('warn');
  });

  test('another version is named and not used', () => {
    expect(say('mismatch').headline).toBe('The agent on gpu-1 speaks another version.');
    expect(say('mismatch').details[0]).toMatch(/^The agent speaks protocol 2, this side speaks 1\./);
  });

  test('one silent host among several does not silence the others', () => {
    const said = run([
      host({ id: 'gpu-1', workers: [busy(1)] }, NOW),
      host({ id: 'gpu-2', workers: [busy(1)], heardAgo: 90_000 }, NOW),
    ]);
    expect(said.headline).toBe('The worker is busy.');
    expect(said.tone).toBe('warn');
    expect(said.details).toContain('The agent on gpu-2 is silent.');
  });

  test('is stopping', () => {
    expect(run([host({ workers: [busy(1)], change: { phase: 'stopping' } }, NOW)]).headline).toBe(
      'The agent on gpu-1 is stopping.',
    );
  });
});

describe('workers', () => {
  test('none wanted: start', () => {
    const said = say('no-worker');
    expect(said.headline).toBe('No worker is running.');
    expect(said.details).toEqual(['4 jobs wait.']);
    expect(said.next).toEqual({ kind: 'start', hostId: 'gpu-1', workers: 1 });
  });

  test('all busy, some busy, all idle', () => {
    expect(run([host({ workers: [busy(1), busy(2)] }, NOW)], waiting(14))).toMatchObject({
      tone: 'busy',
      headline: 'All 2 workers are busy.',
      details: ['14 jobs wait.'],
    });
    expect(run([host({ workers: [busy(1), idle(2)] }, NOW)]).headline).toBe('1 of 2 workers is busy.');
    expect(run([host({ workers: [idle(1), idle(2)] }, NOW)])).toMatchObject({
      tone: 'ok',
      headline: 'All 2 workers are ready.',
      details: ['Nothing waits.'],
    });
  });

  test('idle beside waiting jobs is odd only once it lasts', () => {
    const said = (forMs: number) => run([host({ workers: [idle(1, forMs)] }, NOW)], waiting(4)).details;
    expect(said(1000)).toEqual(['4 jobs wait.']);
    expect(said(60_000)).toEqual(['4 jobs wait although worker-1 is idle.']);
  });

  test('idle because the users are held says so', () => {
    const control = { ...CONTROL, heldUsers: ['user007'] };
    expect(run([host({ workers: [idle(1, 60_000)] }, NOW)], waiting(1), { control }).details).toEqual([
      '1 job waits, all or some of them held for user007.',
    ]);
  });

  test('scaling names the way, the workers, how long, and the usual time', () => {
    const make = stageStates.scaling;
    if (!make) throw new Error('no state scaling');
    const said = describeStage(factsFrom(make(NOW), { usualStartMs: 70_000 }), NOW);
    expect(said.headline).toBe('1 of 3 workers running.');
    expect(said.details[0]).toBe(
      'Scaling 1 → 3: worker-2 and worker-3 are loading, 40 s so far, usually ready after 70 s.',
    );
  });

  test('before the agent took it up', () => {
    const fresh = host({ workers: [busy(1)], wanted: 3, change: { desiredRevision: 2 } }, NOW);
    expect(run([fresh]).details[0]).toBe('Scaling 1 → 3: the agent has not taken it up yet.');
  });

  test('scaling down names whose job is finished first', () => {
    const leaving = { ...busyState(2, NOW, 1000), kind: 'draining' } as Parameters<typeof worker>[1];
    const said = run([
      host(
        { workers: [busy(1), worker(2, leaving), worker(3, { kind: 'stopping', since: NOW })], wanted: 1 },
        NOW,
      ),
    ]);
    expect(said.details[0]).toBe('Scaling 2 → 1: worker-2 finishes its job first; worker-3 is stopping.');
  });

  test('several hosts scaling are told together', () => {
    const scaling = (id: string) =>
      host({ id, workers: [busy(1), worker(2, { kind: 'starting', since: NOW, note: '' })] }, NOW);
    expect(run([scaling('gpu-1'), scaling('gpu-2')]).details[0]).toBe(
      'Scaling on gpu-1 and gpu-2: 2 workers loading.',
    );
  });

  test('draining and drained', () => {
    const said = say('draining');
    expect(said.details).toContain("worker-2 takes no more after user008's job.");
    expect(said.details).toContain('worker-3 is drained.');
  });

  test('all drained: resume', () => {
    const drained = (number: number) => worker(number, { kind: 'drained', since: NOW });
    const said = run(
      [host({ workers: [drained(1), drained(2)], drained: ['worker-1', 'worker-2'] }, NOW)],
      waiting(2),
    );
    expect(said.headline).toBe('All 2 workers are drained.');
    expect(said.next).toEqual({ kind: 'resume', hostId: 'gpu-1' });
  });

  test('a failure says why and what mends it, and offers the restart', () => {
    const said = run([host({ workers: [busy(1), failed(2)] }, NOW)]);
    expect(said.tone).toBe('warn');
    expect(said.headline).toBe('1 of 2 workers running.');
    expect(said.details[0]).toBe('worker-2 has failed: port 8189 is taken. Stop what uses it.');
    expect(said.next).toEqual({ kind: 'restart-worker', hostId: 'gpu-1', workerId: 'worker-2' });
  });

  test('a failure that mends itself says when, and asks for nothing', () => {
    const said = run([host({ workers: [busy(1), failed(2, NOW + 20_000)] }, NOW)]);
    expect(said.details[0]).toBe('worker-2 has failed: port 8189 is taken. It tries again in 20 s.');
    expect(said.next).toBeNull();
  });

  test('all failed', () => {
    const said = run([host({ workers: [failed(1), failed(2), failed(3)] }, NOW)]);
    expect(said.headline).toBe('All 3 workers have failed.');
    expect(said.tone).toBe('fail');
    expect(said.details[2]).toBe('worker-3 has failed too.');
  });
});

describe('the queue', () => {
  test('held says by whom and since when, what goes on and what waits', () => {
    const said = say('held');
    expect(said.headline).toBe('The queue is held.');
    expect(said.details).toEqual([
      'Held since 14:00 by anna-laptop. 3 running jobs go on; 14 jobs wait until you release it.',
    ]);
    expect(said.next).toEqual({ kind: 'release' });
  });

  test('counts that are not known are not spoken of', () => {
    const said = describeStage(
      factsFrom(workshop(NOW, [host({ workers: [idle(1)] }, NOW)], [], { counts: null })),
      NOW,
    );
    expect(said.details).toEqual([]);
  });
});

test('every state has a sentence that ends, and no unknown leaks into it', () => {
  for (const [name, make] of Object.entries(stageStates)) {
    if (name === 'many-jobs') continue;
    const { headline, details } = describeStage(factsFrom(make(NOW)), NOW);
    for (const sentence of [headline, ...details]) {
      expect(sentence, name).toMatch(/[.…]$/);
      expect(sentence, name).not.toMatch(/undefined|null|NaN|\[object|!/);
    }
  }
});
