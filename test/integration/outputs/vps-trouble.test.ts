import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeKey } from '../../support/ssh-server.ts';
import {
  type DeliveryRig,
  filesBelow,
  jobOf,
  noise,
  readText,
  sha256,
  startDeliveryRig,
  until,
} from './delivery-rig.ts';

/** tmpfs needs root; without it the full disk cannot be shown. */
function mountSmallDisk(path: string): boolean {
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a VPS that does not take the files', () => {
  let rig: DeliveryRig;
  beforeEach(async () => {
    rig = await startDeliveryRig();
  });
  afterEach(() => rig.close());
  const remote = (...path: string[]) => join(rig.remoteOutputs, ...path);
  const outbox = () => filesBelow(join(rig.stateDir, 'outbox'));

  test('a host key that is not the known one is refused, nothing is sent, and both are named', async () => {
    const wrong = `SHA256:${'A'.repeat(43)}`;
    const { outputs, backlog } = rig.open({ vps: { ...rig.vps, hostKeys: [wrong] }, waitMs: 3000 });
    const { files, warnings } = await outputs.deliver(jobOf('job-1', { 'a.png': 'secret' }));
    expect(files[0]).toMatchObject({ subfolder: 'user001/job-1', filename: 'a.png' });
    expect(warnings?.join()).toContain(`shows the host key ${rig.ssh.fingerprint}`);
    expect(warnings?.join()).toContain(`VPS_SSH_HOST_KEY says ${wrong}`);
    expect(filesBelow(rig.remoteOutputs)).toEqual([]);
    expect(backlog()).toEqual({ jobs: 1, files: 1 });
  });

  test('a key that the VPS does not know, is locked, or is none at all, is said in words; no key is ever logged', async () => {
    const stranger = join(rig.dir, 'stranger');
    const locked = join(rig.dir, 'locked');
    const nonsense = join(rig.dir, 'nonsense');
    makeKey(stranger);
    makeKey(locked, 'a passphrase');
    writeFileSync(nonsense, 'not a key at all');
    const said: string[] = [];
    for (const [at, keyFile] of [stranger, locked, nonsense, join(rig.dir, 'missing')].entries()) {
      const stateDir = join(rig.dir, `state-${at}`);
      mkdirSync(stateDir);
      const { outputs } = rig.open({ vps: { ...rig.vps, keyFile }, waitMs: 3000, stateDir });
      said.push((await outputs.deliver(jobOf(`job-${at}`, { 'a.png': 'x' }))).warnings?.join() ?? '');
    }
    expect(said[0]).toMatch(/does not let .* in with the key of VPS_SSH_KEY_FILE/);
    expect(said[1]).toMatch(/locked with a passphrase/);
    expect(said[2]).toMatch(/no private key that can be used/);
    expect(said[3]).toMatch(/cannot be read/);
    const body = readFileSync(rig.ssh.keyFile, 'utf8').split('\n')[2] ?? '';
    expect(body.length).toBeGreaterThan(20);
    for (const text of [rig.logged(), ...said]) {
      expect(text).not.toContain(body);
      expect(text).not.toContain('PRIVATE KEY');
      expect(text).not.toContain('not a key at all');
    }
  });

  test('a full disk is named with its figures; the file arrives when there is room', async (context) => {
    const small = join(rig.ssh.home, 'small');
    mkdirSync(small);
    if (!mountSmallDisk(small)) return context.skip('mounting a small disk needs root');
    try {
      const video = noise(900_000, 'space');
      writeFileSync(join(small, 'filler'), noise(600_000, 'filler'));
      const { outputs } = rig.open({ vps: { ...rig.vps, outputsPath: small }, waitMs: 3000 });
      const { warnings } = await outputs.deliver(jobOf('job-1', { 'v.mp4': video }));
      expect(warnings?.join()).toMatch(
        /the disk of the VPS is full: 0\.\d MiB are free .* 0\.9 MiB are needed/,
      );
      expect(existsSync(join(small, 'user001/job-1/v.mp4'))).toBe(false);
      writeFileSync(join(small, 'filler'), '');
      const path = join(small, 'user001/job-1/v.mp4');
      await until('the file', () => existsSync(path) || undefined);
      expect(sha256(readFileSync(path))).toBe(sha256(video));
    } finally {
      execFileSync('/bin/umount', ['-l', small]);
    }
  });

  test('a folder that does not exist is named with its key and not created', async () => {
    const outputsPath = join(rig.ssh.home, 'typo');
    const { outputs } = rig.open({ vps: { ...rig.vps, outputsPath }, waitMs: 1000 });
    const { warnings } = await outputs.deliver(jobOf('job-1', { 'a.png': 'x' }));
    expect(warnings?.join()).toMatch(/the folder .*typo is not there on the VPS/);
    expect(rig.logged()).toContain('Correct VPS_OUTPUTS_PATH');
    expect(existsSync(outputsPath)).toBe(false);
  });

  test('with the VPS away the job ends in time with a warning, and the file follows when it is back', async () => {
    const { outputs, backlog } = rig.open({ waitMs: 800 });
    await outputs.deliver(jobOf('job-0', { 'a.png': 'before' }));
    await until('an empty outbox', () => (backlog().jobs === 0 ? true : undefined));
    await rig.ssh.stop();
    const { files, warnings } = await outputs.deliver(jobOf('job-1', { 'a.png': 'x', 'b.png': 'y' }));
    expect(files.map((file) => `${file.subfolder}/${file.filename}`)).toEqual([
      'user001/job-1/a.png',
      'user001/job-1/b.png',
    ]);
    expect(warnings).toHaveLength(1);
    expect(warnings?.[0]).toMatch(/Still on the way.*"a\.png", "b\.png" \(.*VPS/);
    expect(backlog()).toEqual({ jobs: 1, files: 2 });
    await rig.ssh.start();
    await until('both files', () => (filesBelow(remote('user001/job-1')).length === 2 ? true : undefined));
    await until('an empty outbox', () => (backlog().jobs === 0 ? true : undefined));
    expect(outbox()).toEqual([]);
  });

  test('the outbox outlives the agent', async () => {
    await rig.ssh.stop();
    const video = noise(3 * 1024 ** 2, 'outlive');
    const first = rig.open({ waitMs: 0 });
    const { files } = await first.outputs.deliver(jobOf('job-1', { 'v.mp4': video, 'a.png': 'x' }));
    await first.close();
    expect(outbox()).toHaveLength(3);
    await rig.ssh.start();
    const second = rig.open();
    expect(second.backlog()).toEqual({ jobs: 1, files: 2 });
    await second.drained(AbortSignal.timeout(20_000));
    for (const file of files) expect(existsSync(remote(file.subfolder, file.filename))).toBe(true);
    expect(sha256(readFileSync(remote('user001/job-1/v.mp4')))).toBe(sha256(video));
    expect(outbox()).toEqual([]);
  });

  test('an agent that dies before its job is over owes nothing; the job is delivered anew', async () => {
    await rig.ssh.stop();
    const first = rig.open();
    void first.outputs.deliver(jobOf('job-1', { 'a.png': 'x' })).catch(() => {});
    await until('a staged entry', () => outbox().find((path) => path.endsWith('entry.json')));
    await first.close();
    await rig.ssh.start();
    const second = rig.open();
    expect(second.backlog().jobs).toBe(0);
    expect(outbox()).toEqual([]);
    await second.outputs.deliver(jobOf('job-1', { 'a.png': 'x' }));
    expect(filesBelow(rig.remoteOutputs)).toEqual(['user001/job-1/a.png']);
  });

  test('a job delivered again while its files are owed gives them up for the new ones', async () => {
    await rig.ssh.stop();
    const { outputs, backlog } = rig.open({ waitMs: 300 });
    await outputs.deliver(jobOf('job-1', { 'a.png': 'x' }));
    await outputs.deliver(jobOf('job-1', { 'a.png': 'x' }));
    expect(backlog()).toEqual({ jobs: 1, files: 1 });
    await rig.ssh.start();
    await until('an empty outbox', () => (backlog().jobs === 0 ? true : undefined));
    expect(filesBelow(rig.remoteOutputs)).toEqual(['user001/job-1/a.png']);
  });

  test('a job that is given up in the middle leaves nothing, here or there', async () => {
    const { outputs, backlog } = rig.open();
    rig.proxy.delay(20);
    const abort = new AbortController();
    const video = noise(30 * 1024 ** 2, 'cancelled');
    const delivering = outputs.deliver(jobOf('job-1', { 'v.mp4': video }, { signal: abort.signal }));
    await until('a part', () => (filesBelow(rig.remoteOutputs).length > 0 ? true : undefined));
    abort.abort(new Error('the job was cancelled'));
    await expect(delivering).rejects.toThrow('the job was cancelled');
    await until('clean folders', () => (filesBelow(rig.remoteOutputs).length === 0 ? true : undefined));
    expect(outbox()).toEqual([]);
    expect(backlog().jobs).toBe(0);
  });

  test('a link that freezes is given up by keepalive and replaced', async () => {
    const { outputs } = rig.open({ linkTiming: { keepaliveMs: 200, handshakeMs: 1000 } });
    await outputs.deliver(jobOf('job-0', { 'a.png': 'x' }));
    rig.proxy.freeze();
    const delivering = outputs.deliver(jobOf('job-1', { 'a.png': 'y' }));
    await until('a dead link', () => (rig.logged().includes('no longer answers') ? true : undefined));
    rig.proxy.mend();
    await delivering;
    expect(readText(remote('user001/job-1/a.png'))).toBe('y');
  });

  test('a GPU host without room says so and keeps nothing', async () => {
    const { outputs } = rig.open({ reserveBytes: 2 ** 60 });
    await expect(outputs.deliver(jobOf('job-1', { 'a.png': 'x' }))).rejects.toMatchObject({
      code: 'OUTPUT_DELIVERY',
      message: expect.stringMatching(/disk of the GPU host is nearly full \(.*iB free/),
    });
    expect(outbox()).toEqual([]);
  });
});

test('a VPS that denies writing is named, and the file is kept', async () => {
  const rig = await startDeliveryRig({ readOnly: true });
  try {
    const { outputs, backlog } = rig.open({ waitMs: 1000 });
    const { warnings } = await outputs.deliver(jobOf('job-1', { 'a.png': 'x' }));
    expect(warnings?.join()).toMatch(/could not make the folder .*user001: permission denied/);
    expect(backlog().files).toBe(1);
  } finally {
    await rig.close();
  }
});

test('an entry that cannot be read is set aside with its files, and the others go their way', async () => {
  const rig = await startDeliveryRig();
  try {
    await rig.ssh.stop();
    const first = rig.open({ waitMs: 0 });
    await first.outputs.deliver(jobOf('job-1', { 'a.png': 'x' }));
    await first.outputs.deliver(jobOf('job-2', { 'b.png': 'y' }));
    await first.close();
    const outbox = join(rig.stateDir, 'outbox');
    const manifest = filesBelow(outbox).find((path) => readText(outbox, path).includes('job-1'));
    if (manifest === undefined) throw new Error('no manifest');
    writeFileSync(join(outbox, manifest), '{"version":2}');
    await rig.ssh.start();
    await rig.open().drained(AbortSignal.timeout(20_000));
    expect(filesBelow(rig.remoteOutputs)).toEqual(['user001/job-2/b.png']);
    const aside = manifest.replace('/', '.unreadable/');
    expect(filesBelow(outbox)).toEqual([aside.replace('entry.json', '0'), aside]);
  } finally {
    await rig.close();
  }
});
