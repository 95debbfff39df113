import type { JobSummary } from '../../src-main/domain/workshop.ts';
import type { FakeState } from './fake-workshop.ts';
import {
  busyState,
  CONTROL,
  event,
  gpu,
  host,
  job,
  progress,
  randomOf,
  worker,
  workshop,
} from './scenarios.ts';

const MINUTE = 60_000;
const SECOND = 1000;

/** Jobs of a running day: `running` on workers 1 …, then waiting, done and failed ones. */
export function jobsOf(
  now: number,
  running: number,
  waiting: number,
  done: number,
  failed = 3,
): JobSummary[] {
  const list: JobSummary[] = [];
  for (let at = 1; at <= running; at += 1)
    list.push(
      job(at, 'running', now, {
        id: `job-run-${at}`,
        userId: `user${String(at * 4).padStart(3, '0')}`,
        workerId: `worker-${at}`,
        startedAt: now - at * 48 * SECOND,
      }),
    );
  for (let at = 0; at < waiting; at += 1)
    list.push(
      job(waiting - at, 'pending', now, { id: `job-w-${at}`, priority: at === 0 ? 1 : 2, score: at }),
    );
  for (let at = 0; at < done; at += 1) list.push(job(100 + at, 'completed', now));
  for (let at = 0; at < failed; at += 1) list.push(job(300 + at, 'failed', now));
  list.push(job(400, 'cancelled', now), job(401, 'cancelled', now));
  return list;
}

export const events = (now: number) => [
  event(now, 9 * SECOND, 'job-completed', "worker-2 finished user011's flux2 image in 41 s."),
  event(now, 48 * SECOND, 'job-claimed', "worker-1 took user004's ltx2 text to video."),
  event(now, 3 * MINUTE, 'job-failed', "user019's ltx2 image to video failed: the GPU ran out of memory."),
  event(now, 14 * MINUTE, 'desired-changed', 'anna-laptop asked for 3 workers, was 2.'),
];

export const busyHost = (now: number) =>
  host(
    {
      workers: [
        worker(1, busyState(1, now, 108_000)),
        worker(2, busyState(2, now, 31_000)),
        worker(3, busyState(3, now, 9000)),
      ],
      vram: { 'worker-1': 21.6, 'worker-2': 20.9, 'worker-3': 14.2 },
      progress: [
        progress(1, 13, 21),
        progress(2, 17, 20),
        { ...progress(3, 0, 1), phase: 'loading', fraction: null, step: null, steps: null },
      ],
    },
    now,
  );

