import type { MachineView } from '../../src-main/domain/hosts/machine-view.ts';
import type { Gpu } from '../../worker-agent/src/contract/telemetry.ts';
import type { FakeState } from './fake-workshop.ts';
import { busyState, gpu, host, progress, samples, worker, workshop } from './scenarios.ts';
import { busyHost, events, jobsOf, stageStates } from './stage-states.ts';

/** States in which GPU figures come from another word than the agent's, or from several hosts and cards. */

const GB = 1024;
const RTX: Partial<Gpu> = {
  ...{ uuid: 'GPU-rtx', name: 'NVIDIA GeForce RTX 4090', memoryTotalMiB: 24_564, powerLimitW: 450 },
};

/** A GPU host as its login shows it, with what nvidia-smi says there. */
export function machineWithGpus(
  id: string,
  name: string,
  now: number,
  said: Partial<NonNullable<MachineView['gpus']>> = {},
): MachineView {
  const address = id === 'rtx-4090' ? 'root@203.0.113.7:2222' : 'ubuntu@100.64.0.9';
  return {
    ...{ id, role: 'gpu-host', name, address },
    link: { kind: 'ready', since: now - 600_000, rttMs: 41 },
    gpus: {
      gpus: [gpu(0)],
      processes: [],
      at: now,
      error: null,
      guards: [{ index: 0, guardMiB: 70 * GB }],
      ...said,
    },
  };
}

const python = (pid: number, usedGb: number, gpuIndex = 0) => ({
  ...{ pid, program: 'python3', gpuIndex, memoryMiB: usedGb * GB },
});

const RTX_WORKER = 'rtx-4090-worker';
const H100_WORKER = 'h100-worker';

/** An H100 whose agent reports, and a 24 GB card whose agent has fallen silent while its login stands. */
export function mixedPair(now: number): FakeState {
  const h100 = host(
    {
      id: 'h100',
      workers: [1, 2, 3].map((at) => worker(at, busyState(at, now, 31_000 * at), 0, H100_WORKER)),
      vram: { [`${H100_WORKER}-1`]: 21.6, [`${H100_WORKER}-2`]: 20.9, [`${H100_WORKER}-3`]: 14.2 },
      progress: [1, 2, 3].map((at) => progress(at, 4 + 5 * at, 21, H100_WORKER)),
    },
    now,
  );
  const rtx = host(
    {
      id: 'rtx-4090',
      workers: [worker(1, busyState(4, now, 130_000), 0, RTX_WORKER)],
      gpus: [gpu(0, { ...RTX, memoryUsedMiB: 15.2 * GB, temperatureC: 66, powerW: 301, utilization: 97 })],
      vram: { [`${RTX_WORKER}-1`]: 14.6 },
      heardAgo: 95_000,
      change: { guardMiB: 21 * GB, maxWorkers: 1 },
    },
    now,
  );
  const jobs = jobsOf(now, 4, 14, 87).map((job) => {
    const at = Number(job.workerId?.replace(/^.*-/, ''));
    if (!job.workerId) return job;
    return { ...job, workerId: at === 4 ? `${RTX_WORKER}-1` : `${H100_WORKER}-${at}` };
  });
  const state = workshop(now, [h100, rtx], jobs, {
    events: events(now),
    machines: [
      { ...machineWithGpus('h100', 'H100 of Verda', now), gpus: null },
      machineWithGpus('rtx-4090', 'RTX 4090 of RunPod', now, {
        gpus: [gpu(0, { ...RTX, memoryUsedMiB: 17.1 * GB, temperatureC: 71, powerW: 388, utilization: 99 })],
        processes: [python(4711, 16.4)],
        guards: [{ index: 0, guardMiB: 21 * GB }],
      }),
    ],
  });
  // Each card has its own size.
  for (const sample of state.histories.fine) {
    const mib = sample.vramMiB['rtx-4090/0'];
    if (mib != null) sample.vramMiB['rtx-4090/0'] = mib * 0.3;
  }
  return state;
}

const lost = (now: number) => {
  const state = stageStates['link-lost']?.(now);
  if (!state) throw new Error('there is no lost link');
  return state;
};

