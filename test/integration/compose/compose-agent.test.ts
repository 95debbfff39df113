import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, expect } from 'vitest';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { createLogsService } from '../../../src-main/services/logs/logs-service.ts';
import { bundleAgent } from '../../../worker-agent/build.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { delivered, eventually, slowImage } from '../agent/agent-rig.ts';
import { type ComposeAgent, startComposeAgent } from './compose-agent.ts';
import { containers, lifeOf, testsWithEngine } from './with-engine.ts';

const AGENT = resolve(import.meta.dirname, '../../../worker-agent/src/cli.ts');
const withEngine = await testsWithEngine();

let rig: ComposeAgent | undefined;
let folder: string | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
  if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  folder = undefined;
});

/** Settled once, delivered once, and in one queue only. */
async function expectDoneOnce(agent: ComposeAgent, id: string): Promise<void> {
  const job = await agent.reached(id, 'completed');
  const files = Object.values(job.result?.outputs ?? {}).flatMap((kinds) => Object.values(kinds).flat());
  expect(files).toHaveLength(1);
  for (const file of files) expect(delivered(agent, file)?.length).toBeGreaterThan(0);
  expect(await agent.queuesOf(id)).toEqual([keys.completed]);
  // The event follows the job's end.
  const ends = await eventually('the event of its end', agent.agent, async () => {
    const found = (await agent.events()).filter(
      ({ jobId, kind }) => jobId === id && kind === 'job-completed',
    );
    return found.length > 0 ? found : undefined;
  });
  expect(ends).toHaveLength(1);
}

withEngine('the agent scales its containers 1 to 3 to 0 to 2, and each executes', async ({ host }) => {
  rig = await startComposeAgent(host, { workers: 1 });
  const agent = rig;
  const up = await agent.workersAre('idle');
  expect(up).toMatchObject({ runtime: 'compose', maxWorkers: 3 });
  const first = await lifeOf(host, agent.container('worker-1'));
  await expectDoneOnce(agent, await agent.submit(slowImage(1)));

  await agent.want({ workers: 3 });
  await agent.workersAre('idle', 'idle', 'idle');
  expect(await lifeOf(host, agent.container('worker-1'))).toBe(first);
  const ids = await Promise.all(['11', '12', '13'].map((seed) => agent.submit(slowImage(10, seed))));
  for (const id of ids) await expectDoneOnce(agent, id);
  const executed = await Promise.all([1, 2, 3].map((n) => agent.rawOutputs(`worker-${n}`)));
  expect(executed.map((files) => files.length).sort()).toEqual([1, 1, 2]);

  await agent.want({ workers: 0 });
  await agent.workersAre();
  expect(await containers(host)).toEqual([]);
  await agent.want({ workers: 2 });
  await agent.workersAre('idle', 'idle');
  expect(await containers(host)).toEqual([1, 2].map((n) => agent.container(`worker-${n}`)));
});

withEngine('the console reads the logs of agent and containers as they are written', async ({ host }) => {
  rig = await startComposeAgent(host, { workers: 1 });
  const agent = rig;
  await agent.workersAre('idle');
  const local = createLocalHost({ env: { ...process.env, DOCKER_HOST: host.engine.host } });
  const logs = createLogsService({
    machines: { list: async () => [], open: async () => local },
    roots: [agent.dir],
    secrets: async () => [],
    retryMs: { first: 50, most: 200 },
  });
  const stop = new AbortController();
  try {
    const sources = await logs.sources({ machineId: 'gpu-1' });
    const worker = sources.find(({ where }) => where === `container ${agent.container('worker-1')}`);
    // Tests beside this one may run a worker-1 of their own, which this machine then lists too.
    expect(worker?.id).toMatch(/^worker-1(-\d+)?$/);
    const workerSource = worker?.id ?? '';
    const own = sources.find(({ kind, where }) => kind === 'agent' && where.includes(agent.dir));
    expect(own?.where).toContain('agent.log');
    const seen: string[] = [];
    const read = async (sourceId: string) => {
      for await (const { lines } of logs.follow({ machineId: 'gpu-1', sourceId }, stop.signal))
        seen.push(...lines.map(({ at, text }) => `${sourceId} ${at === null ? 'never' : 'timed'} ${text}`));
    };
    void read(workerSource);
    void read(own?.id ?? '');
    await expectDoneOnce(agent, await agent.submit(slowImage(1)));
    const said = (sourceId: string, what: RegExp) =>
      eventually(`the log of ${sourceId}`, agent.agent, async () =>
        seen.some((line) => line.startsWith(`${sourceId} timed`) && what.test(line)) ? true : undefined,
      );
    await said(workerSource, /./);
    await said(own?.id ?? '', /./);
    // A container that ends and comes back is followed on.
    const before = seen.filter((line) => line.startsWith(`${workerSource} timed`)).length;
    await agent.command({ verb: 'restart-worker', workerId: 'worker-1' });
    await agent.workersAre('idle');
    await eventually('lines of its second life', agent.agent, async () =>
      seen.filter((line) => line.startsWith(`${workerSource} timed`)).length > before ? true : undefined,
    );
  } finally {
    stop.abort();
    logs.forget();
  }
});

