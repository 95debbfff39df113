import { type BenchRig, type BenchRow, isShort, quantile, startRig } from '../support/bench-rig.ts';

/**
 * How long the GPU idles between two jobs of one worker while jobs wait: from the end of one prompt to the start of the
 * next, by ComfyUI's own clock. Beside it, at the same time on a Redis and a ComfyUI of its own, a polling worker.
 */
export async function bench(report: (row: BenchRow) => void): Promise<void> {
  const [ours, theirs] = await Promise.all([startRig('agent'), startRig('polling')]);
  try {
    const [sample, peer] = await Promise.all([
      gaps(ours, isShort ? 10 : 121),
      gaps(theirs, isShort ? 3 : 21),
    ]);
    report({
      name: 'gap.p50',
      value: quantile(sample, 0.5),
      unit: 'ms',
      n: sample.length,
      peer: { name: `polling worker (n=${peer.length})`, value: quantile(peer, 0.5) },
    });
  } finally {
    await Promise.all([ours.stop(), theirs.stop()]);
  }
}

async function gaps(rig: BenchRig, jobs: number): Promise<number[]> {
  const submitted: string[] = [];
  for (let at = 0; at < jobs; at += 1) submitted.push((await rig.submit(workflow(at))).id);
  for (const id of submitted) await rig.completed(id);
  const executions = await rig.executions();
  if (executions.length !== jobs)
    throw new Error(`ComfyUI ran ${executions.length} prompts for ${jobs} jobs`);
  return executions.slice(1).map(({ start }, at) => start - (executions[at]?.end ?? start));
}

/** A few steps of 20 ms and a saved picture, as a small but real job has them. */
function workflow(seed: number): string {
  return (
    `{"1":{"inputs":{"seconds":0.1,"steps":5,"seed":${seed},"mode":"plain"},"class_type":"SlowImage"},` +
    '"2":{"inputs":{"filename_prefix":"bench","images":["1",0]},"class_type":"SaveImage"}}'
  );
}