/** Every state of the Stage that a person may meet, by name. */
export const stageStates: Record<string, (now: number) => FakeState> = {
  busy: (now) => workshop(now, [busyHost(now)], jobsOf(now, 3, 14, 87), { events: events(now) }),

  'all-idle': (now) =>
    workshop(
      now,
      [
        host(
          {
            workers: [
              worker(1, { kind: 'idle', since: now - 40_000 }),
              worker(2, { kind: 'idle', since: now - 3000 }),
            ],
            vram: { 'worker-1': 9.4, 'worker-2': 8.8 },
          },
          now,
        ),
      ],
      jobsOf(now, 0, 0, 12, 0),
      { events: events(now) },
    ),

  'no-worker': (now) => workshop(now, [host({ workers: [], wanted: 0 }, now)], jobsOf(now, 0, 4, 0, 0)),

  'first-run': (now) => {
    const state = workshop(now, [], [], {
      name: null,
      redisAddress: null,
      queueAt: null,
      counts: null,
      control: null,
    });
    state.snapshot.links.redis = { kind: 'idle' };
    return { ...state, histories: { fine: [], coarse: [] } };
  },

  'link-lost': (now) => {
    const state = workshop(now - 74_000, [busyHost(now - 74_000)], jobsOf(now, 3, 14, 87), {
      events: events(now),
    });
    state.snapshot.links.redis = {
      kind: 'lost',
      since: now - 71_000,
      code: 'REDIS_UNREACHABLE',
      why: 'Redis at 100.64.0.7:6379 does not answer (connection refused)',
      remedy: 'Look whether the VPS runs and Tailscale is connected on this laptop.',
      retryAt: now + 6000,
    };
    return state;
  },

  'no-agent': (now) => workshop(now, [], jobsOf(now, 0, 4, 0, 0)),

  'agent-silent': (now) =>
    workshop(now, [{ ...busyHost(now - 95_000), heardAt: now - 95_000 }], jobsOf(now, 3, 14, 87), {
      events: events(now),
    }),

  mismatch: (now) =>
    workshop(
      now,
      [
        {
          ...busyHost(now),
          status: null,
          live: null,
          mismatch:
            'The agent speaks protocol 2, this side speaks 1. Upgrade the console, then connect again; running jobs go on meanwhile.',
        },
      ],
      jobsOf(now, 3, 14, 87),
    ),

  scaling: (now) =>
    workshop(
      now,
      [
        host(
          {
            wanted: 3,
            workers: [
              worker(1, busyState(1, now, 108_000)),
              worker(2, { kind: 'starting', since: now - 40_000, note: 'ComfyUI is loading custom nodes' }),
              worker(3, { kind: 'starting', since: now - 12_000, note: 'ComfyUI is starting' }),
            ],
            vram: { 'worker-1': 21.6, 'worker-2': 2.1 },
            progress: [progress(1, 13, 21)],
          },
          now,
        ),
      ],
      jobsOf(now, 1, 9, 31),
      { events: events(now) },
    ),

  draining: (now) =>
    workshop(
      now,
      [
        host(
          {
            drained: ['worker-2', 'worker-3'],
            workers: [
              worker(1, busyState(1, now, 108_000)),
              worker(2, { ...busyState(2, now, 31_000), kind: 'draining' } as never),
              worker(3, { kind: 'drained', since: now - 4 * MINUTE }),
            ],
            vram: { 'worker-1': 21.6, 'worker-2': 20.9, 'worker-3': 8.2 },
            progress: [progress(1, 13, 21), progress(2, 17, 20)],
          },
          now,
        ),
      ],
      jobsOf(now, 2, 14, 87),
      { events: events(now) },
    ),

  held: (now) =>
    workshop(now, [busyHost(now)], jobsOf(now, 3, 14, 87), {
      control: { ...CONTROL, at: now - 2 * MINUTE, held: true, revision: 2 },
      events: events(now),
    }),

  'failed-worker': (now) =>
    workshop(
      now,
      [
        host(
          {
            workers: [
              worker(1, busyState(1, now, 108_000)),
              worker(2, {
                kind: 'failed',
                since: now - 2 * MINUTE,
                error: {
                  code: 'RUNTIME_CRASH_LOOP',
                  message:
                    'ComfyUI stopped 5 times within 2 minutes; its last words: CUDA error, no kernel image is available.',
                  remedy: 'Look at its log on the GPU host, then restart it.',
                  retryable: false,
                },
                retryAt: null,
              }),
              worker(3, { kind: 'idle', since: now - 3000 }),
            ],
            vram: { 'worker-1': 62.6, 'worker-3': 9.2 },
            progress: [progress(1, 13, 21)],
          },
          now,
        ),
      ],
      [
        ...jobsOf(now, 1, 0, 87),
        job(500, 'unreadable', now, {
          userId: 'user013',
          error: 'The job cannot be read: it has no workflow',
        }),
      ],
      { events: events(now) },
    ),

  'gpu-unknown': (now) =>
    workshop(
      now,
      [
        host(
          {
            workers: [worker(1, busyState(1, now, 108_000))],
            gpus: [
              gpu(0, {
                memoryUsedMiB: null,
                memoryFreeMiB: null,
                utilization: null,
                temperatureC: null,
                powerW: null,
              }),
            ],
            change: {
              gpuError: {
                code: 'GPU_UNREADABLE',
                message: 'nvidia-smi answered [N/A] for memory',
                remedy: 'Look at the driver on the GPU host.',
                retryable: false,
              },
            },
          },
          now,
        ),
      ],
      jobsOf(now, 1, 2, 5),
    ),

  hostile: (now) =>
    workshop(
      now,
      [busyHost(now)],
      [
        ...jobsOf(now, 3, 2, 4),
        job(600, 'pending', now, {
          id: 'job-h-1',
          userId: '<img src=x onerror="window.hacked=1">',
          score: -3,
        }),
        job(601, 'pending', now, { id: 'job-h-2', userId: 'A'.repeat(100_000), score: -2 }),
        job(602, 'failed', now, {
          id: 'job-h-3',
          userId: '../../etc/passwd',
          error: '<script>window.hacked=1</script>',
        }),
      ],
    ),

  'many-jobs': (now) => workshop(now, [busyHost(now)], manyJobs(now, 10_000), { events: events(now) }),

  'many-hosts': (now) => manyHosts(now, 8, 8, 400),
};

export function manyJobs(now: number, count: number): JobSummary[] {
  const random = randomOf(3);
  return Array.from({ length: count }, (_, at) => {
    const dice = random();
    const status = dice < 0.4 ? 'pending' : dice < 0.9 ? 'completed' : dice < 0.96 ? 'failed' : 'cancelled';
    return job(at, status, now, { userId: `user${String(1 + Math.floor(random() * 40)).padStart(3, '0')}` });
  });
}

/** Several hosts of several workers, in all states. */
export function manyHosts(now: number, hosts: number, workers: number, jobs: number): FakeState {
  const list = Array.from({ length: hosts }, (_, at) => {
    const prefix = `gpu-${at + 1}-worker`;
    return host(
      {
        id: `gpu-${at + 1}`,
        workers: Array.from({ length: workers }, (_unused, place) => {
          const number = place + 1;
          const odd = (at * 5 + place * 3) % 11;
          if (odd === 0) return worker(number, { kind: 'idle', since: now - 9000 }, 0, prefix);
          if (odd === 1)
            return worker(
              number,
              { kind: 'starting', since: now - 22_000, note: 'ComfyUI is loading' },
              0,
              prefix,
            );
          return worker(number, busyState(number, now, 12_000 * number), 0, prefix);
        }),
        vram: Object.fromEntries(
          Array.from({ length: workers }, (_unused, place) => [
            `${prefix}-${place + 1}`,
            5 + ((place * 7) % 4),
          ]),
        ),
        progress: Array.from({ length: workers }, (_unused, place) =>
          progress(place + 1, 1 + ((place * 5 + at) % 20), 21, prefix),
        ),
        change: { maxWorkers: 8 },
      },
      now,
    );
  });
  return workshop(now, list, manyJobs(now, jobs), { events: events(now) });
}
