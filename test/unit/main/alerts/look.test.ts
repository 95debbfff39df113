import { describe, expect, test } from 'vitest';
import type { AlertFacts, CapacityFacts } from '../../../../src-main/domain/alerts/facts.ts';
import { liveHosts } from '../../../../src-main/domain/alerts/facts.ts';
import { lookAround } from '../../../../src-main/domain/alerts/look.ts';
import { createProgressWatch } from '../../../../src-main/domain/alerts/progress-watch.ts';
import { freshAlertSettings, type RuleId, rulesInForce } from '../../../../src-main/domain/alerts/rules.ts';
import type { MachineView } from '../../../../src-main/domain/hosts/machine-view.ts';
import type { WorkshopSnapshot } from '../../../../src-main/domain/workshop.ts';
import {
  busyState,
  CONTROL,
  gpu,
  host,
  job,
  progress,
  worker,
  workshop,
} from '../../../support/scenarios.ts';
import { stageStates } from '../../../support/stage-states.ts';

const NOW = new Date(2026, 10, 24, 14, 2).getTime();
const MINUTE = 60_000;
const GB = 1024;
const usual = new Map(
  rulesInForce(freshAlertSettings()).map(({ id, threshold }) => [id, threshold?.value ?? 0]),
);
const capacity: CapacityFacts = { guardMiB: () => 70 * GB, fits: () => true, rentals: () => [] };
const idle = (number: number) => worker(number, { kind: 'idle', since: NOW - MINUTE });

function facts(snapshot: WorkshopSnapshot, change: Partial<AlertFacts> = {}): AlertFacts {
  return {
    ...{ snapshot, now: NOW, capacity, running: [], lastMoved: null, notKept: null },
    threshold: (rule) => usual.get(rule) ?? 0,
    ...change,
  };
}
const seen = (snapshot: WorkshopSnapshot, change?: Partial<AlertFacts>) =>
  lookAround(facts(snapshot, change));
const find = (rule: RuleId, snapshot: WorkshopSnapshot, change?: Partial<AlertFacts>) =>
  seen(snapshot, change).readings.find((reading) => reading.rule === rule);
const waiting = (count: number, change = {}) =>
  Array.from({ length: count }, (_, at) => job(at, 'pending', NOW, { id: `w${at}`, ...change }));

