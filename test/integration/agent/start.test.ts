import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type AgentRig, eventually, slowImage, startAgentRig } from './agent-rig.ts';

const CLI = resolve(import.meta.dirname, '../../../worker-agent/src/cli.ts');

interface Answer {
  status: number;
  stdout: string;
  stderr: string;
}

function cli(args: string[], env: Record<string, string>): Promise<Answer> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [CLI, ...args], { env }, (_, stdout, stderr) =>
      done({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe('starting an agent', () => {
  let rig: AgentRig | undefined;
  afterEach(async () => {
    await rig?.stop();
    rig = undefined;
  });

  test('a bad configuration lists every bad value at once, hides secrets and exits with 2', async () => {
    const { status, stderr } = await cli(['run'], {
      REDIS_PORT: '1x',
      NUM_WORKERS: '1h',
      REDIS_PASSWORD: 'changeme_secure_password',
      QUEUE_MODE: 'lifo',
      RUNTIME: 'process',
    });
    expect(status).toBe(2);
    for (const key of [
      'REDIS_HOST',
      'REDIS_PORT',
      'NUM_WORKERS',
      'REDIS_PASSWORD',
      'QUEUE_MODE',
      'COMFYUI_COMMAND',
    ])
      expect(stderr).toContain(key);
    expect(stderr).toContain('"1h"');
    expect(stderr).not.toContain('changeme_secure_password');
  });

  test('a wrong password is said, and the agent comes in once it is right', async () => {
    rig = await startAgentRig({ configuration: { REDIS_PASSWORD: 'not-the-one' } });
    const { agent, client } = rig;
    await eventually(
      'the complaint',
      agent,
      async () => agent.lastWords().includes('refuses the password') || undefined,
    );
    expect(agent.lastWords()).not.toContain('not-the-one');
    expect(agent.pid()).toBeDefined();
    await client.config('SET', 'requirepass', 'not-the-one');
    await rig.workersAre('idle');
  });

  test('two agents do not share one state folder', async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
    const { status, stderr } = await cli(['run', '--env-file', `${rig.dir}/agent.env`], {});
    expect(status).toBe(2);
    expect(stderr).toContain('Another agent');
  });

  test('without nvidia-smi it says why there are no figures, and works', async () => {
    rig = await startAgentRig();
    await rig.reached(await rig.submit(slowImage(0)), 'completed');
    const { gpuError, gpus } = await rig.hostStatus();
    expect(gpus).toEqual([]);
    expect(gpuError).toMatchObject({ code: 'GPU_UNREADABLE' });
    expect(gpuError?.remedy).toContain('NVIDIA_SMI');
  });

  test('status and doctor tell what is so', async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
    const environment = `${rig.dir}/agent.env`;
    const status = await cli(['status', '--env-file', environment], {});
    expect(status.stdout).toContain('worker-1');
    expect(status.status).toBe(0);
    const doctor = await cli(['doctor', '--env-file', environment], {});
    expect(doctor.stdout).toMatch(/\[ ok \] Redis: version/);
    expect(doctor.stdout).toMatch(/\[ ok \] ComfyUI/);
    expect(doctor.status).toBe(0);
    const wrong = await cli(['doctor', '--env-file', environment], { REDIS_PASSWORD: 'wrong-one' });
    expect(wrong.stdout).toContain('refuses the password');
    expect(wrong.stdout + wrong.stderr).not.toContain('wrong-one');
    expect(wrong.status).toBe(1);
  });
});
