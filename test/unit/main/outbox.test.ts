import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLiveModel, type LiveModel } from '../../../src-main/domain/live-model.ts';
import type { Observation } from '../../../src-main/domain/observation.ts';
import { createOutbox } from '../../../src-main/domain/outbox.ts';
import type { WorkshopChange, WorkshopSnapshot } from '../../../src-main/domain/workshop.ts';
import { PROTOCOL_VERSION } from '../../../worker-agent/src/contract/protocol.ts';
import { hostStatus } from './host-status.ts';
import { job } from './job-summary.ts';

/** What a subscriber makes of the changes it gets, in the plainest way. */
function mirror(state: WorkshopSnapshot, changes: readonly WorkshopChange[]): WorkshopSnapshot {
  const next = structuredClone(state);
  for (const change of changes) {
    if (change.kind === 'jobs') {
      for (const each of change.upsert) next.jobs[each.id] = each;
      for (const id of change.remove) delete next.jobs[id];
    } else if (change.kind === 'host') next.hosts[change.host.id] = change.host;
    else if (change.kind === 'host-removed') delete next.hosts[change.hostId];
    else if (change.kind === 'live') {
      const host = next.hosts[change.hostId];
      if (host) next.hosts[change.hostId] = { ...host, live: change.live, heardAt: change.heardAt };
    } else if (change.kind === 'queue') Object.assign(next, { ...change, kind: undefined });
    else if (change.kind === 'links') next.links = change.links;
    else if (change.kind === 'control') next.control = change.control;
  }
  return next;
}

const counts = { pending: 0, running: 0, completed: 0, failed: 0, cancelled: 0, deadLetter: 0 };
const id = fc.constantFrom('a', 'b', 'c', 'd');
const hostId = fc.constantFrom('h1', 'h2');
const fact: fc.Arbitrary<Observation> = fc.oneof(
  fc
    .tuple(id, fc.nat(3))
    .map(([jobId, score]): Observation => ({ kind: 'some-jobs', found: [job(jobId, { score })], gone: [] })),
  id.map((gone): Observation => ({ kind: 'some-jobs', found: [], gone: [gone] })),
  fc.subarray(['h1', 'h2']).map((hostIds): Observation => ({ kind: 'all-hosts', hostIds })),
  fc.tuple(hostId, fc.nat(3)).map(
    ([host, at]): Observation => ({
      kind: 'host-status',
      hostId: host,
      status: hostStatus({ hostId: host, at }),
      heardAt: at,
    }),
  ),
  fc.tuple(hostId, fc.nat(3)).map(
    ([host, at]): Observation => ({
      kind: 'live',
      hostId: host,
      live: { protocol: PROTOCOL_VERSION, hostId: host, at, gpus: [], vram: [], progress: [] },
      heardAt: at,
    }),
  ),
  hostId.map((host): Observation => ({ kind: 'host-mismatch', hostId: host, mismatch: 'no' })),
  fc
    .nat(9)
    .map((at): Observation => ({ kind: 'queue', at, clockOffsetMs: at, counts: { ...counts, pending: at } })),
  fc.nat(9).map((since): Observation => ({ kind: 'link', link: { kind: 'ready', since, rttMs: 1 } })),
);

test('a subscriber that gets merged changes, whenever it takes them, ends with what the model holds', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fact, fc.boolean()), { maxLength: 60 }), (steps) => {
      const model: LiveModel = createLiveModel();
      const outbox = createOutbox();
      let seen = model.snapshot();
      for (const [observation, takesNow] of steps) {
        outbox.add(model.observe(observation));
        if (!takesNow) continue;
        const changes = outbox.take();
        if (changes !== 'overflow') seen = mirror(seen, changes);
      }
      const rest = outbox.take();
      if (rest !== 'overflow') seen = mirror(seen, rest);
      const { jobs, hosts, links, control, queueAt } = model.snapshot();
      expect({ ...seen }).toMatchObject({ jobs, hosts, links, control, queueAt });
      expect(Object.keys(seen.jobs).sort()).toEqual(Object.keys(jobs).sort());
      expect(Object.keys(seen.hosts).sort()).toEqual(Object.keys(hosts).sort());
      expect(outbox.empty).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('an hour of one job and one host in motion waits as a handful of changes', () => {
  const model = createLiveModel();
  const outbox = createOutbox();
  for (let second = 0; second < 3600; second += 1) {
    outbox.add(model.observe({ kind: 'some-jobs', found: [job('a', { score: second })], gone: [] }));
    outbox.add(model.observe({ kind: 'link', link: { kind: 'ready', since: 1, rttMs: second } }));
  }
  expect(outbox.take()).toHaveLength(2);
});

test('what cannot be merged overflows into one snapshot instead of growing', () => {
  const outbox = createOutbox();
  const sample = { at: 1, pending: 1, running: 1, completedPerMinute: 1, vramMiB: {}, utilization: {} };
  for (let second = 0; second < 1000; second += 1) outbox.add([{ kind: 'sample', sample, coarse: false }]);
  expect(outbox.empty).toBe(false);
  expect(outbox.take()).toBe('overflow');
  expect(outbox.empty).toBe(true);
  const jobs = Array.from({ length: 6000 }, (_, n) => job(`j${n}`));
  outbox.add([{ kind: 'jobs', upsert: jobs, remove: [] }]);
  expect(outbox.take()).toBe('overflow');
});

test('another workshop makes all that waits pointless', () => {
  const outbox = createOutbox();
  outbox.add([{ kind: 'jobs', upsert: [job('a')], remove: [] }]);
  outbox.add([{ kind: 'name', name: 'two', redisAddress: null }]);
  expect(outbox.take()).toBe('overflow');
});