describe('the queue', () => {
  test('a deep queue tells the wait as the Stage does, and that it is a guess where it is one', () => {
    const { snapshot } = workshop(NOW, [host({ workers: [idle(1)] }, NOW)], waiting(11));
    const told = (low: number, p50: number, p90: number, guess = false) => {
      const none = { byJob: {}, byUser: {}, medianErrorMs: null, estimatesMade: 0, whatIf: [] };
      const waits = { at: NOW, ...none, newJob: { kind: 'range' as const, low, p50, p90, guess } };
      return find('queue-deep', { ...snapshot, waits })?.text;
    };
    expect(told(9 * MINUTE, 11 * MINUTE, 14 * MINUTE)).toMatch(/A new job would start in about 9–14 min\.$/);
    expect(told(MINUTE / 2, MINUTE, 3 * MINUTE, true)).toMatch(/in less than 3 min, by a first guess\.$/);
    expect(told(5000, 20_000, 50_000)).toMatch(/in about 20 s\.$/);
  });

  test('deeper than 10 is over, 9 and 10 lie between, 8 is fine; the click adds a worker where one fits', () => {
    const at = (count: number) => workshop(NOW, [host({ workers: [idle(1)] }, NOW)], waiting(count)).snapshot;
    expect(find('queue-deep', at(11))?.verdict).toBe('over');
    expect(find('queue-deep', at(9))?.verdict).toBe('between');
    expect(find('queue-deep', at(8))).toBeUndefined();
    expect(find('queue-deep', at(11))?.action).toEqual({ kind: 'set-count', hostId: 'gpu-1', workers: 2 });
    const full = { ...capacity, fits: () => false };
    expect(find('queue-deep', at(11), { capacity: full })?.action).toMatchObject({ kind: 'show-jobs' });
  });

  test('nobody served: since the newest start, end or step, not while held, with the way out', () => {
    const old = { createdAt: NOW - 9 * MINUTE };
    const without = workshop(NOW, [host({ workers: [], wanted: 0 }, NOW)], waiting(2, old)).snapshot;
    expect(find('nobody-served', without)).toMatchObject({
      severity: 'fail',
      text: '2 jobs wait, and for 9 min none has started, moved on or ended. No worker runs.',
      action: { kind: 'set-count', hostId: 'gpu-1', workers: 1 },
    });
    expect(find('nobody-served', without, { lastMoved: NOW - 4 * MINUTE })).toBeUndefined();
    const ended = [...waiting(2, old), job(50, 'completed', NOW, { completedAt: NOW - 2 * MINUTE })];
    expect(find('nobody-served', workshop(NOW, [], ended).snapshot)).toBeUndefined();
    const held = workshop(NOW, [], waiting(2, old), {
      control: { ...CONTROL, held: true, at: NOW - 20 * MINUTE },
    });
    expect(find('nobody-served', held.snapshot)).toBeUndefined();
    expect(find('queue-held', held.snapshot)).toMatchObject({ action: { kind: 'release-queue' } });
    const drained = host({ workers: [worker(1, { kind: 'drained', since: NOW })] }, NOW);
    expect(find('nobody-served', workshop(NOW, [drained], waiting(1, old)).snapshot)?.action).toEqual({
      kind: 'resume-workers',
      hostId: 'gpu-1',
    });
  });

  test('a burst of failures names the cause they share; hostile text stays one short line', () => {
    const error = `${'x'.repeat(5000)}\n<script>alert(1)</script>`;
    const failed = [1, 2, 3].map((at) =>
      job(at, 'failed', NOW, { completedAt: NOW - at * MINUTE, error: at < 3 ? error : 'other' }),
    );
    const found = find('failure-burst', workshop(NOW, [], failed).snapshot);
    expect(found).toMatchObject({ verdict: 'over', action: { kind: 'show-jobs', status: 'failed' } });
    expect(found?.text).toMatch(
      /^3 jobs failed in the last 10 min\. 2 of them: x+… Read the original error;/,
    );
    expect(found?.text.length).toBeLessThan(400);
    expect(find('failure-burst', workshop(NOW, [], failed.slice(0, 2)).snapshot)?.verdict).toBe('between');
    const old = failed.map((one) => ({ ...one, completedAt: NOW - 11 * MINUTE }));
    expect(find('failure-burst', workshop(NOW, [], old).snapshot)).toBeUndefined();
  });
});

test('a burst is grouped by what mends it, not by the words of each error, and says the step', () => {
  const failed = [4, 12, 7].map((node, at) =>
    job(at, 'failed', NOW, {
      completedAt: NOW - MINUTE,
      error: `Node ${node} (UNETLoader) needs "wan2.2.safetensors" as unet_name.`,
    }),
  );
  const other = job(3, 'failed', NOW, { completedAt: NOW - MINUTE, error: 'CUDA out of memory' });
  expect(find('failure-burst', workshop(NOW, [], [...failed, other]).snapshot)?.text).toBe(
    '4 jobs failed in the last 10 min. 3 of them: missing model wan2.2.safetensors. ' +
      'Install the model file on the GPU host, then requeue these jobs.',
  );
});

test('a history that is not written is told with the reason, and leads to the Recap', () => {
  const { snapshot } = workshop(NOW, [], []);
  expect(find('history-not-kept', snapshot)).toBeUndefined();
  expect(find('history-not-kept', snapshot, { notKept: 'The disk is full. Make room on it.' })).toMatchObject(
    {
      text: expect.stringMatching(/The disk is full\. Make room on it\.$/),
      action: { kind: 'open', place: 'recap' },
    },
  );
});