withEngine(
  'a drained container finishes its job and stays; a restart waits for the job',
  async ({ host }) => {
    rig = await startComposeAgent(host, { workers: 1 });
    const agent = rig;
    await agent.workersAre('idle');
    const before = await lifeOf(host, agent.container('worker-1'));
    const id = await agent.submit(slowImage(20));
    await agent.executing('worker-1', id);
    await agent.want({ drained: ['worker-1'] });
    const waiting = await agent.submit(slowImage(1, '7'));
    const reply = await agent.command({ verb: 'restart-worker', workerId: 'worker-1' });
    expect(reply.outcome).toMatchObject({ kind: 'done' });
    await expectDoneOnce(agent, id);
    await agent.workersAre('drained');
    expect(await lifeOf(host, agent.container('worker-1'))).not.toBe(before);
    expect(await agent.queuesOf(waiting)).toEqual([keys.pending]);
    await agent.want({ drained: [] });
    await expectDoneOnce(agent, waiting);
  },
);

withEngine('a crash loop is a failed worker with a sentence, beside one that works', async ({ host }) => {
  rig = await startComposeAgent(host, { workers: 1 });
  const agent = rig;
  await agent.workersAre('idle');
  await agent.behave('worker-2', { mode: 'crash' });
  await agent.want({ workers: 2 });
  const failed = await eventually('the crash loop', agent.agent, async () => {
    const state = (await agent.hostStatus()).workers[1]?.state;
    return state?.kind === 'failed' && state.error.code === 'RUNTIME_CRASH_LOOP' ? state : undefined;
  });
  expect(failed.error.message).toContain("No module named 'torchsde'");
  expect(failed.error.remedy).toContain('worker-2');
  await expectDoneOnce(agent, await agent.submit(slowImage(1)));

  await agent.behave('worker-2', { mode: 'fine' });
  await agent.command({ verb: 'restart-worker', workerId: 'worker-2' });
  await agent.workersAre('idle', 'idle');
  const told = (await agent.events()).filter(({ kind }) => kind === 'worker-failed');
  expect(new Set(told.map(({ message }) => message)).size).toBe(told.length);
});

withEngine('a container killed in mid-job: the job goes back and is finished, once', async ({ host }) => {
  rig = await startComposeAgent(host, { workers: 1 });
  const agent = rig;
  await agent.workersAre('idle');
  const id = await agent.submit(slowImage(50));
  await agent.executing('worker-1', id);
  await host.engine.docker('kill', agent.container('worker-1'));
  await eventually('the requeue', agent.agent, async () =>
    (await agent.events()).find(({ jobId, kind }) => jobId === id && kind === 'job-requeued'),
  );
  await expectDoneOnce(agent, id);
  expect(await agent.rawOutputs('worker-1')).toHaveLength(1);
});

