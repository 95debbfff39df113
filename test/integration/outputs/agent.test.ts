import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bundleAgent } from '../../../worker-agent/build.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { type SshServer, startSshServer } from '../../support/ssh-server.ts';
import { type AgentRig, eventually, slowImage, startAgentRig } from '../agent/agent-rig.ts';
import { filesBelow } from './delivery-rig.ts';

/** Loads a picture and saves it; the seed is beyond what JSON.parse keeps. */
function loadAndSave(image: string): string {
  return (
    `{"1":{"class_type":"LoadImage","inputs":{"image":${JSON.stringify(image)}}},` +
    '"2":{"class_type":"SaveImage","inputs":{"filename_prefix":"rig","images":["1",0]},"_meta":{"seed":18446744073709551557}}}'
  );
}

describe('an agent whose users’ files are on a VPS', () => {
  let ssh: SshServer;
  let rig: AgentRig;
  let entryDir: string | undefined;
  const remote = (...path: string[]) => join(ssh.home, 'outputs', ...path);
  const start = async (configuration: Record<string, string> = {}, entry?: string) => {
    rig = await startAgentRig({
      ...(entry !== undefined && { entry }),
      configuration: {
        VPS_SSH_HOST: '127.0.0.1',
        VPS_SSH_PORT: String(ssh.port),
        VPS_SSH_USER: ssh.user,
        VPS_SSH_KEY_FILE: ssh.keyFile,
        VPS_SSH_HOST_KEY: ssh.fingerprint,
        VPS_OUTPUTS_PATH: join(ssh.home, 'outputs'),
        VPS_INPUTS_PATH: join(ssh.home, 'inputs'),
        ...configuration,
      },
    });
    await rig.workersAre('idle');
  };
  beforeEach(async () => {
    ssh = await startSshServer();
    for (const folder of ['outputs', 'inputs/user001'])
      mkdirSync(join(ssh.home, folder), { recursive: true });
  });
  afterEach(async () => {
    await rig?.stop();
    await ssh.close();
    if (entryDir) rmSync(entryDir, { recursive: true, force: true, maxRetries: 5 });
    entryDir = undefined;
  });

  test('inputs come from there, outputs go there and to the local folder, the result names them', async () => {
    await start();
    writeFileSync(join(ssh.home, 'inputs/user001/photo.png'), 'pixels');
    const workflow = loadAndSave('photo.png');
    const id = await rig.submit(workflow);
    const job = await rig.reached(id, 'completed');
    expect(job.result).toMatchObject({ output_path: '/outputs/user001' });
    expect(job.result).not.toHaveProperty('warnings');
    const file = job.result?.outputs['2']?.images?.[0];
    expect(file?.subfolder).toBe(`user001/${id}`);
    const bytes = readFileSync(remote(file?.subfolder ?? '', file?.filename ?? ''));
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    expect(readFileSync(join(rig.dir, 'outputs', file?.subfolder ?? '', file?.filename ?? ''))).toEqual(
      bytes,
    );
    // What ComfyUI got differs from what was submitted in the name of the file alone; the job not at all.
    expect(rig.comfy[0]?.promptBodies[0]?.body.toString()).toContain(
      workflow.replace('"photo.png"', '"user001/photo.png"'),
    );
    expect(await rig.client.get(keys.job(id))).toContain(workflow);
  });

  test('a missing input fails the job with a sentence, before ComfyUI sees it', async () => {
    await start();
    const id = await rig.submit(loadAndSave('gone.png'));
    const job = await rig.reached(id, 'failed');
    expect(job.error).toMatch(/The file "gone\.png" of node 1 \(LoadImage\) is missing/);
    expect(rig.submissions(id)).toBe(0);
  });

  test('VPS away at the end: the job completes with a warning, the worker goes on, the file follows a restarted agent', async () => {
    await start({ DELIVERY_WAIT_SECONDS: '1' });
    await ssh.stop();
    const id = await rig.submit(slowImage(0));
    const job = await rig.reached(id, 'completed');
    expect(JSON.stringify(job.result)).toContain('Still on the way');
    const file = job.result?.outputs['2']?.images?.[0];
    const path = remote(file?.subfolder ?? '', file?.filename ?? '');
    await rig.workersAre('idle');
    await rig.agent.kill();
    expect(filesBelow(join(rig.dir, 'state/outbox')).length).toBeGreaterThan(0);
    await ssh.start();
    await rig.agent.start();
    await eventually('the late file', rig.agent, async () => existsSync(path) || undefined);
    await eventually('an empty outbox', rig.agent, async () =>
      filesBelow(join(rig.dir, 'state/outbox')).length === 0 ? true : undefined,
    );
    expect(rig.submissions(id)).toBe(1);
  });

  test('killed while it delivers, the agent delivers the job anew, once', async () => {
    await start({ DELIVERY_WAIT_SECONDS: '60' });
    await ssh.stop();
    const id = await rig.submit(slowImage(0));
    await eventually('a staged file', rig.agent, async () =>
      filesBelow(join(rig.dir, 'state/outbox')).some((name) => name.endsWith('entry.json'))
        ? true
        : undefined,
    );
    await rig.agent.kill();
    await ssh.start();
    await rig.agent.start();
    const job = await rig.reached(id, 'completed');
    expect(job.result).not.toHaveProperty('warnings');
    expect(filesBelow(remote())).toHaveLength(1);
    expect(rig.submissions(id)).toBe(1);
  });

  test('a job cancelled while its files wait stays cancelled and its files go', async () => {
    await start({ DELIVERY_WAIT_SECONDS: '60' });
    await ssh.stop();
    const id = await rig.submit(slowImage(0));
    await eventually('a staged file', rig.agent, async () =>
      filesBelow(join(rig.dir, 'state/outbox')).some((name) => name.endsWith('entry.json'))
        ? true
        : undefined,
    );
    const text = (await rig.client.get(keys.job(id))) ?? '';
    await rig.client.set(keys.job(id), text.replace('"status":"running"', '"status":"cancelled"'));
    await eventually('an empty outbox', rig.agent, async () =>
      filesBelow(join(rig.dir, 'state/outbox')).length === 0 ? true : undefined,
    );
    await rig.workersAre('idle');
    expect((await rig.job(id)).status).toBe('cancelled');
  });

  test('the bundle alone delivers, and its doctor looks at the VPS', async () => {
    entryDir = mkdtempSync(join(tmpdir(), 'workshop-bundle-'));
    const entry = join(entryDir, 'worker-agent.mjs');
    await bundleAgent(entry);
    await start({}, entry);
    const id = await rig.submit(slowImage(0));
    await rig.reached(id, 'completed');
    expect(filesBelow(remote())).toHaveLength(1);
    const text = await new Promise<string>((resolve) => {
      const args = [entry, 'doctor', '--json', '--env-file', join(rig.dir, 'agent.env')];
      execFile(process.execPath, args, (_, stdout) => resolve(stdout));
    });
    const findings: { name: string; outcome: string; detail: string }[] = JSON.parse(text);
    const about = findings.filter(({ name }) => /VPS/.test(name));
    expect(about.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'VPS ok',
      expect.stringMatching(/^outputs on the VPS (ok|warn)$/),
      'inputs on the VPS ok',
    ]);
    expect(filesBelow(remote())).toHaveLength(1);
  });
});