test('what nothing on the Stage mends leads to the machine itself', () => {
  const disk = { path: '/', use: 'outputs', freeBytes: 1e9, totalBytes: 1e12 };
  const full = { ...host({ workers: [idle(1)] }, NOW), id: 'gpu-1' };
  if (full.status) full.status = { ...full.status, disks: [disk] };
  const { snapshot } = workshop(NOW, [full], []);
  expect(find('disk-low', snapshot)?.action).toEqual({ kind: 'show-host', hostId: 'gpu-1' });
});

describe('a GPU host', () => {
  test('failed worker, guard and jobs set aside, each with its act', () => {
    const state = stageStates['failed-worker']?.(NOW);
    const readings = state ? seen(state.snapshot).readings : [];
    expect(readings.map(({ key }) => key)).toEqual(
      expect.arrayContaining(['worker-failed/gpu-1/worker-2', 'vram-guard/gpu-1/0', 'unreadable-jobs']),
    );
    expect(readings.every(({ action }) => action !== null)).toBe(true);
  });

  test('VRAM that is not known is not above the guard; a little below it the alert does not end yet', () => {
    const used = (gb: number | null) =>
      workshop(
        NOW,
        [host({ workers: [], gpus: [gpu(0, { memoryUsedMiB: gb === null ? null : gb * GB })] }, NOW)],
        [],
      ).snapshot;
    expect(find('vram-guard', used(null))).toBeUndefined();
    expect(find('vram-guard', used(70.5))?.verdict).toBe('over');
    expect(find('vram-guard', used(69.5))?.verdict).toBe('between');
    expect(find('vram-guard', used(68))).toBeUndefined();
  });

  test('a disk that fills; one that is small by nature counts by its share', () => {
    const disk = (freeBytes: number, totalBytes: number) =>
      workshop(
        NOW,
        [
          host(
            { workers: [], change: { disks: [{ path: '/data', use: 'outputs', totalBytes, freeBytes }] } },
            NOW,
          ),
        ],
        [],
      ).snapshot;
    expect(find('disk-low', disk(19e9, 500e9))).toMatchObject({ verdict: 'over', severity: 'warn' });
    expect(find('disk-low', disk(21e9, 500e9))?.verdict).toBe('between');
    expect(find('disk-low', disk(2e9, 500e9))?.severity).toBe('fail');
    expect(find('disk-low', disk(15e9, 30e9))).toBeUndefined();
    expect(find('disk-low', disk(5e9, 30e9))?.verdict).toBe('over');
  });

  test('silence is told once it is longer than promised, and then nothing else of that host is judged', () => {
    const quiet = (heardAgo: number) =>
      workshop(NOW, [host({ workers: [idle(1), idle(2)], heardAgo }, NOW)], []).snapshot;
    expect(find('agent-silent', quiet(29_000))).toBeUndefined();
    const look = seen(quiet(75_000));
    expect(look.readings.map(({ rule }) => rule)).toEqual(['agent-silent']);
    expect(look.readings[0]?.text).toMatch(/gpu-1 and of its 2 workers for 60 s/);
    expect(look.blind).toContain('vram-guard/gpu-1/');
  });

  test('a laptop that woke judges nothing before something was heard again', () => {
    const slept = workshop(
      NOW,
      [host({ workers: [idle(1)], heardAgo: 3_600_000 }, NOW)],
      waiting(20),
    ).snapshot;
    slept.queueAt = NOW - 3_600_000;
    const look = seen(slept);
    expect(look.readings).toEqual([]);
    expect(look.blind).toEqual(expect.arrayContaining(['agent-silent/', 'queue-deep', 'job-stuck/gpu-1/']));
  });

  test('wanted workers that are missing, once nobody is on the way and the agent knows of the wish', () => {
    const short = (change: object) => {
      const one = host({ workers: [idle(1)], wanted: 3 }, NOW);
      if (one.status) Object.assign(one.status, change);
      return workshop(NOW, [one], []).snapshot;
    };
    expect(find('workers-missing', short({}))).toMatchObject({
      text: '3 workers are wanted, 1 are there and none is on its way.',
      action: { kind: 'set-count', workers: 3 },
    });
    expect(find('workers-missing', short({ desiredRevision: 2 }))).toBeUndefined();
    const starting = worker(2, { kind: 'starting', since: NOW, note: '' });
    expect(find('workers-missing', short({ workers: [idle(1), starting] }))).toBeUndefined();
  });
});

