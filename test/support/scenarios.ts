import type { HostView, JobSummary, Sample, WorkshopSnapshot } from '../../src-main/domain/workshop.ts';
import type { AgentEvent, EventKind } from '../../worker-agent/src/contract/event.ts';
import type { HostStatus, WorkerState, WorkerStatus } from '../../worker-agent/src/contract/host.ts';
import { PROTOCOL_VERSION } from '../../worker-agent/src/contract/protocol.ts';
import type { Gpu, LiveFrame } from '../../worker-agent/src/contract/telemetry.ts';
import type { FakeState } from './fake-workshop.ts';

/** Scripted workshops: every state of the Stage that a person may meet. Times are relative to `now`. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const GB = 1024;
const KINDS = [
  'flux2 image',
  'ltx2 text to video',
  'ltx2 image to video',
  'qwen image edit',
  'sdxl image',
  'upscale',
];
const protocol = PROTOCOL_VERSION;

/** Pseudo-random numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const user = (number: number) => `user${String(number).padStart(3, '0')}`;
const kindOf = (number: number) => KINDS[number % KINDS.length] ?? 'workflow';

export function job(
  number: number,
  status: JobSummary['status'],
  now: number,
  change: Partial<JobSummary> = {},
): JobSummary {
  const createdAt = now - number * 23 * SECOND - 40 * SECOND;
  const started = status === 'pending' || status === 'unreadable' ? null : createdAt + 30 * SECOND;
  const ended = status === 'pending' || status === 'running' || status === 'unreadable';
  return {
    id: `job-${String(number).padStart(5, '0')}`,
    userId: user(((number * 7) % 20) + 1),
    status,
    queue: status === 'unreadable' ? 'dead-letter' : status,
    score: 2_000_000 + createdAt / 1000,
    priority: 2,
    createdAt,
    startedAt: started,
    completedAt: ended || started === null ? null : started + (20 + (number % 9) * 17) * SECOND,
    workerId: started === null ? null : `worker-${(number % 3) + 1}`,
    error: status === 'failed' ? 'Node KSampler (12) failed: the GPU ran out of memory' : null,
    kind: kindOf(number),
    sizeBytes: 88_000 + number * 10,
    ...change,
  };
}

export const busyState = (number: number, now: number, ranMs: number): WorkerState => ({
  kind: 'busy',
  since: now - ranMs,
  job: {
    jobId: `job-run-${number}`,
    userId: user(number * 4),
    kind: kindOf(number + 1),
    startedAt: now - ranMs,
    attempt: 1,
    phase: 'running',
  },
});

/** @param prefix what a deployment of several hosts gives each of them, so that no two workers have one name. */
export function worker(number: number, state: WorkerState, gpuIndex = 0, prefix = 'worker'): WorkerStatus {
  return {
    id: `${prefix}-${number}`,
    state,
    endpoint: `http://127.0.0.1:${8187 + number}`,
    comfyVersion: '0.11.0',
    gpuIndex,
    completed: 44 - number * 3,
    failed: number === 2 ? 2 : 0,
  };
}

export function gpu(index: number, change: Partial<Gpu> = {}): Gpu {
  return {
    index,
    uuid: `GPU-${index}`,
    name: 'NVIDIA H100 80GB HBM3',
    memoryTotalMiB: 81_559,
    memoryUsedMiB: 51.3 * GB,
    memoryFreeMiB: 28 * GB,
    utilization: 94,
    temperatureC: 61,
    powerW: 538,
    powerLimitW: 700,
    ...change,
  };
}

interface HostScript {
  id?: string;
  workers: WorkerStatus[];
  wanted?: number;
  drained?: string[];
  vram?: Record<string, number>;
  otherGb?: number;
  progress?: LiveFrame['progress'];
  gpus?: Gpu[];
  heardAgo?: number;
  change?: Partial<HostStatus>;
}

