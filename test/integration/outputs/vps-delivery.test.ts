import { existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type DeliveryRig,
  filesBelow,
  jobOf,
  noise,
  output,
  readText,
  sha256,
  startDeliveryRig,
  until,
} from './delivery-rig.ts';

describe('delivery to the VPS over a real sshd', () => {
  let rig: DeliveryRig;
  beforeEach(async () => {
    rig = await startDeliveryRig();
  });
  afterEach(() => rig.close());
  const remote = (...path: string[]) => join(rig.remoteOutputs, ...path);
  const outbox = () => filesBelow(join(rig.stateDir, 'outbox'));

  test('files land in the user’s folder, and the result says where', async () => {
    const { outputs } = rig.open();
    const content = { 'a_00001_.png': 'image', 'user001/video/b.mp4': 'video', 'mesh/c.glb': 'mesh' };
    const delivery = await outputs.deliver(jobOf('job-1', content));
    expect(delivery.outputPath).toBe('/outputs/user001');
    expect(delivery.warnings).toEqual([]);
    expect(delivery.files.map(({ subfolder, filename }) => `${subfolder}/${filename}`)).toEqual([
      'user001/job-1/a_00001_.png',
      'user001/job-1/video/b.mp4',
      'user001/job-1/mesh/c.glb',
    ]);
    for (const { source, subfolder, filename } of delivery.files)
      expect(readText(remote(subfolder, filename))).toBe(
        Object.entries(content).find(([path]) => path.endsWith(source.filename))?.[1],
      );
    expect(statSync(remote('user001/job-1/a_00001_.png')).mode & 0o777).toBe(0o644);
    expect(filesBelow(rig.remoteOutputs)).toHaveLength(3);
    expect(outbox()).toEqual([]);
  });

  test('50 MB arrive intact, also when every session is killed in the middle', async () => {
    const video = noise(50 * 1024 ** 2, 'video');
    const { outputs } = rig.open();
    rig.proxy.delay(8);
    const sizes: number[] = [];
    const delivering = outputs.deliver(jobOf('job-1', { 'v.mp4': video }));
    for (const breakAt of [5, 25]) {
      const part = await until('a growing part', () => {
        const [name] = filesBelow(remote('user001/job-1')).filter((it) => it.endsWith('.part'));
        const size = name === undefined ? 0 : statSync(remote('user001/job-1', name)).size;
        return size > breakAt * 1024 ** 2 ? { size } : undefined;
      });
      sizes.push(part.size);
      expect(existsSync(remote('user001/job-1/v.mp4'))).toBe(false);
      rig.ssh.killSessions();
    }
    const delivery = await delivering;
    expect(delivery.warnings).toEqual([]);
    expect(sha256(readFileSync(remote('user001/job-1/v.mp4')))).toBe(sha256(video));
    expect(filesBelow(rig.remoteOutputs)).toEqual(['user001/job-1/v.mp4']);
    expect(sizes[1]).toBeGreaterThan(sizes[0] ?? 0);
  });

  test('an upload goes on at the size that is there', async () => {
    const video = noise(20 * 1024 ** 2, 'resume');
    const first = rig.open({ waitMs: 0 });
    rig.proxy.delay(20);
    await first.outputs.deliver(jobOf('job-1', { 'v.mp4': video }));
    const name = await until('a part of 8 MB', () => {
      const [part] = filesBelow(remote('user001/job-1')).filter((it) => it.endsWith('.part'));
      return part && statSync(remote('user001/job-1', part)).size > 8 * 1024 ** 2 ? part : undefined;
    });
    await first.close();
    rig.proxy.mend();
    // A mark in what has arrived shows whether it is sent again.
    const part = remote('user001/job-1', name);
    const there = readFileSync(part);
    there.write('MARK', 1000);
    writeFileSync(part, there);
    rig.open();
    const path = remote('user001/job-1/v.mp4');
    await until('the file', () => existsSync(path) || undefined);
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(video.length);
    expect(bytes.subarray(1000, 1004).toString()).toBe('MARK');
    expect(bytes.subarray(8 * 1024 ** 2).equals(video.subarray(8 * 1024 ** 2))).toBe(true);
  });

  test('a beginning that is damaged at its end is not continued', async () => {
    const video = noise(6 * 1024 ** 2, 'damaged');
    const first = rig.open({ waitMs: 0 });
    rig.proxy.delay(20);
    await first.outputs.deliver(jobOf('job-1', { 'v.mp4': video }));
    const name = await until('a part of 2 MB', () => {
      const [part] = filesBelow(remote('user001/job-1')).filter((it) => it.endsWith('.part'));
      return part && statSync(remote('user001/job-1', part)).size > 2 * 1024 ** 2 ? part : undefined;
    });
    await first.close();
    rig.proxy.mend();
    const part = remote('user001/job-1', name);
    const there = readFileSync(part);
    // What a power cut leaves behind: the right length, the wrong bytes.
    there.fill(0, there.length - 100_000);
    writeFileSync(part, there);
    rig.open();
    const path = remote('user001/job-1/v.mp4');
    await until('the file', () => existsSync(path) || undefined);
    expect(sha256(readFileSync(path))).toBe(sha256(video));
  });

  test('a reader never sees a part of a file under its name', async () => {
    const video = noise(30 * 1024 ** 2, 'atomic');
    const path = remote('user001/job-1/v.mp4');
    const { outputs } = rig.open();
    const seen = new Set<number>();
    let over = false;
    const delivering = outputs.deliver(jobOf('job-1', { 'v.mp4': video })).finally(() => {
      over = true;
    });
    await until('the end', () => {
      if (existsSync(path)) seen.add(statSync(path).size);
      return over || undefined;
    });
    await delivering;
    seen.add(statSync(path).size);
    expect([...seen]).toEqual([video.length]);
  });

  test('equal names of users, workers, jobs and agents at the same time never meet', async () => {
    const agents = [rig.open(), rig.open({ stateDir: join(rig.dir, 'state-2') })];
    const jobs = agents.flatMap((_, agent) =>
      [1, 2, 3, 4].map((at) => ({
        jobId: `job-${agent}-${at}`,
        userId: at % 2 ? 'user001' : 'user002',
        text: `agent ${agent} job ${at}`,
      })),
    );
    await Promise.all(
      jobs.map(({ jobId, userId, text }, at) =>
        agents[at < 4 ? 0 : 1]?.outputs.deliver(
          jobOf(jobId, { 'a_00001_.png': text, 'x/a_00001_.png': `${text} x` }, { userId }),
        ),
      ),
    );
    for (const { jobId, userId, text } of jobs) {
      expect(readText(remote(userId, jobId, 'a_00001_.png'))).toBe(text);
      expect(readText(remote(userId, jobId, 'x/a_00001_.png'))).toBe(`${text} x`);
    }
    expect(filesBelow(rig.remoteOutputs)).toHaveLength(16);
  });

  test('what stands under the name is never replaced: the same stays, another keeps its name', async () => {
    const { outputs } = rig.open();
    await outputs.deliver(jobOf('job-1', { 'a.png': 'first' }));
    const again = await outputs.deliver(jobOf('job-1', { 'a.png': 'first' }));
    expect(again.files[0]?.filename).toBe('a.png');
    const other = await outputs.deliver(jobOf('job-1', { 'a.png': 'other' }));
    expect(other.files[0]?.filename).toBe('a (2).png');
    expect(readText(remote('user001/job-1/a.png'))).toBe('first');
    expect(readText(remote('user001/job-1/a (2).png'))).toBe('other');
    expect(filesBelow(rig.remoteOutputs)).toHaveLength(2);
  });

  test('two agents that deliver the same job at once leave one file', async () => {
    const video = noise(8 * 1024 ** 2, 'same');
    const agents = [rig.open(), rig.open({ stateDir: join(rig.dir, 'state-2') })];
    const both = await Promise.all(
      agents.map((it) => it.outputs.deliver(jobOf('job-1', { 'v.mp4': video }))),
    );
    expect(both.map((delivery) => delivery.files[0]?.filename)).toEqual(['v.mp4', 'v.mp4']);
    expect(filesBelow(rig.remoteOutputs)).toEqual(['user001/job-1/v.mp4']);
    expect(sha256(readFileSync(remote('user001/job-1/v.mp4')))).toBe(sha256(video));
  });

  test.each([
    ['../../../etc/cron.d/x', 'dots'],
    ['/etc/passwd', 'an absolute name'],
    ['..\\..\\x.png', 'backslashes'],
    ['a\u0000b.png', 'a NUL'],
    ['%2e%2e/%2e%2e/x.png', 'percent dots'],
    ['.hidden.part', 'a hidden name'],
  ])('the name %j stays in the job’s folder (%s)', async (name) => {
    const { outputs } = rig.open();
    const evil = jobOf('job-1', {}, { files: [output(name), output('x.png', name)] });
    await outputs.deliver({ ...evil, open: async () => new Blob(['bytes']).stream() });
    const landed = filesBelow(rig.ssh.home);
    expect(landed).toHaveLength(2);
    for (const path of landed) expect(path).toMatch(/^outputs\/user001\/job-1\/[^.]/);
  });

  test('a user’s folder that is a link leads nowhere', async () => {
    const elsewhere = join(rig.ssh.home, 'elsewhere');
    await mkdir(elsewhere);
    symlinkSync(elsewhere, remote('user001'));
    const { outputs } = rig.open({ waitMs: 1000 });
    const { warnings } = await outputs.deliver(jobOf('job-1', { 'a.png': 'x' }));
    expect(warnings?.join()).toMatch(/user001 on the VPS is a link, not a folder/);
    expect(filesBelow(elsewhere)).toEqual([]);
    // Once the host has put it right, the file arrives.
    rmSync(remote('user001'));
    await until('the file', () => existsSync(remote('user001/job-1/a.png')) || undefined);
  });

  test('previews stay behind; a string in `result` that is no file is a warning', async () => {
    const { outputs } = rig.open();
    const request = jobOf('job-1', { 'a.png': 'x' });
    const { WorkshopError } = await import('../../../worker-agent/src/contract/errors.ts');
    const { files, warnings } = await outputs.deliver({
      ...request,
      files: [
        ...request.files,
        { ...output('t.png'), type: 'temp' },
        { ...output('gone.glb', 'mesh'), group: 'result' },
      ],
      open: (file, signal) =>
        file.filename === 'gone.glb'
          ? Promise.reject(new WorkshopError('NOT_FOUND', 'no such file'))
          : request.open(file, signal),
    });
    expect(files.map((file) => file.filename)).toEqual(['a.png']);
    expect(warnings).toEqual([expect.stringContaining('mesh/gone.glb')]);
  });

  test('both places at once: the GPU host keeps a copy', async () => {
    const localRoot = join(rig.dir, 'local');
    await rig.open({ localRoot }).outputs.deliver(jobOf('job-1', { 'a.png': 'x' }));
    expect(readText(localRoot, 'user001/job-1/a.png')).toBe('x');
    expect(readText(remote('user001/job-1/a.png'))).toBe('x');
    expect(filesBelow(localRoot)).toHaveLength(1);
  });

  test('a file that ComfyUI does not hand out fails the delivery by name and leaves nothing', async () => {
    const { outputs, backlog } = rig.open();
    const broken = jobOf('job-1', {}, { files: [output('a.png')] });
    await expect(outputs.deliver(broken)).rejects.toMatchObject({
      code: 'OUTPUT_DELIVERY',
      message: expect.stringContaining('a.png'),
    });
    expect(backlog()).toEqual({ jobs: 0, files: 0 });
    expect(outbox()).toEqual([]);
  });
});