describe('a GPU that nvidia-smi tells of without its agent', () => {
  const read = (usedGb: number, change: Partial<NonNullable<MachineView['gpus']>> = {}): MachineView => ({
    ...{ id: 'gpu-1', role: 'gpu-host', name: 'the H100', address: 'root@203.0.113.7' },
    link: { kind: 'ready', since: 1, rttMs: 38 },
    gpus: {
      gpus: [gpu(0, { memoryUsedMiB: usedGb * GB })],
      ...{ processes: [], at: NOW - 800, error: null, guards: [{ index: 0, guardMiB: 70 * GB }], ...change },
    },
  });
  const lost = { redis: { kind: 'lost' as const, since: NOW - MINUTE, code: 'REDIS_UNREACHABLE' } };
  const links = { redis: { ...lost.redis, why: 'It is gone.', remedy: 'Look.', retryAt: null } };
  const judged = (snapshot: WorkshopSnapshot) => {
    const { readings, seen: known } = seen(snapshot);
    return { texts: readings.filter(({ rule }) => rule === 'vram-guard').map(({ text }) => text), known };
  };

  test('is held against the guard while Redis is down, and the alert says whose word that is', () => {
    const { snapshot } = workshop(NOW, [host({ workers: [idle(1)] }, NOW)], [], { links });
    const { texts, known } = judged({ ...snapshot, machines: [read(72)] });
    expect(texts).toEqual([
      'GPU 0 of the H100 holds 72 GB of VRAM, above the guard of 70 GB, as nvidia-smi says there: its agent is not heard. Large jobs may have to wait for memory.',
    ]);
    expect(known).toEqual(['vram-guard/gpu-1/0']);
    // Below the guard it is seen to be over, though all else of the host is in the dark.
    expect(judged({ ...snapshot, machines: [read(60)] })).toEqual({ texts: [], known });
  });

  test('is not judged by figures that are old, broken off, or without a guard', () => {
    const { snapshot } = workshop(NOW, [], [], { links });
    const none = { texts: [], known: [] };
    expect(judged({ ...snapshot, machines: [read(72, { at: NOW - 6000 })] })).toEqual(none);
    expect(judged({ ...snapshot, machines: [read(72, { error: 'It ended.' })] })).toEqual(none);
    expect(judged({ ...snapshot, machines: [read(72, { guards: [] })] })).toEqual(none);
    const unread = read(72, { gpus: [gpu(0, { memoryUsedMiB: null })] });
    expect(judged({ ...snapshot, machines: [unread] })).toEqual(none);
  });
});