export function host(script: HostScript, now: number): HostView {
  const id = script.id ?? 'gpu-1';
  const heard = now - (script.heardAgo ?? 300);
  const vram = Object.entries(script.vram ?? {}).map(([workerId, gb]) => ({
    workerId,
    gpuIndex: 0,
    memoryMiB: gb * GB,
  }));
  const used = vram.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0) + (script.otherGb ?? 0.6) * GB;
  const gpus = script.gpus ?? [gpu(0, { memoryUsedMiB: used, memoryFreeMiB: 81_559 - used })];
  const status: HostStatus = {
    protocol,
    hostId: id,
    agentVersion: '0.1.0',
    instance: 'a',
    at: heard,
    startedAt: now - 90 * MINUTE,
    nextWithinMs: 20 * SECOND,
    phase: 'running',
    runtime: 'process',
    queueMode: 'fifo',
    desiredRevision: 3,
    controlRevision: 1,
    maxWorkers: 4,
    guardMiB: 70 * GB,
    workers: script.workers,
    gpus,
    gpuError: null,
    vram,
    ...script.change,
  };
  return {
    id,
    status,
    desired: {
      protocol,
      revision: 3,
      at: now - 10 * MINUTE,
      by: 'anna-laptop',
      workers: script.wanted ?? script.workers.length,
      drained: script.drained ?? [],
    },
    live: { protocol, hostId: id, at: heard, gpus, vram, progress: script.progress ?? [] },
    heardAt: heard,
    mismatch: null,
  };
}

export function progress(
  number: number,
  step: number,
  steps: number,
  prefix = 'worker',
): LiveFrame['progress'][number] {
  return {
    workerId: `${prefix}-${number}`,
    jobId: `job-run-${number}`,
    phase: 'running',
    fraction: step / steps,
    node: 'KSampler',
    step,
    steps,
  };
}

export const event = (now: number, agoMs: number, kind: EventKind, message: string): AgentEvent => ({
  protocol,
  at: now - agoMs,
  kind,
  by: 'gpu-1',
  jobId: null,
  userId: null,
  workerId: null,
  message,
});

/** A quarter-hour-old workshop: VRAM in stairs, a queue that swells, a pause in which nothing was known. */
export function samples(
  now: number,
  hostIds: readonly string[],
  vramNow: number,
  seconds = 30 * 60,
): Sample[] {
  const random = randomOf(7);
  const list: Sample[] = [];
  for (let ago = seconds; ago >= 0; ago -= 1) {
    const asleep = ago > 900 && ago < 1020;
    const ramp = 1 - ago / 1800;
    const loaded = ago > 1500 ? 0.17 : ago > 1100 ? 0.45 : ago > 200 ? 0.78 : 1;
    const key = (at: number) => `${hostIds[at] ?? 'gpu-1'}/0`;
    const vram = asleep
      ? null
      : Math.max(600, vramNow * (loaded + 0.03 * Math.sin(ago / 37) + 0.01 * random()));
    list.push({
      at: now - ago * SECOND,
      pending: asleep ? null : Math.max(0, Math.round(14 * ramp + 4 * Math.sin(ago / 140))),
      running: asleep ? null : 3,
      completedPerMinute: asleep ? null : 1 + Math.round(random()),
      vramMiB: Object.fromEntries(hostIds.map((_, at) => [key(at), vram])),
      utilization: Object.fromEntries(hostIds.map((_, at) => [key(at), asleep ? null : 70 + 25 * random()])),
    });
  }
  return list;
}

export const CONTROL = {
  protocol,
  revision: 1,
  at: 0,
  by: 'anna-laptop',
  held: false,
  mode: null,
  heldUsers: [],
  nextTurn: null,
};

/** Puts a snapshot together from hosts and jobs; counts follow from the jobs. */
export function workshop(
  now: number,
  hosts: HostView[],
  jobs: JobSummary[],
  change: Partial<WorkshopSnapshot> = {},
): FakeState {
  const count = (status: JobSummary['status']) => jobs.filter((one) => one.status === status).length;
  const used = hosts[0]?.live?.gpus[0]?.memoryUsedMiB ?? 600;
  const ids = hosts.map(({ id }) => id);
  return {
    snapshot: {
      name: 'AI film workshop',
      redisAddress: '100.64.0.7:6379',
      links: {
        redis: { kind: 'ready', since: now - 90 * MINUTE, rttMs: 38 },
      },
      queueAt: now,
      clockOffsetMs: 0,
      counts: {
        pending: count('pending'),
        running: count('running'),
        completed: count('completed'),
        failed: count('failed'),
        cancelled: count('cancelled'),
        deadLetter: count('unreadable'),
      },
      control: { ...CONTROL, at: now - 30 * MINUTE },
      hosts: Object.fromEntries(hosts.map((one) => [one.id, one])),
      jobs: Object.fromEntries(jobs.map((one) => [one.id, one])),
      events: [],
      ...change,
    },
    histories: { fine: samples(now, ids, used), coarse: [] },
  };
}
