import { createRandom, type Random } from '../../resources/demo/participants/random.ts';
import type { JobSummary, WorkshopSnapshot } from '../../src-main/domain/workshop.ts';
import type { QueueMode } from '../../worker-agent/src/contract/desired.ts';
import type { WorkerState, WorkerStatus } from '../../worker-agent/src/contract/host.ts';
import { PROTOCOL_VERSION } from '../../worker-agent/src/contract/protocol.ts';

/**
 * A day of a workshop as a recording would hold it: 20 people with mixed image and video workflows on one shared GPU,
 * workers that come and go, failures, cancellations, a break with the queue held, an instructor who goes first. All by
 * chance from one seed. What is made is brought away over a line that is slow for an hour, beside the next job. How long a job takes follows rules that the estimates do not know: jobs at work together slow
 * each other down from moment to moment, other models have to be loaded, some runs take far longer than others.
 */
/** `seen` is called after every event, with the workshop as a console would see it. `now` is both clocks' epoch ms. */
type Day = (seen: (snapshot: WorkshopSnapshot, now: number) => void) => void;

interface Workflow {
  kind: string;
  signature: string;
  /** Seconds alone on the GPU with the models loaded. */
  seconds: number;
  /** Seconds to load its models. */
  load: number;
  media: 'image' | 'video';
}

/** A job that has left its GPU: its files are on their way until then. */
interface Leaving {
  truth: Truth;
  workerId: string;
  since: number;
  until: number;
}

interface Truth {
  job: JobSummary;
  workflow: Workflow;
  /** Seconds of GPU work alone, drawn when it starts. */
  work: number;
  /** Part of it that is loading. */
  load: number;
  left: number;
  fails: boolean;
}

interface Worker {
  id: string;
  slowness: number;
  state: 'starting' | 'idle' | 'busy' | 'draining' | 'gone';
  since: number;
  readyAt: number;
  loaded: string | null;
  truth: Truth | null;
  ended: number;
}

const PEOPLE = 20;
const HOURS = 6;
const MINUTE = 60_000;
const CONTENTION = 0.65;
const TICK = 15_000;
/** Seconds to bring away what was made, as a median; times so much while the line is slow, minutes after the start. */
const DELIVERY = { image: 3, video: 25 };
const SLOW_LINE = { from: 100, until: 160, factor: 5 };
/** As in the agent: more than these on their way, and a worker takes no next job. */
const MOST_LEAVING = 4;

const kind = (name: string, media: Workflow['media'], load: number, ...seconds: number[]): Workflow[] =>
  seconds.map((each, at) => ({ kind: name, signature: `${name} ${at}`, seconds: each, load, media }));
const WORKFLOWS: readonly Workflow[] = [
  ...kind('flux2 image', 'image', 22, 19, 27, 48),
  ...kind('z-image image', 'image', 9, 6, 11),
  ...kind('qwen image edit', 'image', 25, 24, 36),
  ...kind('upscale', 'image', 4, 8, 15),
  ...kind('wan2.2 text to video', 'video', 55, 105, 170, 260),
  ...kind('ltx2 image to video', 'video', 38, 48, 85, 140),
];

/** What the host does, minutes after the start. */
const ACTS: readonly (readonly [number, { workers: number } | { mode: QueueMode } | { held: boolean }])[] = [
  [0, { workers: 1 }],
  [25, { workers: 2 }],
  [80, { workers: 3 }],
  [150, { held: true }],
  [165, { held: false }],
  [190, { workers: 2 }],
  [230, { mode: 'fair' }],
  [255, { workers: 4 }],
  [300, { mode: 'round_robin' }],
  [320, { workers: 3 }],
];

/** The same seed gives the same day. */
export function workshopDay(seed: number): Day {
  return (seen) => playDay(createRandom(seed), seen);
}

