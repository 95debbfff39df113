import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AgentRig, eventually, startAgentRig } from './agent-rig.ts';
import { BIG, batch, MEDIUM } from './card-rig.ts';

/** No nvidia-smi, no processes to be seen, as for servers in containers or on another machine: only ComfyUI tells. */
describe('jobs that share a card which only ComfyUI can see', () => {
  let folder: string;
  let rig: AgentRig;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'card-'));
    rig = await startAgentRig({ servers: 2, speed: 2, card: folder });
    await rig.workersAre('idle', 'idle');
  });
  afterEach(async () => {
    await rig.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const spanOf = async (id: string) => {
    const { started_at, completed_at } = await rig.job(id);
    return { start: Date.parse(started_at ?? ''), end: Date.parse(completed_at ?? '') };
  };
  const begun = async (id: string) =>
    eventually('the prompt at ComfyUI', rig.agent, async () => rig.submissions(id) || undefined);

  test('a job that runs out of memory beside another waits for it, is tried once more, and is known from then on', async () => {
    const first = await rig.submit(batch(MEDIUM, 8));
    await begun(first);
    await eventually('its models on the card', rig.agent, async () => {
      const held = await Promise.all(rig.comfy.map((server) => vramOf(server.url)));
      return Math.max(...held) > 36 ? true : undefined;
    });
    const big = await rig.submit(batch(BIG));
    const { workers } = await eventually('a busy worker that waits', rig.agent, async () => {
      const status = await rig.hostStatus();
      return status.workers.some(({ state }) => state.kind === 'busy' && state.job.waitingFor)
        ? status
        : undefined;
    });
    expect(
      workers.flatMap(({ state }) => (state.kind === 'busy' ? state.job.waitingFor?.jobId : [])),
    ).toContain(big);
    expect((await rig.job(first)).status).toBe('running');
    await rig.reached(big, 'completed');
    expect((await rig.job(first)).status).toBe('completed');
    expect(rig.submissions(big)).toBe(2);

    await rig.hold(true);
    const again = [await rig.submit(batch(MEDIUM, 8)), await rig.submit(batch(BIG))] as const;
    await rig.hold(false);
    for (const id of again) await rig.reached(id, 'completed');
    expect(again.map((id) => rig.submissions(id))).toEqual([1, 1]);
    const spans = await Promise.all(again.map(spanOf));
    const [earlier, later] = spans.sort((a, b) => a.start - b.start);
    expect(later?.start).toBeGreaterThanOrEqual(earlier?.end ?? Number.POSITIVE_INFINITY);
  });

  test('a job that waits for memory in its worker’s hand can be cancelled', async () => {
    const first = await rig.submit(batch(MEDIUM, 30));
    await begun(first);
    await eventually('its models on the card', rig.agent, async () => {
      const held = await Promise.all(rig.comfy.map((server) => vramOf(server.url)));
      return Math.max(...held) > 36 ? true : undefined;
    });
    const big = await rig.submit(batch(BIG));
    await eventually('a busy worker that waits', rig.agent, async () => {
      const { workers } = await rig.hostStatus();
      return workers.some(({ state }) => state.kind === 'busy' && state.job.waitingFor) || undefined;
    });
    const text = (await rig.client.get(`job:${big}`)) ?? '';
    await rig.client.set(`job:${big}`, text.replace('"status":"running"', '"status":"cancelled"'));
    await eventually('an idle worker', rig.agent, async () => {
      const { workers } = await rig.hostStatus();
      return workers.some(({ state }) => state.kind === 'idle') || undefined;
    });
    expect((await rig.job(big)).status).toBe('cancelled');
    expect(await rig.queuesOf(big)).toEqual([]);
    expect((await rig.job(first)).status).toBe('running');
    expect(rig.submissions(big)).toBe(1);
  });
});

async function vramOf(url: string): Promise<number> {
  const stats: { devices: { torch_vram_total: number }[] } = await (
    await fetch(`${url}/system_stats`)
  ).json();
  return (stats.devices[0]?.torch_vram_total ?? 0) / 1024 ** 3;
}