withEngine(
  'an agent upgraded in mid-job: the new bundle carries on, nothing runs twice',
  async ({ host }) => {
    folder = await mkdtemp(join(tmpdir(), 'workshop-upgrade-'));
    const entry = join(folder, 'worker-agent.mjs');
    await bundleAgent(entry);
    rig = await startComposeAgent(host, { workers: 1, entry });
    const agent = rig;
    const { agentVersion } = await agent.workersAre('idle');
    const container = await lifeOf(host, agent.container('worker-1'));
    const text = await readFile(entry, 'utf8');

    for (const [version, end] of [
      ['77.0.0', () => agent.agent.kill()],
      [
        '78.0.0',
        async () => {
          agent.agent.signal('SIGUSR2');
          await agent.agent.exited();
        },
      ],
    ] as const) {
      const id = await agent.submit(slowImage(60, version.slice(0, 2)));
      await agent.executing('worker-1', id);
      await end();
      expect(await containers(host)).toEqual([agent.container('worker-1')]);
      await writeFile(entry, text.replaceAll(agentVersion, version));
      await agent.agent.start();
      await expectDoneOnce(agent, id);
      expect((await agent.hostStatus()).agentVersion).toBe(version);
      const kinds = (await agent.events()).filter(({ jobId }) => jobId === id).map(({ kind }) => kind);
      expect(kinds).toEqual(['job-claimed', 'job-adopted', 'job-completed']);
    }
    expect(await agent.rawOutputs('worker-1')).toHaveLength(2);
    expect(await lifeOf(host, agent.container('worker-1'))).toBe(container);
  },
);

withEngine('containers outlive a stop and are taken over; those not wanted are ended', async ({ host }) => {
  rig = await startComposeAgent(host, { workers: 3 });
  const agent = rig;
  await agent.workersAre('idle', 'idle', 'idle');
  const before = await lifeOf(host, agent.container('worker-1'));
  await agent.agent.stop(15_000);
  expect(await containers(host)).toHaveLength(3);
  await agent.want({ workers: 1 });
  await agent.agent.start();
  await agent.workersAre('idle');
  await eventually(
    'one container',
    agent.agent,
    async () => (await containers(host)).length === 1 || undefined,
  );
  expect(await lifeOf(host, agent.container('worker-1'))).toBe(before);
  await expectDoneOnce(agent, await agent.submit(slowImage(1)));
});

withEngine(
  'doctor and status look at Docker, the image, the containers and what is left over',
  async ({ host }) => {
    rig = await startComposeAgent(host, { workers: 1 });
    const agent = rig;
    await agent.workersAre('idle');
    const well = await cli(agent, 'doctor');
    expect(well.text).toMatch(/\[ ok \] Docker: version/);
    expect(well.text).toMatch(/\[ ok \] compose: docker/);
    expect(well.text).toMatch(/\[ ok \] image: comfy:double is here/);
    expect(well.text).toMatch(/\[ ok \] container workshop-rig-worker-1: running/);
    expect(well.text).toMatch(/\[ ok \] agent: runs as process/);
    expect(well.code).toBe(0);
    const status = await cli(agent, 'status');
    expect(status.text).toContain(`${agent.agent.pid()} on this machine`);
    expect(status.code).toBe(0);

    await agent.agent.kill();
    const left = await cli(agent, 'doctor');
    expect(left.text).toContain('1 run without an agent and hold their VRAM');
    expect(left.text).toMatch(/\[warn\] agent: does not run here now/);
    expect((await cli(agent, 'status')).text).toContain('none on this machine');

    await host.engine.docker(
      ...['run', '-d', '--name', 'comfy-worker-1', '--network', 'host', '--entrypoint', 'node'],
      ...['comfy:double', '-e', 'setInterval(() => {}, 1000)', '/app/start-worker.sh'],
    );
    const beside = await cli(agent, 'doctor');
    expect(beside.text).toMatch(/\[FAIL\] platform's containers: .*comfy-worker-1/);
    expect(beside.code).toBe(1);
    await host.engine.halt();
    const without = await cli(agent, 'doctor');
    await host.engine.start();
    expect(without.text).toMatch(/\[FAIL\] Docker: .*Docker is not running/);
  },
);

function cli(agent: ComposeAgent, command: string): Promise<{ code: number; text: string }> {
  const words = [AGENT, command, '--env-file', join(agent.dir, 'agent.env')];
  return new Promise((done) => {
    const child = execFile(process.execPath, words, (_, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, text: stdout + stderr }),
    );
  });
}