function playDay(random: Random, seen: (snapshot: WorkshopSnapshot, now: number) => void): void {
  const begin = Date.UTC(2026, 10, 23, 8, 0, 0);
  let now = begin;
  const waiting: Truth[] = [];
  let leaving: Leaving[] = [];
  const workers: Worker[] = [];
  const jobs: Record<string, JobSummary> = {};
  /** By user: jobs that came through. */
  const completed = new Map<string, number>();
  const events: { at: number; act: () => void }[] = [];
  const control = { held: false, mode: 'fifo' as QueueMode, wanted: 0 };
  let serial = 0;

  const plan = (at: number, act: () => void) => {
    events.push({ at, act });
    events.sort((a, b) => a.at - b.at);
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

  const submit = (userId: string, workflow: Workflow, priority: number) => {
    serial += 1;
    const job: JobSummary = {
      id: `job-${String(serial).padStart(5, '0')}`,
      userId,
      status: 'pending',
      queue: 'pending',
      score: priority * 1_000_000 + now / 1000,
      priority,
      createdAt: now,
      startedAt: null,
      completedAt: null,
      workerId: null,
      error: null,
      kind: workflow.kind,
      signature: workflow.signature,
      sizeBytes: 90_000,
    };
    jobs[job.id] = job;
    const truth: Truth = { job, workflow, work: 0, load: 0, left: 0, fails: random.chance(0.06) };
    waiting.push(truth);
    waiting.sort((a, b) => (a.job.score ?? 0) - (b.job.score ?? 0));
    if (random.chance(0.05))
      plan(now + random.exponential(4 * MINUTE), () => {
        const at = waiting.indexOf(truth);
        if (at < 0) return;
        waiting.splice(at, 1);
        settle(truth, 'cancelled');
      });
    return truth;
  };

  const change = (truth: Truth, to: Partial<JobSummary>) => {
    truth.job = { ...truth.job, ...to };
    jobs[truth.job.id] = truth.job;
  };
  const settle = (truth: Truth, status: 'completed' | 'failed' | 'cancelled') => {
    change(truth, { status, queue: status, completedAt: now, score: now / 1000 });
    resume.get(truth.job.id)?.();
    resume.delete(truth.job.id);
  };
  const resume = new Map<string, () => void>();
  /** Its GPU is free for the next job. */
  const leave = (truth: Truth, workerId: string) => {
    const { userId, startedAt } = truth.job;
    completed.set(userId, (completed.get(userId) ?? 0) + 1);
    change(truth, { computed: [startedAt ?? now, now] });
    const minute = (now - begin) / MINUTE;
    const slow = minute >= SLOW_LINE.from && minute < SLOW_LINE.until ? SLOW_LINE.factor : 1;
    const seconds = DELIVERY[truth.workflow.media] * slow * Math.exp(0.4 * normal());
    leaving.push({ truth, workerId, since: now, until: now + seconds * 1000 });
  };
  const isFull = (workerId: string) =>
    leaving.filter((each) => each.workerId === workerId).length >= MOST_LEAVING;

  for (let person = 1; person <= PEOPLE; person += 1)
    participate(`user${String(person).padStart(3, '0')}`, random.fork());

  /** Submits, waits for the result, looks at it, changes something. Some send several at once. */
  function participate(userId: string, own: Random): void {
    const pace = 0.6 + own.next() * 1.2;
    const next = () => {
      if (now > begin + HOURS * 60 * MINUTE) return;
      const hour = (now - begin) / (60 * MINUTE);
      const videos = hour < 1.5 ? 0.12 : hour < 4 ? 0.4 : 0.25;
      const media = own.chance(videos) ? 'video' : 'image';
      const pool = WORKFLOWS.filter((each) => each.media === media);
      const workflow = pool[own.int(0, pool.length - 1)];
      if (!workflow) return;
      const instructor = userId === 'user001' && own.chance(0.4);
      let left = own.weighted([
        [1, 6],
        [2, 2],
        [4, 1],
      ]);
      const done = () => {
        left -= 1;
        if (left === 0) plan(now + (0.5 + own.exponential(3.5)) * MINUTE * pace, next);
      };
      for (let count = left; count > 0; count -= 1)
        resume.set(submit(userId, workflow, instructor ? 0 : 2).job.id, done);
    };
    plan(begin + own.exponential(12 * MINUTE), next);
  }

  for (const [minute, act] of ACTS)
    plan(begin + minute * MINUTE, () => {
      if ('held' in act) control.held = act.held;
      else if ('mode' in act) control.mode = act.mode;
      else control.wanted = act.workers;
    });

  const active = () => workers.filter(({ truth }) => truth !== null).length;
  const rateOf = (worker: Worker) => 1 / (Math.max(1, active()) ** CONTENTION * worker.slowness * 1000);

  const scale = () => {
    const present = workers.filter(({ state }) => state !== 'gone' && state !== 'draining');
    for (let count = present.length; count < control.wanted; count += 1) {
      const taken = new Set(workers.filter(({ state }) => state !== 'gone').map(({ id }) => id));
      let number = 1;
      while (taken.has(`worker-${number}`)) number += 1;
      workers.push({
        id: `worker-${number}`,
        slowness: 0.94 + 0.03 * number,
        state: 'starting',
        since: now,
        readyAt: now + 75_000 * Math.exp(0.2 * normal()),
        loaded: null,
        truth: null,
        ended: 0,
      });
    }
    for (const worker of present.slice(control.wanted)) worker.state = worker.truth ? 'draining' : 'gone';
  };

  const claim = () => {
    if (control.held) return;
    for (const worker of workers) {
      if (worker.state !== 'idle' || waiting.length === 0 || isFull(worker.id)) continue;
      const truth = pick();
      waiting.splice(waiting.indexOf(truth), 1);
      const { workflow } = truth;
      const odd = random.chance(0.02) ? 1.5 + random.next() : 1;
      const seconds = workflow.seconds * Math.exp(0.09 * normal()) * odd;
      truth.load = worker.loaded === workflow.kind ? 0 : workflow.load * Math.exp(0.25 * normal());
      truth.work = truth.load + seconds * (truth.fails ? random.next() * 0.8 : 1);
      truth.left = truth.work;
      change(truth, { status: 'running', queue: 'running', startedAt: now, workerId: worker.id });
      Object.assign(worker, { state: 'busy', since: now, truth, loaded: workflow.kind });
    }
  };

  function pick(): Truth {
    const [first] = waiting;
    if (!first) throw new Error('nothing waits');
    if (control.mode === 'fifo' || control.mode === 'priority') return first;
    const count = control.mode === 'fair' ? load() : completed;
    return waiting.reduce((best, each) =>
      (count.get(each.job.userId) ?? 0) < (count.get(best.job.userId) ?? 0) ? each : best,
    );
  }

  function load(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { userId, startedAt } of Object.values(jobs))
      if (startedAt !== null) counts.set(userId, (counts.get(userId) ?? 0) + 1);
    return counts;
  }

  const look = () => seen(snapshotOf({ now, jobs, workers, leaving, control, begin }), now);

  while (now < begin + (HOURS + 0.5) * 60 * MINUTE) {
    const planned = events[0]?.at ?? Number.POSITIVE_INFINITY;
    let soonest = Math.min(planned, now + TICK);
    for (const worker of workers) {
      if (worker.state === 'starting') soonest = Math.min(soonest, worker.readyAt);
      if (worker.truth) soonest = Math.min(soonest, now + worker.truth.left / rateOf(worker));
    }
    for (const { until } of leaving) soonest = Math.min(soonest, until);
    const passed = Math.max(0, soonest - now);
    const rates = workers.map(rateOf);
    workers.forEach((worker, at) => {
      if (worker.truth) worker.truth.left -= passed * (rates[at] ?? 0);
    });
    now = soonest;
    for (const worker of workers) {
      if (worker.state === 'starting' && worker.readyAt <= now)
        Object.assign(worker, { state: 'idle', since: now });
      if (!worker.truth || worker.truth.left > 1e-6) continue;
      if (worker.truth.fails) settle(worker.truth, 'failed');
      else leave(worker.truth, worker.id);
      const state = worker.state === 'draining' ? 'gone' : 'idle';
      Object.assign(worker, { state, since: now, truth: null, ended: worker.ended + 1 });
    }
    for (const { truth, until } of leaving) if (until <= now) settle(truth, 'completed');
    leaving = leaving.filter(({ until }) => until > now);
    while ((events[0]?.at ?? Number.POSITIVE_INFINITY) <= now) {
      const before = serial;
      events.shift()?.act();
      // A person's click and its consequence are two moments.
      if (serial > before) look();
    }
    scale();
    claim();
    look();
  }
}

