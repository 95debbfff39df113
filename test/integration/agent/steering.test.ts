import { afterEach, describe, expect, test } from 'vitest';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { PROTOCOL_VERSION } from '../../../worker-agent/src/contract/protocol.ts';
import { type AgentRig, eventually, slowImage, startAgentRig } from './agent-rig.ts';

describe('steering an agent', () => {
  let rig: AgentRig;
  afterEach(() => rig.stop());

  test('scales 1 to 3 to 0 to 2 as wanted', async () => {
    rig = await startAgentRig({ servers: 3, workers: 1 });
    await rig.workersAre('idle');
    await rig.want({ workers: 3 });
    expect((await rig.workersAre('idle', 'idle', 'idle')).desiredRevision).toBe(2);
    await rig.want({ workers: 0 });
    await rig.workersAre();
    await rig.want({ workers: 2 });
    const status = await rig.workersAre('idle', 'idle');
    expect(status.workers.map((worker) => worker.id)).toEqual(['worker-1', 'worker-2']);
  });

  test('scaling down lets the job in hand finish', async () => {
    rig = await startAgentRig({ servers: 2 });
    await rig.workersAre('idle', 'idle');
    const ids = [await rig.submit(slowImage(2)), await rig.submit(slowImage(2, '7'))];
    await rig.workersAre('busy', 'busy');
    await rig.want({ workers: 0 });
    await rig.workersAre('draining', 'draining');
    for (const id of ids) await rig.reached(id, 'completed');
    await rig.workersAre();
  });

  test('wanting a draining worker back keeps it', async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
    const id = await rig.submit(slowImage(2));
    await rig.workersAre('busy');
    await rig.want({ workers: 0 });
    await rig.workersAre('draining');
    await rig.want({ workers: 1 });
    await rig.workersAre('busy');
    await rig.reached(id, 'completed');
    await rig.workersAre('idle');
    expect((await rig.events()).map((event) => event.kind)).not.toContain('worker-stopped');
  });

  test('a drained worker finishes, takes no more, and goes on when resumed', async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
    const first = await rig.submit(slowImage(1));
    await rig.workersAre('busy');
    await rig.want({ drained: ['worker-1'] });
    const second = await rig.submit(slowImage(0));
    await rig.reached(first, 'completed');
    await rig.workersAre('drained');
    expect(await rig.queuesOf(second)).toEqual([keys.pending]);
    await rig.want({ drained: [] });
    await rig.reached(second, 'completed');
  });

  test('a held queue is not claimed from; running jobs go on', async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
    const first = await rig.submit(slowImage(1));
    await rig.workersAre('busy');
    await rig.hold(true);
    const second = await rig.submit(slowImage(0));
    await rig.reached(first, 'completed');
    await rig.workersAre('idle');
    expect(await rig.queuesOf(second)).toEqual([keys.pending]);
    await rig.hold(false);
    await rig.reached(second, 'completed');
  });

  test('commands are carried out once and answered; stale and foreign ones are refused', async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
    expect((await rig.command({ verb: 'ping' })).outcome.kind).toBe('done');
    expect((await rig.command({ verb: 'ping' }, -5000)).outcome).toMatchObject({
      kind: 'refused',
      code: 'EXPIRED',
    });
    expect((await rig.command({ verb: 'restart-worker', workerId: 'worker-9' })).outcome).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect((await rig.command({ verb: 'free-vram', workerId: 'worker-1' })).outcome.kind).toBe('done');
    expect(await rig.client.xlen(keys.hostCommands('rig'))).toBe(0);
  });

  test('a desired state in another protocol is not followed and said so', async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
    const desired = {
      protocol: PROTOCOL_VERSION + 1,
      revision: 9,
      at: 0,
      by: 'new console',
      workers: 0,
      drained: [],
    };
    await rig.client.set(keys.hostDesired('rig'), JSON.stringify(desired));
    await eventually('the refusal', rig.agent, async () =>
      (await rig.events()).find((event) => event.message.includes('Upgrade the agent')),
    );
    expect((await rig.workersAre('idle')).desiredRevision).toBe(1);
  });
});
