import { describe, expect, test } from 'vitest';
import { createLiveModel } from '../../../src-main/domain/live-model.ts';
import type { LinkState } from '../../../src-main/domain/workshop.ts';
import { PROTOCOL_VERSION } from '../../../worker-agent/src/contract/protocol.ts';
import { hostStatus } from './host-status.ts';
import { job } from './job-summary.ts';

const frame = (at: number) => ({
  protocol: PROTOCOL_VERSION,
  hostId: 'h',
  at,
  gpus: [],
  vram: [],
  progress: [],
});
const status = hostStatus({ hostId: 'h' });

describe('what is known already is not told again', () => {
  test('jobs', () => {
    const model = createLiveModel();
    expect(model.observe({ kind: 'some-jobs', found: [job('a'), job('b')], gone: [] })).toHaveLength(1);
    expect(model.observe({ kind: 'some-jobs', found: [job('a')], gone: ['zz'] })).toEqual([]);
    expect(model.observe({ kind: 'some-jobs', found: [job('a', { score: 2 }), job('b')], gone: [] })).toEqual(
      [{ kind: 'jobs', upsert: [job('a', { score: 2 })], remove: [] }],
    );
    expect(model.observe({ kind: 'some-jobs', found: [], gone: ['a'] })).toEqual([
      { kind: 'jobs', upsert: [], remove: ['a'] },
    ]);
  });

  test('links, control, hosts', () => {
    const model = createLiveModel();
    const link: LinkState = { kind: 'ready', since: 1, rttMs: 2 };
    expect(model.observe({ kind: 'link', link })).toHaveLength(1);
    expect(model.observe({ kind: 'link', link: { ...link } })).toEqual([]);
    expect(model.observe({ kind: 'control', control: null })).toEqual([]);
    expect(model.observe({ kind: 'host-status', hostId: 'h', status, heardAt: 5 })).toHaveLength(1);
    expect(
      model.observe({ kind: 'host-status', hostId: 'h', status: structuredClone(status), heardAt: 5 }),
    ).toEqual([]);
  });
});

test('the age of the queue moves even when nothing else does', () => {
  const model = createLiveModel();
  const counts = { pending: 1, running: 0, completed: 0, failed: 0, cancelled: 0, deadLetter: 0 };
  model.observe({ kind: 'queue', at: 1, clockOffsetMs: 0, counts });
  expect(model.observe({ kind: 'queue', at: 2, clockOffsetMs: 0, counts })).toEqual([
    { kind: 'queue', queueAt: 2, clockOffsetMs: 0, counts },
  ]);
});

test('losing the link changes nothing but the link: the last figures stay with their age', () => {
  const model = createLiveModel();
  const counts = { pending: 1, running: 0, completed: 0, failed: 0, cancelled: 0, deadLetter: 0 };
  model.observe({ kind: 'queue', at: 1, clockOffsetMs: 0, counts });
  model.observe({ kind: 'some-jobs', found: [job('a')], gone: [] });
  const before = model.snapshot();
  model.observe({
    kind: 'link',
    link: { kind: 'lost', since: 9, code: 'x', why: 'y', remedy: 'z', retryAt: 10 },
  });
  expect({ ...model.snapshot(), links: null }).toEqual({ ...before, links: null });
});

describe('hosts', () => {
  test('an older word never makes a host look older than a later sign of life', () => {
    const model = createLiveModel();
    model.observe({ kind: 'live', hostId: 'h', live: frame(1), heardAt: 100 });
    model.observe({ kind: 'host-status', hostId: 'h', status, heardAt: 50 });
    expect(model.now.hosts.h?.heardAt).toBe(100);
  });

  test('a mismatch drops what the agent said, a fitting word brings it back', () => {
    const model = createLiveModel();
    model.observe({ kind: 'host-status', hostId: 'h', status, heardAt: 5 });
    model.observe({ kind: 'live', hostId: 'h', live: frame(1), heardAt: 6 });
    model.observe({ kind: 'host-mismatch', hostId: 'h', mismatch: 'speaks 9' });
    expect(model.now.hosts.h).toMatchObject({ status: null, live: null, mismatch: 'speaks 9' });
    model.observe({ kind: 'host-status', hostId: 'h', status, heardAt: 7 });
    expect(model.now.hosts.h).toMatchObject({ status, mismatch: null });
  });

  test('a host that was taken off the list is gone', () => {
    const model = createLiveModel();
    model.observe({ kind: 'all-hosts', hostIds: ['a', 'b'] });
    expect(model.observe({ kind: 'all-hosts', hostIds: ['b'] })).toEqual([
      { kind: 'host-removed', hostId: 'a' },
    ]);
    expect(Object.keys(model.now.hosts)).toEqual(['b']);
  });
});

test('a snapshot is not altered by what comes later', () => {
  const model = createLiveModel();
  model.observe({ kind: 'some-jobs', found: [job('a')], gone: [] });
  model.observe({ kind: 'all-hosts', hostIds: ['h'] });
  const snapshot = model.snapshot();
  const copy = structuredClone(snapshot);
  model.observe({ kind: 'some-jobs', found: [job('b'), job('a', { score: 7 })], gone: [] });
  model.observe({ kind: 'some-jobs', found: [], gone: ['a'] });
  model.observe({ kind: 'all-hosts', hostIds: [] });
  model.rename('other', null);
  expect(snapshot).toEqual(copy);
});

test('another workshop starts from nothing known', () => {
  const model = createLiveModel();
  model.observe({ kind: 'some-jobs', found: [job('a')], gone: [] });
  model.rename('two', 'host:1');
  expect(model.now).toMatchObject({
    name: 'two',
    redisAddress: 'host:1',
    jobs: {},
    counts: null,
    queueAt: null,
  });
});