function snapshotOf(day: {
  now: number;
  begin: number;
  jobs: Record<string, JobSummary>;
  workers: readonly Worker[];
  leaving: readonly Leaving[];
  control: { held: boolean; mode: QueueMode; wanted: number };
}): WorkshopSnapshot {
  const { now, begin, jobs, leaving, control } = day;
  const workers = day.workers.filter(({ state }) => state !== 'gone');
  const all = Object.values(jobs);
  const count = (status: JobSummary['status']) => all.filter((job) => job.status === status).length;
  const protocol = PROTOCOL_VERSION;
  return {
    name: 'recorded day',
    redisAddress: 'redis:6379',
    links: {
      redis: { kind: 'ready', since: begin, rttMs: 1 },
    },
    queueAt: now,
    clockOffsetMs: 0,
    counts: {
      pending: count('pending'),
      running: count('running'),
      completed: count('completed'),
      failed: count('failed'),
      cancelled: count('cancelled'),
      deadLetter: 0,
    },
    control: {
      ...{ protocol, revision: 1, at: begin, by: 'host', heldUsers: [], nextTurn: null },
      held: control.held,
      mode: control.mode,
    },
    hosts: {
      h100: {
        id: 'h100',
        status: {
          ...{ protocol, hostId: 'h100', agentVersion: '1', instance: 'i', at: now, startedAt: begin },
          ...{ nextWithinMs: 20_000, phase: 'running', runtime: 'compose', queueMode: 'fifo' },
          ...{ desiredRevision: 1, controlRevision: 1, maxWorkers: 8, guardMiB: null },
          ...{ gpus: [], gpuError: null, vram: [] },
          workers: workers.map((worker) => statusOf(worker, leaving)),
          finishing: leaving.map(({ truth: { job }, workerId, since }) => ({
            ...{ jobId: job.id, userId: job.userId, workerId, since },
          })),
        },
        desired: { protocol, revision: 1, at: begin, by: 'host', workers: control.wanted, drained: [] },
        live: {
          ...{ protocol, hostId: 'h100', at: now, gpus: [], vram: [] },
          progress: workers.flatMap(({ id, truth }) => (truth ? [progressOf(id, truth)] : [])),
        },
        heardAt: now,
        mismatch: null,
      },
    },
    jobs: { ...jobs },
    events: [],
  };
}

