import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { slowImage } from '../agent/agent-rig.ts';
import { act, agentPid, type DeployRig, eventually, HOST_ID, picture, startDeployRig } from './deploy-rig.ts';

let rig: DeployRig;
beforeAll(async () => {
  rig = await startDeployRig();
});
afterAll(() => rig?.stop());

/** In order: each test goes on from the machine that the one before left. */
describe('a machine from empty to empty', () => {
  test('one press installs the agent, and it reports', async () => {
    const keeper = rig.console();
    const view = await act(keeper, 'deploy');
    expect(view.error).toBeNull();
    expect(view.result).toMatch(
      /^The agent 0\.1\.0-[0-9a-f]{12} runs on Bare host\. It reports, 1 worker\. Finished files stay on this machine: .*\/state\/outputs\.$/,
    );
    expect(view.installed).toMatchObject({ version: '0.1.0', previous: null, running: true, stale: false });
    expect(view.progress).toBe(1);
    expect(rig.watch.now.hosts[HOST_ID]?.status).toMatchObject({
      phase: 'running',
      files: { on: 'here', path: join(rig.root, 'state/outputs') },
    });
    expect(statSync(join(rig.root, 'agent.env')).mode & 0o777).toBe(0o600);
    expect(existsSync(join(rig.root, 'deploy.lock'))).toBe(false);
  });

  test('pressing again changes nothing', async () => {
    const before = picture(rig.root);
    const pid = agentPid(rig.root);
    const view = await act(rig.console(), 'deploy');
    expect(view.result).toMatch(/^Nothing was to be done/);
    expect(view.steps.map(({ state }) => state)).not.toContain('failed');
    expect(picture(rig.root)).toBe(before);
    expect(agentPid(rig.root)).toBe(pid);
  });

  test('an upgrade under a running job ends the job once', async () => {
    const client = rig.redis.client();
    const job = { id: 'job-upgrade', userId: 'user001', workflow: slowImage(8), priority: 2 as const };
    await submitAsQueueManager(client, { ...job, createdAtMicros: Date.now() * 1000 });
    const status = async () => JSON.parse((await client.get(keys.job(job.id))) ?? '{}').status;
    await eventually('a prompt', () => rig.comfy.promptBodies.find(({ promptId }) => promptId === job.id));
    const pid = agentPid(rig.root);
    const upgrade = act(rig.console({ bundle: rig.bundle('two') }), 'deploy');
    await eventually('another agent', () => {
      const now = agentPid(rig.root);
      return now !== undefined && now !== pid ? true : undefined;
    });
    expect(await status()).toBe('running');
    const view = await upgrade;
    expect(view.error).toBeNull();
    expect(view.result).toMatch(/was upgraded from .* jobs that ran went on/);
    await eventually('the end of the job', async () => ((await status()) === 'completed' ? true : undefined));
    expect(rig.comfy.promptBodies.filter(({ promptId }) => promptId === job.id)).toHaveLength(1);
    expect(await client.zscore(keys.completed, job.id)).not.toBeNull();
  });

  test('a rollback brings the release before back', async () => {
    const view = await act(rig.console({ bundle: rig.bundle('two') }), 'rollback');
    expect(view.error).toBeNull();
    expect(view.installed?.release).toContain(rig.bundle('one').sha256.slice(0, 12));
    expect(view.installed?.previous).toContain(rig.bundle('two').sha256.slice(0, 12));
    expect(view.installed).toMatchObject({ running: true, stale: false });
  });

  test('another configuration is a new file, and the agent takes it', async () => {
    const view = await act(rig.console({ configuration: { JOB_TIMEOUT: '1234' } }), 'deploy');
    expect(view.error).toBeNull();
    expect(readFileSync(join(rig.root, 'agent.env'), 'utf8')).toContain('JOB_TIMEOUT=1234');
    expect(readdirSync(join(rig.root, 'config')).sort()).toEqual(['1.env', '2.env']);
  });

  test('an uninstall takes all but what the agent made', async () => {
    const view = await act(rig.console(), 'uninstall');
    expect(view.error).toBeNull();
    expect(view.installed).toBeNull();
    expect(agentPid(rig.root)).toBeUndefined();
    expect(readdirSync(rig.root)).toEqual(['state']);
    expect(existsSync(join(rig.root, 'state/outputs/user001/job-upgrade'))).toBe(true);
    expect((await act(rig.console(), 'uninstall')).result).toMatch(/^There was nothing to remove/);
  });
});
