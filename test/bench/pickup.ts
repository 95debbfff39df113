import { setTimeout as wait } from 'node:timers/promises';
import { createRandom } from '../../resources/demo/participants/random.ts';
import { type BenchRig, type BenchRow, isShort, quantile, startRig } from '../support/bench-rig.ts';

/**
 * From the queue-manager's first write to POST /prompt at ComfyUI, worker idle, everything on loopback. Beside it, at
 * the same time on a Redis and a ComfyUI of its own, a worker that polls as the platform's does.
 */
export async function bench(report: (row: BenchRow) => void): Promise<void> {
  const [ours, theirs] = await Promise.all([startRig('agent'), startRig('polling')]);
  try {
    const random = createRandom(7);
    await pickups(ours, 5, () => 20);
    let done = false;
    const peerSample = (async () => {
      const sample: number[] = [];
      do sample.push(...(await pickups(theirs, 1, () => random.int(0, 2000))));
      while (!done || sample.length < (isShort ? 2 : 20));
      return sample;
    })();
    const sample = await pickups(ours, isShort ? 20 : 240, () => random.int(20, 200));
    done = true;
    const peer = await peerSample;
    for (const [name, share] of [
      ['pickup.p50', 0.5],
      ['pickup.p99', 0.99],
    ] as const)
      report({
        name,
        value: quantile(sample, share),
        unit: 'ms',
        n: sample.length,
        peer: { name: `polls every 2 s (n=${peer.length})`, value: quantile(peer, share) },
      });
  } finally {
    await Promise.all([ours.stop(), theirs.stop()]);
  }
}

async function pickups(rig: BenchRig, count: number, pauseMs: () => number): Promise<number[]> {
  const sample: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const { id, at: submitted } = await rig.submit(smallWorkflow());
    sample.push((await rig.promptSeen(id)) - submitted);
    await rig.completed(id);
    await wait(pauseMs());
  }
  return sample;
}

let colour = 0;

/** Next to no work, and never twice the same, so that nothing comes from ComfyUI's cache. */
function smallWorkflow(): string {
  colour += 1;
  return (
    `{"1":{"inputs":{"width":64,"height":64,"batch_size":1,"color":${colour}},"class_type":"EmptyImage"},` +
    '"2":{"inputs":{"filename_prefix":"bench","images":["1",0]},"class_type":"SaveImage"}}'
  );
}