/** Without a job in hand it tells the one that leaves. */
function statusOf({ id, state, since, truth, ended }: Worker, leaving: readonly Leaving[]): WorkerStatus {
  const common = { id, endpoint: null, comfyVersion: null, gpuIndex: 0, completed: ended, failed: 0 };
  const left = leaving.find(({ workerId }) => workerId === id)?.truth;
  const shown = truth ?? left;
  const told: WorkerState =
    state === 'starting'
      ? { kind: 'starting', since, note: 'loading' }
      : shown
        ? {
            kind: state === 'draining' ? 'draining' : 'busy',
            since,
            job: {
              jobId: shown.job.id,
              userId: shown.job.userId,
              kind: shown.job.kind,
              startedAt: shown.job.startedAt ?? since,
              attempt: 1,
              phase: truth ? 'running' : 'delivering',
            },
          }
        : { kind: 'idle', since };
  return { ...common, state: told };
}

/** As an agent tells it: nothing while models load, then steps, which run a little faster at first. */
function progressOf(workerId: string, { job, work, load, left }: Truth) {
  const done = work - left;
  const loading = done < load;
  const share = (done - load) / Math.max(0.001, work - load);
  return {
    workerId,
    jobId: job.id,
    phase: loading ? ('loading' as const) : ('running' as const),
    fraction: loading ? null : Math.min(1, Math.max(0, share) ** 0.9),
    node: null,
    step: null,
    steps: null,
  };
}