describe('a job without progress', () => {
  const at = (step: number) =>
    workshop(
      NOW,
      [host({ workers: [worker(1, busyState(1, NOW, 0))], progress: [progress(1, step, 20)] }, NOW)],
      [],
    ).snapshot;
  const all = new Set(['gpu-1']);

  test('is stuck after five minutes without a step, loading after ten; a step starts it anew', () => {
    const watch = createProgressWatch();
    watch.look(at(3), all, NOW);
    const later = (ms: number, snapshot: WorkshopSnapshot) =>
      find('job-stuck', snapshot, { running: watch.look(snapshot, all, NOW + ms), now: NOW + ms });
    expect(later(4 * MINUTE, { ...at(3), queueAt: NOW + 4 * MINUTE })).toBeUndefined();
    const late = at(3);
    late.queueAt = NOW + 6 * MINUTE;
    const gpu1 = late.hosts['gpu-1'];
    if (gpu1) gpu1.heardAt = NOW + 6 * MINUTE;
    expect(later(6 * MINUTE, late)).toMatchObject({
      text: "user004's ltx2 image to video on worker-1 shows no progress for 6 min.",
      action: { kind: 'interrupt-job', jobId: 'job-run-1' },
    });
    expect(watch.lastMoved()).toBeNull();
    expect(watch.look(at(4), all, NOW + 7 * MINUTE)[0]?.stillSince).toBe(NOW + 7 * MINUTE);
    expect(watch.lastMoved()).toBe(NOW + 7 * MINUTE);
  });

  test('what waits for memory is not stuck, and a host without frames is not judged', () => {
    const watch = createProgressWatch();
    const snapshot = at(3);
    expect(watch.look(snapshot, new Set(), NOW)).toEqual([]);
    const state = snapshot.hosts['gpu-1']?.status?.workers[0]?.state;
    if (state?.kind === 'busy') state.job.waitingFor = { jobId: 'job-run-1', needMiB: 1, freeMiB: 0 };
    expect(watch.look(snapshot, all, NOW)).toEqual([]);
    expect(liveHosts(snapshot, NOW + 6000)).toEqual(new Set());
  });
});

describe('the way and the rental', () => {
  test('a slow round trip, with slack; a lost link speaks alone of what it knows', () => {
    const rtt = (rttMs: number) => {
      const { snapshot } = workshop(NOW, [], []);
      snapshot.links.redis = { kind: 'ready', since: NOW, rttMs };
      return snapshot;
    };
    expect(find('redis-slow', rtt(80))?.verdict).toBe('over');
    expect(find('redis-slow', rtt(45))?.verdict).toBe('between');
    expect(find('redis-slow', rtt(30))).toBeUndefined();
    const lost = stageStates['link-lost']?.(NOW);
    expect(lost && seen(lost.snapshot).readings.map(({ rule }) => rule)).toEqual(['redis-lost']);
    expect(lost && find('redis-lost', lost.snapshot)?.action).toEqual({ kind: 'reconnect' });
    const { redis } = lost?.snapshot.links ?? {};
    if (redis?.kind === 'lost') redis.code = 'REDIS_AUTH';
    expect(lost && find('redis-lost', lost.snapshot)?.action).toEqual({ kind: 'enter-redis-password' });
  });

  test('the end of the rental, with the last safe time to submit', () => {
    const { snapshot } = workshop(NOW, [], []);
    const rental = (endsIn: number, safeIn: number, hostId: string | null = null) => ({
      capacity: {
        ...capacity,
        rentals: () => [{ hostId, endsAt: NOW + endsIn, lastSafeAt: NOW + safeIn }],
      },
    });
    expect(find('rental-ending', snapshot, rental(31 * MINUTE, MINUTE))).toBeUndefined();
    expect(find('rental-ending', snapshot, rental(28 * MINUTE, 9 * MINUTE))?.text).toBe(
      'The rental ends at 14:30, in 28 min. What is submitted after 14:11 may not be finished by then.',
    );
    expect(find('rental-ending', snapshot, rental(8 * MINUTE, -MINUTE))?.text).toContain('submitted now');
    expect(find('rental-ending', snapshot, rental(28 * MINUTE, 9 * MINUTE, 'gpu-2'))).toMatchObject({
      key: expect.stringMatching(/^rental-ending\/gpu-2\//),
      text: 'The rental of gpu-2 ends at 14:30, in 28 min. What is submitted after 14:11 may not be finished there by then.',
    });
    expect(find('rental-ending', snapshot, rental(-MINUTE, -20 * MINUTE))?.severity).toBe('fail');
  });
});

test('a quiet workshop gives no reading at all', () => {
  const state = stageStates['all-idle']?.(NOW);
  expect(state && seen(state.snapshot)).toEqual({ readings: [], blind: [], seen: [] });
});
