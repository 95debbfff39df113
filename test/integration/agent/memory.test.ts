import { describe, expect, type TestContext, test } from 'vitest';
import { eventually } from './agent-rig.ts';
import { BIG, batch, IMPOSSIBLE, MEDIUM, SMALL, startCardRig } from './card-rig.ts';

/** A claim that was on its way when the card was reserved still counts as before. */
const IN_FLIGHT_MS = 500;

/** A card of its own for one test: they mostly wait, so they run side by side. */
async function cardOfThree({ onTestFinished }: TestContext) {
  const card = await startCardRig({ workers: 3 });
  onTestFinished(() => card.stop());
  await card.rig.workersAre('idle', 'idle', 'idle');
  const eventsOf = async (kind: string) => (await card.rig.events()).filter((event) => event.kind === kind);
  return {
    card,
    eventsOf,
    startOf: async (id: string) => Date.parse((await card.rig.job(id)).started_at ?? ''),
    /** Lets the agent see each kind once, alone on the card, the smaller first. */
    async teach(...pictures: number[]) {
      for (const [at, count] of pictures.entries()) {
        await card.rig.reached(await card.rig.submit(batch(count)), 'completed');
        await card.learned(at + 1);
      }
    },
    /** Submits one that starts at once, then the others in order while the queue is held, then lets go. */
    async submitBehind(first: string, ...workflows: string[]) {
      const ids = [await card.rig.submit(first)];
      await card.rig.reached(ids[0] ?? '', 'running');
      await card.rig.hold(true);
      for (const workflow of workflows) ids.push(await card.rig.submit(workflow));
      await card.rig.hold(false);
      return ids;
    },
  };
}

