import { describe, expect, test } from 'vitest';
import { createHistoryRings, sampleOf } from '../../../src-main/domain/history-ring.ts';
import type { MachineView } from '../../../src-main/domain/hosts/machine-view.ts';
import { createLiveModel, type LiveModel } from '../../../src-main/domain/live-model.ts';
import type { Sample } from '../../../src-main/domain/workshop.ts';
import { PROTOCOL_VERSION } from '../../../worker-agent/src/contract/protocol.ts';
import type { Gpu } from '../../../worker-agent/src/contract/telemetry.ts';
import { hostStatus } from './host-status.ts';
import { job } from './job-summary.ts';

const NOW = 1_700_000_000_000;
/** Redis's clock runs this far ahead of ours. */
const OFFSET = 5_000;
const COUNTS = { pending: 4, running: 2, completed: 9, failed: 0, cancelled: 0, deadLetter: 0 };

const gpu = (memoryUsedMiB: number | null): Gpu => ({
  index: 0,
  uuid: null,
  name: null,
  memoryTotalMiB: 81_920,
  memoryUsedMiB,
  memoryFreeMiB: null,
  utilization: 50,
  temperatureC: null,
  powerW: null,
  powerLimitW: null,
});

function model(): LiveModel {
  const live = createLiveModel();
  live.observe({ kind: 'link', link: { kind: 'ready', since: 1, rttMs: 1 } });
  live.observe({ kind: 'queue', at: NOW, clockOffsetMs: OFFSET, counts: COUNTS });
  live.observe({
    kind: 'live',
    hostId: 'h',
    heardAt: NOW,
    live: {
      protocol: PROTOCOL_VERSION,
      hostId: 'h',
      at: NOW + OFFSET,
      gpus: [gpu(1000)],
      vram: [],
      progress: [],
    },
  });
  return live;
}

const sample = (at: number, pending: number | null = 1): Sample => ({
  at,
  pending,
  running: null,
  completedPerMinute: null,
  vramMiB: {},
  utilization: {},
});

describe('a sample', () => {
  test('holds what is known now', () => {
    expect(sampleOf(model().now, NOW + 1000)).toEqual({
      at: NOW + 1000,
      pending: 4,
      running: 2,
      completedPerMinute: 0,
      vramMiB: { 'h/0': 1000 },
      utilization: { 'h/0': 50 },
    });
  });

  test('takes the figures of nvidia-smi on the machine where no agent tells, while they are of now', () => {
    const live = model();
    const machine = (id: string, mib: number, at = NOW + 600): MachineView => ({
      ...{ id, role: 'gpu-host', name: id, address: 'root@203.0.113.7' },
      link: { kind: 'ready', since: 1, rttMs: 38 },
      gpus: { gpus: [gpu(mib)], processes: [], at, error: null, guards: [] },
    });
    live.machines([machine('h', 7000), machine('new', 3000), machine('old', 9000, NOW - 6000)]);
    // An agent that tells goes first.
    expect(sampleOf(live.now, NOW + 1000).vramMiB).toEqual({ 'h/0': 1000, 'new/0': 3000 });
    live.observe({
      kind: 'link',
      link: { kind: 'lost', since: 1, code: 'x', why: '', remedy: '', retryAt: null },
    });
    const { pending, vramMiB, utilization } = sampleOf(live.now, NOW + 1000);
    expect(pending).toBeNull();
    expect(vramMiB).toEqual({ 'h/0': 7000, 'new/0': 3000 });
    expect(utilization).toEqual({ 'h/0': 50, 'new/0': 50 });
  });

  test('is all gaps while the link is lost, never zeros and never the last figures', () => {
    const live = model();
    live.observe({
      kind: 'link',
      link: { kind: 'lost', since: 1, code: 'x', why: '', remedy: '', retryAt: null },
    });
    expect(sampleOf(live.now, NOW + 1000)).toEqual({
      ...sample(NOW + 1000, null),
      vramMiB: { 'h/0': null },
      utilization: { 'h/0': null },
    });
  });

  test('has a gap for a queue that was not read for long', () => {
    expect(sampleOf(model().now, NOW + 6000)).toMatchObject({
      pending: null,
      running: null,
      completedPerMinute: null,
    });
  });

  test('has a gap for a host that fell silent, whatever clock it is dated by', () => {
    const live = model();
    live.observe({ kind: 'queue', at: NOW + 6000, clockOffsetMs: OFFSET, counts: COUNTS });
    expect(sampleOf(live.now, NOW + 6000)).toMatchObject({ pending: 4, vramMiB: { 'h/0': null } });
  });

  test('takes the later of frame and status', () => {
    const live = model();
    const status = hostStatus({ hostId: 'h', at: NOW + OFFSET + 2000, gpus: [gpu(2222)] });
    live.observe({ kind: 'host-status', hostId: 'h', status, heardAt: NOW + 2000 });
    expect(sampleOf(live.now, NOW + 3000).vramMiB).toEqual({ 'h/0': 2222 });
  });

  test('passes on a figure that the driver does not know as a gap', () => {
    const live = model();
    const status = hostStatus({ hostId: 'h', at: NOW + OFFSET + 1, gpus: [gpu(null)] });
    live.observe({ kind: 'host-status', hostId: 'h', status, heardAt: NOW + 1 });
    expect(sampleOf(live.now, NOW + 1000).vramMiB).toEqual({ 'h/0': null });
  });

  test('counts completions of the minute before by Redis’s clock', () => {
    const live = model();
    const done = (id: string, ago: number) =>
      job(id, { status: 'completed', queue: 'completed', completedAt: NOW + 1000 + OFFSET - ago });
    live.observe({
      kind: 'some-jobs',
      found: [done('a', 1), done('b', 59_000), done('c', 61_000)],
      gone: [],
    });
    expect(sampleOf(live.now, NOW + 1000).completedPerMinute).toBe(2);
  });
});

test('the rings keep 30 minutes of seconds and 12 hours of minutes', () => {
  const rings = createHistoryRings();
  const hours = 13;
  for (let second = 0; second < hours * 3600; second += 1) rings.add(sample(NOW + second * 1000, second));
  const { fine, coarse } = rings.histories();
  expect(fine).toHaveLength(1800);
  expect(fine.at(-1)?.pending).toBe(hours * 3600 - 1);
  expect(coarse).toHaveLength(720);
  const steps = coarse.slice(1).map((each, index) => each.at - (coarse[index]?.at ?? 0));
  expect(new Set(steps)).toEqual(new Set([60_000]));
  rings.clear();
  expect(rings.histories()).toEqual({ fine: [], coarse: [] });
});

test('subscribers hear of each second, and of a minute once', () => {
  const rings = createHistoryRings();
  const told = Array.from({ length: 120 }, (_, second) => rings.add(sample(second * 1000)));
  expect(told.flat().filter(({ coarse }) => !coarse)).toHaveLength(120);
  expect(told.flat().filter(({ coarse }) => coarse)).toHaveLength(2);
});
