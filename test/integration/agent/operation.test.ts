import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { type AgentRig, eventually, failingImage, slowImage, startAgentRig } from './agent-rig.ts';

const SECRET = 'S3cr%t "quoted" pass/word';
const PEM =
  '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----';

const logOf = (rig: AgentRig) => readFileSync(join(rig.dir, 'agent.log'), 'utf8');
const logged = (rig: AgentRig, text: string) =>
  eventually(`log of "${text}"`, rig.agent, async () => logOf(rig).includes(text) || undefined);

/** Changes the env file as a person would; null takes a key out. */
function configure(rig: AgentRig, changes: Record<string, string | null>): void {
  const path = join(rig.dir, 'agent.env');
  const names = Object.keys(changes);
  const kept = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => !names.some((name) => line.startsWith(`${name}=`)));
  const added = Object.entries(changes).flatMap(([name, value]) =>
    value === null ? [] : `${name}='${value}'`,
  );
  writeFileSync(path, [...kept, ...added, ''].join('\n'));
}

describe('operating an agent', () => {
  let rig: AgentRig;
  afterEach(() => rig.stop());

  test('SIGHUP takes in what it can, names what needs a restart, and disturbs no job', async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
    const id = await rig.submit(slowImage(2));
    const { since } = await eventually('the job', rig.agent, async () => {
      const state = (await rig.hostStatus()).workers[0]?.state;
      return state?.kind === 'busy' ? state : undefined;
    });
    configure(rig, { QUEUE_MODE: 'priority', WORKER_GPU_MEMORY_LIMIT: '70G', LEASE_SECONDS: '6' });
    rig.agent.signal('SIGHUP');
    await logged(rig, 'now in effect: QUEUE_MODE, WORKER_GPU_MEMORY_LIMIT; needs a restart: LEASE_SECONDS');
    const status = await eventually('the new mode', rig.agent, async () => {
      const now = await rig.hostStatus();
      return now.queueMode === 'priority' ? now : undefined;
    });
    expect(status.guardMiB).toBe(71_680);
    expect(status.workers[0]?.state).toMatchObject({ kind: 'busy', since });
    await rig.reached(id, 'completed');
    expect(rig.submissions(id)).toBe(1);
  });

  test('SIGHUP with a bad value changes nothing and says which value', async () => {
    rig = await startAgentRig();
    const before = await rig.workersAre('idle');
    configure(rig, { QUEUE_MODE: 'lifo', WORKER_GPU_MEMORY_LIMIT: '1G' });
    rig.agent.signal('SIGHUP');
    await logged(rig, 'the old one stays');
    expect(logOf(rig)).toContain('QUEUE_MODE');
    configure(rig, { QUEUE_MODE: null, WORKER_GPU_MEMORY_LIMIT: null });
    rig.agent.signal('SIGHUP');
    await logged(rig, 'nothing changed');
    expect((await rig.hostStatus()).guardMiB).toBe(before.guardMiB);
  });

  test('LOG_FILE takes the log; after a move of the file SIGHUP opens a new one', async () => {
    rig = await startAgentRig({ started: false });
    const file = join(rig.dir, 'logs', 'agent.json');
    configure(rig, { LOG_FILE: file });
    await rig.agent.start();
    await rig.workersAre('idle');
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number) });
    expect(logOf(rig)).toBe('');
    renameSync(file, `${file}.moved`);
    rig.agent.signal('SIGHUP');
    await eventually(
      'the new file',
      rig.agent,
      async () => readFileSync(file, 'utf8').includes('configuration read again') || undefined,
    );
  });

  test('no secret reaches the log, a status or an event, whoever says it', async () => {
    rig = await startAgentRig({ started: false });
    await rig.client.config('SET', 'requirepass', SECRET);
    const quoted = SECRET.replaceAll("'", '');
    configure(rig, { REDIS_PASSWORD: quoted, LOG_LEVEL: 'trace' });
    await rig.agent.start();
    await rig.workersAre('idle');
    const ids = [SECRET, encodeURIComponent(SECRET), `redis://default:${SECRET}@vps`, PEM].map((text) =>
      rig.submit(failingImage(`cannot open ${text}`)),
    );
    for (const id of await Promise.all(ids)) await rig.reached(id, 'failed');
    await rig.client.config('SET', 'requirepass', 'changed');
    await rig.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await logged(rig, 'refuses the password');
    const said = [logOf(rig), JSON.stringify(await rig.events()), JSON.stringify(await rig.hostStatus())];
    for (const text of said) {
      expect(text.length).toBeGreaterThan(100);
      for (const form of [
        SECRET,
        JSON.stringify(SECRET).slice(1, -1),
        encodeURIComponent(SECRET),
        'b3BlbnNzaC1r',
      ])
        expect(text).not.toContain(form);
    }
    expect(said[0]).toContain('[hidden]');
    expect(said[1]).toContain('[hidden]');
  });

  test('the first signal lets the job finish, the second gives it back at once', async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
    const first = await rig.submit(slowImage(2));
    await rig.workersAre('busy');
    rig.agent.signal('SIGTERM');
    const second = await rig.submit(slowImage(0));
    await rig.agent.exited();
    await rig.reached(first, 'completed');
    expect(await rig.queuesOf(second)).toEqual([keys.pending]);
    expect((await rig.hostStatus()).phase).toBe('stopped');

    await rig.agent.start();
    await rig.reached(second, 'completed');
    const third = await rig.submit(slowImage(600));
    await rig.workersAre('busy');
    rig.agent.signal('SIGTERM');
    await rig.workersAre('draining');
    rig.agent.signal('SIGTERM');
    await rig.agent.exited();
    expect(await rig.queuesOf(third)).toEqual([keys.pending]);
    expect((await rig.hostStatus()).phase).toBe('stopped');
  });

  test('a stop that takes longer than STOP_GRACE_SECONDS gives the job back by itself', async () => {
    rig = await startAgentRig({ configuration: { STOP_GRACE_SECONDS: '0.5' } });
    await rig.workersAre('idle');
    const id = await rig.submit(slowImage(600));
    await rig.workersAre('busy');
    rig.agent.signal('SIGTERM');
    await rig.agent.exited();
    expect(await rig.queuesOf(id)).toEqual([keys.pending]);
    expect(logOf(rig)).toContain('the time to stop is over');
  });
});
