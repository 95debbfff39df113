import type { QueueNow, SimJob } from '../../src-main/domain/wait/queue-model.ts';
import { learnRunTimes } from '../../src-main/domain/wait/run-times.ts';
import { simulateQueue } from '../../src-main/domain/wait/simulate-queue.ts';
import type { QueueMode } from '../../worker-agent/src/contract/desired.ts';

const KINDS = ['flux2 image', 'wan2.2 text to video', 'upscale', 'sdxl image', 'ltx2 image to video'];

/** 500 jobs of 60 people wait on 8 workers, with arrivals and cancellations. */
export function longQueue(mode: QueueMode, waiting = 500, workers = 8): QueueNow {
  const runTimes = learnRunTimes([]);
  const job = (at: number): SimJob => {
    const kind = KINDS[at % KINDS.length] ?? 'workflow';
    const signature = `${kind} ${at % 3}`;
    const userId = `user${(at * 7) % 60}`;
    return { userId, kind, priority: 2, estimate: runTimes.of({ kind, signature }) };
  };
  return {
    workers: Array.from({ length: workers }, (_, at) => ({
      id: `worker-${at + 1}`,
      hostId: 'h100',
      takes: true,
      loaded: null,
      state: { kind: 'busy', job: job(at), elapsedMs: 5000 * at, progress: null, cold: false },
    })),
    waiting: Array.from({ length: waiting }, (_, at) => job(at)),
    mode,
    nextTurn: null,
    served: new Map(),
    runTimes,
    arrivals: { everyMs: 20_000, like: Array.from({ length: 100 }, (_, at) => job(at)) },
    cancelRate: 1e-8,
  };
}

/** How long one whole simulation takes, ms, in all modes in turn. */
export function simulationTimes(times: number): number[] {
  const modes: QueueMode[] = ['fifo', 'priority', 'round_robin', 'fair'];
  const queues = modes.map((mode) => longQueue(mode));
  const taken: number[] = [];
  for (let at = -12; at < times; at += 1) {
    const queue = queues[Math.abs(at) % queues.length];
    if (!queue) continue;
    const began = performance.now();
    simulateQueue(queue);
    // The first ones warm the machine.
    if (at >= 0) taken.push(performance.now() - began);
  }
  return taken;
}
