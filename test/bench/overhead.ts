import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { startDemoWorkshop } from '../../resources/demo/demo-workshop.ts';
import { createRandom } from '../../resources/demo/participants/random.ts';
import { submitAsQueueManager } from '../../resources/demo/platform-job.ts';
import { keys } from '../../worker-agent/src/contract/keys.ts';
import { type BenchRow, isShort, quantile } from '../support/bench-rig.ts';
import { runStep } from '../support/run-step.ts';

const WORKERS = 8;
/** Ticks of USER_HZ, which Linux fixes at 100 for /proc. */
const TICKS_PER_SECOND = 100;

/**
 * What the agent's process costs while eight workers execute, each with two sampler steps a second; the ComfyUI doubles
 * and Redis are processes of their own and do not count.
 */
export async function bench(report: (row: BenchRow) => void): Promise<void> {
  const seconds = isShort ? 5 : 20;
  // The file that is deployed: the source would also count what Node needs to strip its types.
  if ((await runStep('node', ['worker-agent/build.ts'])) !== 0)
    throw new Error('the agent could not be bundled');
  const workshop = await startDemoWorkshop({
    workers: WORKERS,
    maxWorkers: WORKERS,
    users: 0,
    oomRate: 0,
    agentEntry: 'worker-agent/dist/worker-agent.mjs',
  });
  try {
    const redis = workshop.redis.client();
    const random = createRandom(1);
    for (let at = 0; at < WORKERS; at += 1)
      await submitAsQueueManager(redis, {
        id: random.uuid(),
        userId: `user00${at + 1}`,
        workflow: longWorkflow(at),
        priority: 2,
        createdAtMicros: Date.now() * 1000,
      });
    const deadline = Date.now() + 90_000;
    while ((await redis.zcard(keys.running)) < WORKERS) {
      if (Date.now() > deadline)
        throw new Error(`the workers did not all start:\n${workshop.agent.lastWords()}`);
      await wait(100);
    }
    await wait(3000);
    const pid = workshop.agent.pid();
    if (pid === undefined) throw new Error(`the agent has ended:\n${workshop.agent.lastWords()}`);
    const samples: number[] = [];
    const before = cpuSeconds(pid);
    const since = performance.now();
    for (let second = 0; second < seconds; second += 1) {
      await wait(1000);
      samples.push(rssMiB(pid));
    }
    const cpu = ((cpuSeconds(pid) - before) / ((performance.now() - since) / 1000)) * 100;
    report({ name: 'overhead.cpu', value: cpu, unit: '%', n: seconds });
    report({ name: 'overhead.rss', value: quantile(samples, 1), unit: 'MB', n: samples.length });
  } finally {
    await workshop.stop(1000);
  }
}

function longWorkflow(seed: number): string {
  return (
    `{"1":{"inputs":{"seconds":120,"steps":240,"seed":${seed},"mode":"plain"},"class_type":"SlowImage"},` +
    '"2":{"inputs":{"filename_prefix":"bench","images":["1",0]},"class_type":"SaveImage"}}'
  );
}

/** User and system time of a process so far; fields 14 and 15 of /proc/pid/stat, counted after the name. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function rssMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