describe.concurrent('jobs that share a card', { timeout: 120_000 }, () => {
  test('a big job waits while two others fit, the host is told, and a restart forgets nothing', async (context) => {
    const { card, eventsOf, startOf, teach, submitBehind } = await cardOfThree(context);
    await teach(MEDIUM, BIG);
    const [medium = 0, big = 0] = card.needs();
    expect(big / 1024).toBeGreaterThan(50);
    expect(big / 1024).toBeLessThan(56);
    expect(medium / 1024).toBeLessThan(44);
    await card.rig.agent.kill();
    await card.rig.agent.start();
    await card.rig.workersAre('idle', 'idle', 'idle');
    const told = await eventually('needs and disks', card.rig.agent, async () => {
      const { needs, disks } = await card.rig.hostStatus();
      return disks && needs?.[0]?.runs === 2 ? { needs, disks } : undefined;
    });
    expect(told.needs).toEqual([{ kind: expect.any(String), needMiB: big, runs: 2 }]);
    expect(told.disks[0]?.freeBytes).toBeGreaterThan(0);

    const [first = '', waits = '', ...others] = await submitBehind(
      ...[batch(MEDIUM, 16), batch(BIG), batch(SMALL), batch(SMALL)],
    );
    for (const id of others) await card.rig.reached(id, 'completed');
    const { workers } = await eventually('idle workers that wait', card.rig.agent, async () => {
      const status = await card.rig.hostStatus();
      const waiting = status.workers.filter(({ state }) => state.kind === 'idle' && state.waitingFor);
      return waiting.length === 2 ? status : undefined;
    });
    const idle = workers.flatMap(({ state }) => (state.kind === 'idle' ? [state.waitingFor] : []));
    expect(idle[0]).toMatchObject({ jobId: waits, needMiB: big });
    expect(idle[0]?.freeMiB ?? big).toBeLessThan(big);
    await card.rig.reached(waits, 'pending');
    expect((await card.rig.job(first)).status).toBe('running');

    await card.rig.reached(waits, 'completed');
    expect((await card.rig.job(first)).status).toBe('completed');
    for (const id of others) expect(await startOf(id)).toBeLessThan(await startOf(waits));
    const [passed] = await eventsOf('job-passed-over');
    expect(passed).toMatchObject({ jobId: waits });
    expect(passed?.message).toMatch(
      /waits for memory on .*: it needs 5\d\.\d GiB, of which \d+\.\d GiB are free\. Jobs that fit go first/,
    );
    const claims = await eventsOf('job-claimed');
    expect(claims.filter((event) => event.jobId === waits)).toHaveLength(1);
  });

  test('a big job is not starved: after a few others the card is kept for it', async (context) => {
    const { card, eventsOf, startOf, teach, submitBehind } = await cardOfThree(context);
    await teach(MEDIUM, BIG);
    const smalls = Array.from({ length: 8 }, () => batch(SMALL));
    const [first = '', waits = '', ...others] = await submitBehind(batch(MEDIUM, 16), batch(BIG), ...smalls);
    await card.rig.reached(waits, 'completed');
    for (const id of others) await card.rig.reached(id, 'completed');
    const begun = await startOf(waits);
    expect(await startOf(first)).toBeLessThan(begun);
    const reserved = await eventsOf('gpu-reserved');
    expect(reserved).toMatchObject([{ jobId: waits }]);
    const starts = await Promise.all(others.map(startOf));
    const kept = (reserved[0]?.at ?? 0) + IN_FLIGHT_MS;
    expect(starts.filter((start) => start < kept).length).toBeGreaterThanOrEqual(4);
    expect(starts.filter((start) => start >= kept && start < begun)).toEqual([]);
    expect(starts.filter((start) => start > begun)).not.toEqual([]);
  });

  test('a reserved job that is cancelled gives the card free', async (context) => {
    const { card, eventsOf, teach, submitBehind } = await cardOfThree(context);
    await teach(MEDIUM, BIG);
    const smalls = Array.from({ length: 10 }, () => batch(SMALL));
    const [first = '', waits = '', ...others] = await submitBehind(batch(MEDIUM, 40), batch(BIG), ...smalls);
    await eventually('a reservation', card.rig.agent, async () => (await eventsOf('gpu-reserved'))[0]);
    expect(
      (await Promise.all(others.map(card.rig.job))).filter(({ status }) => status === 'pending'),
    ).not.toEqual([]);
    await card.rig.client.multi().zrem('queue:pending', waits).del(`job:${waits}`).exec();
    for (const id of others) await card.rig.reached(id, 'completed');
    expect((await card.rig.job(first)).status).toBe('running');
  });

  test('models that idle neighbours keep make room before a job is held back', async (context) => {
    const { card, eventsOf, teach } = await cardOfThree(context);
    await teach(BIG);
    const [worker] = (await eventsOf('job-claimed')).map((event) => event.workerId);
    expect(await card.heldGiB(Number(worker?.slice(-1)))).toBeGreaterThan(50);
    await card.rig.want({ drained: [worker ?? ''] });
    await eventually('the drained worker', card.rig.agent, async () =>
      (await eventsOf('worker-drained')).length > 0 ? true : undefined,
    );
    const again = await card.rig.submit(batch(BIG));
    await card.rig.reached(again, 'completed');
    expect(await card.heldGiB(Number(worker?.slice(-1)))).toBeLessThan(1);
    expect((await card.rig.events()).filter(({ jobId }) => jobId === again).map(({ kind }) => kind)).toEqual([
      'job-claimed',
      'job-completed',
    ]);
  });

  test('a job that is too big for the card fails after one retry and names need and card', async (context) => {
    const { card } = await cardOfThree(context);
    const job = await card.rig.reached(await card.rig.submit(batch(IMPOSSIBLE)), 'failed');
    expect(job.error).toContain('also after all models had been unloaded');
    expect(job.error).toMatch(/This kind of job needs \d\d\.\d GiB or more/);
    expect(job.error).toMatch(/The card has 79\.\d GiB \(NVIDIA H100 80GB HBM3\)/);
    expect(job.error).toMatch(/smaller size|fewer frames/);
  });
});