/** By name, as the states of the Stage. */
export const gpuStates: Record<string, (now: number) => FakeState> = {
  'mixed-pair': mixedPair,

  'lost-over-ssh': (now) => {
    const state = lost(now);
    const gpus = [gpu(0, { memoryUsedMiB: 71.4 * GB, utilization: 88 })];
    state.snapshot.machines = [
      machineWithGpus('gpu-1', 'H100 of Verda', now, {
        gpus,
        processes: [python(4711, 24.1), python(4802, 23.6), python(4919, 22.9)],
      }),
    ];
    return state;
  },

  // The driver tells programs apart on no pod, and the login is lost as well after a while.
  'lost-over-ssh-old': (now) => {
    const state = lost(now);
    state.snapshot.machines = [machineWithGpus('gpu-1', 'H100 of Verda', now - 41_000)];
    return state;
  },

  'lost-without-driver': (now) => {
    const state = lost(now);
    state.snapshot.machines = [
      machineWithGpus('gpu-1', 'H100 of Verda', now, {
        ...{ gpus: [], at: null },
        error: 'nvidia-smi ended with code 18: Failed to initialize NVML: Driver/library version mismatch.',
      }),
    ];
    return state;
  },

  'gpu-before-agent': (now) => {
    const state = workshop(now, [], jobsOf(now, 0, 4, 0, 0), {
      machines: [
        machineWithGpus('h100', 'H100 of Verda', now, {
          gpus: [gpu(0, { memoryUsedMiB: 1.2 * GB, utilization: 0, temperatureC: 34, powerW: 71 })],
        }),
      ],
    });
    state.histories.fine = samples(now, ['h100'], 1.2 * GB, 600);
    return state;
  },

  // The console was started while Redis was down.
  'gpu-before-redis': (now) => {
    const { links } = lost(now).snapshot;
    const nothing = { queueAt: null, clockOffsetMs: null, counts: null, control: null };
    const machines = [machineWithGpus('h100', 'H100 of Verda', now, { processes: [python(4711, 50.6)] })];
    const state = workshop(now, [], [], { links, machines, ...nothing });
    return { ...state, histories: { fine: samples(now, ['h100'], 51 * GB, 240), coarse: [] } };
  },

  // In the midst of the setup: a login stands, no Redis is entered yet.
  'gpu-before-setup': (now) => {
    const state = stageStates['first-run']?.(now);
    if (!state) throw new Error('there is no first run');
    state.snapshot.machines = [machineWithGpus('h100', 'H100 of Verda', now)];
    return state;
  },

  'gpu-in-this-computer': (now) =>
    workshop(now, [], jobsOf(now, 0, 4, 0, 0), {
      machines: [{ ...machineWithGpus('studio', 'The studio PC', now), local: true }],
    }),

  'no-driver-before-agent': (now) =>
    workshop(now, [], jobsOf(now, 0, 4, 0, 0), {
      machines: [
        machineWithGpus('h100', 'H100 of Verda', now, {
          ...{ gpus: [], at: null },
          error: 'There is no nvidia-smi on this machine; the NVIDIA driver is missing.',
        }),
      ],
    }),

  'second-host-new': (now) => {
    const state = workshop(now, [busyHost(now)], jobsOf(now, 3, 14, 87), {
      events: events(now),
      machines: [
        machineWithGpus('rtx-4090', 'RTX 4090 of RunPod', now, {
          gpus: [gpu(0, { ...RTX, memoryUsedMiB: 400, utilization: 0, temperatureC: 38, powerW: 22 })],
          guards: [{ index: 0, guardMiB: 21 * GB }],
        }),
      ],
    });
    for (const sample of state.histories.fine.slice(-600)) sample.vramMiB['rtx-4090/0'] = 400;
    return state;
  },

  'pair-without-gpu': (now) =>
    workshop(
      now,
      [
        busyHost(now),
        host(
          {
            id: 'gpu-2',
            ...{ workers: [], wanted: 0, gpus: [] },
            change: {
              gpuError: {
                ...{ code: 'GPU_UNREADABLE', retryable: false },
                message: 'There is no nvidia-smi on this machine.',
                remedy: 'Install the NVIDIA driver, or set NVIDIA_SMI to its path.',
              },
            },
          },
          now,
        ),
      ],
      jobsOf(now, 3, 14, 87),
      { events: events(now) },
    ),

  'two-cards': (now) => {
    const state = workshop(
      now,
      [
        host(
          {
            workers: [
              worker(1, busyState(1, now, 108_000), 0),
              worker(2, busyState(2, now, 31_000), 1),
              worker(3, { kind: 'idle', since: now - 3000 }, 1),
            ],
            vram: { 'worker-1': 21.6 },
            gpus: [
              gpu(0, { memoryUsedMiB: 22.2 * GB }),
              gpu(1, { memoryUsedMiB: 63 * GB, utilization: 41, temperatureC: 52, powerW: 290 }),
            ],
            progress: [progress(1, 13, 21), progress(2, 17, 20)],
          },
          now,
        ),
      ],
      jobsOf(now, 2, 9, 40),
      { events: events(now) },
    );
    for (const sample of state.histories.fine) {
      const mib = sample.vramMiB['gpu-1/0'];
      sample.vramMiB['gpu-1/1'] = mib == null ? null : Math.min(70 * GB, mib * 2.6);
    }
    return state;
  },
};
