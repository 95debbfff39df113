import { mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ComfyDouble, startComfyDouble } from '../../../resources/demo/comfy-double/server.ts';
import { inputServer } from '../../../worker-agent/src/agent/input-server.ts';
import { connectComfy } from '../../../worker-agent/src/comfy/comfy-server.ts';
import type { ComfyServer } from '../../../worker-agent/src/comfy/roles.ts';
import type { InputRequest, InputServer } from '../../../worker-agent/src/outputs/roles.ts';
import { type DeliveryRig, filesBelow, noise, sha256, startDeliveryRig, until } from './delivery-rig.ts';

const nowhere: InputServer = {
  endpoint: 'http://127.0.0.1:1',
  has: async () => false,
  upload: async () => {
    throw new Error('not to be uploaded');
  },
};

describe('inputs from the VPS over a real sshd', () => {
  let rig: DeliveryRig;
  let inputs: string;
  beforeEach(async () => {
    rig = await startDeliveryRig();
    inputs = join(rig.dir, 'inputs');
    mkdirSync(inputs);
  });
  afterEach(() => rig.close());

  const put = (path: string, bytes: Buffer | string, mtime = 1_700_000_000) => {
    const file = join(rig.ssh.home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    utimesSync(file, mtime, mtime);
  };
  const load = (image: string, more: Partial<InputRequest> = {}): InputRequest => ({
    jobId: 'job-1',
    userId: 'user001',
    nodes: { '7': { class_type: 'LoadImage', inputs: { image, upload: 'image' } } },
    server: nowhere,
    signal: new AbortController().signal,
    ...more,
  });
  const open = (more: object = {}) => {
    const supply = rig.open({ inputsPath: inputs, waitMs: 3000, ...more }).inputs;
    if (!supply) throw new Error('no supply');
    return supply;
  };
  const here = (...path: string[]) => readFileSync(join(inputs, ...path), 'utf8');
  const fetches = () => rig.logged().split('input fetched from the VPS').length - 1;

  test('a user’s own file goes before a shared one, into a folder of that user’s', async () => {
    put('inputs/photo.png', 'shared');
    put('inputs/user001/photo.png', 'of user001');
    put('inputs/user002/photo.png', 'of user002');
    const supply = open();
    const [one, two, three] = await Promise.all(
      ['user001', 'user002', 'user003'].map((userId) => supply.supply(load('photo.png', { userId }))),
    );
    expect(one).toEqual([{ nodeId: '7', input: 'image', to: 'user001/photo.png' }]);
    expect(two).toEqual([{ nodeId: '7', input: 'image', to: 'user002/photo.png' }]);
    expect(three).toEqual([]);
    expect([here('user001/photo.png'), here('user002/photo.png'), here('photo.png')]).toEqual([
      'of user001',
      'of user002',
      'shared',
    ]);
    expect(filesBelow(inputs)).toHaveLength(3);
  });

  test('videos, audio, subfolders and annotations; each version once', async () => {
    put('inputs/user001/clips/v.mp4', 'video');
    put('inputs/user001/a.flac', 'audio');
    put('outputs/user001/job-0/done.png', 'output');
    const supply = open();
    const request = load('', {
      nodes: {
        '1': { class_type: 'LoadVideo', inputs: { file: 'clips/v.mp4 [input]' } },
        '2': { class_type: 'LoadAudio', inputs: { audio: 'a.flac', audioUI: '' } },
        '3': { class_type: 'LoadImageOutput', inputs: { image: 'user001/job-0/done.png [output]' } },
        '4': { class_type: 'VHS_LoadVideo', inputs: { video: 'clips/v.mp4', force_rate: 0 } },
        '5': { class_type: 'ImageScale', inputs: { image: ['1', 0] } },
        '6': { class_type: 'SomeNode', inputs: { image: 'no/such.png' } },
      },
    });
    const renames = await supply.supply(request);
    expect(renames).toEqual([
      { nodeId: '1', input: 'file', to: 'user001/clips/v.mp4' },
      { nodeId: '2', input: 'audio', to: 'user001/a.flac' },
      { nodeId: '3', input: 'image', to: 'user001/job-0/done.png' },
      { nodeId: '4', input: 'video', to: 'user001/clips/v.mp4' },
    ]);
    await Promise.all([1, 2, 3].map(() => supply.supply(request)));
    expect(fetches()).toBe(3);
    put('inputs/user001/a.flac', 'newer', 1_700_000_100);
    await supply.supply(request);
    expect(fetches()).toBe(4);
    expect(here('user001/a.flac')).toBe('newer');
  });

  test('two jobs at once fetch a file once; what the host put there is not replaced', async () => {
    put('inputs/photo.png', 'shared on the VPS');
    put('inputs/other.png', 'other');
    writeFileSync(join(inputs, 'photo.png'), "the host's own");
    const supply = open();
    const all = await Promise.all([1, 2, 3, 4].map(() => supply.supply(load('other.png'))));
    expect(all.flat()).toEqual([]);
    expect(fetches()).toBe(1);
    expect(await supply.supply(load('photo.png'))).toEqual([
      { nodeId: '7', input: 'image', to: 'user001/photo.png' },
    ]);
    expect(here('photo.png')).toBe("the host's own");
    expect(here('user001/photo.png')).toBe('shared on the VPS');
  });

  test('30 MB arrive intact although the sessions are killed in the middle', async () => {
    const video = noise(30 * 1024 ** 2, 'input');
    put('inputs/user001/v.mp4', video);
    rig.proxy.delay(15);
    const supplying = open().supply(load('v.mp4'));
    const part = await until('a growing part', () => {
      const [name] = filesBelow(inputs).filter((it) => it.endsWith('.part'));
      return name && statSync(join(inputs, name)).size > 6 * 1024 ** 2 ? join(inputs, name) : undefined;
    });
    rig.ssh.killSessions();
    // A mark in what has arrived shows whether it is fetched again.
    const there = readFileSync(part);
    there.write('MARK', 1000);
    writeFileSync(part, there);
    await supplying;
    const arrived = readFileSync(join(inputs, 'user001/v.mp4'));
    expect(arrived.subarray(1000, 1004).toString()).toBe('MARK');
    video.copy(arrived, 1000, 1000, 1004);
    expect(sha256(arrived)).toBe(sha256(video));
    expect(filesBelow(inputs)).toEqual(['user001/v.mp4']);
  });

  test('a file that is nowhere fails with a sentence that names file and node', async () => {
    await expect(open().supply(load('gone.png'))).rejects.toMatchObject({
      code: 'INPUT_FETCH',
      message: expect.stringMatching(/^The file "gone\.png" of node 7 \(LoadImage\) is missing: .*user001/),
      remedy: expect.stringContaining('Upload'),
    });
  });

  test.each([
    '../outputs/user002/secret.png',
    '../../../../etc/passwd',
    '/etc/passwd',
    '..\\secret.png',
    'a\u0000.png',
    'user002/secret.png',
    'link.png',
    'linked/secret.png',
    '%2e%2e/outputs/user002/secret.png',
    'user002/secret.png [output]',
    '../user002/secret.png [output]',
  ])('%j does not reach what is not this user’s', async (name) => {
    put('outputs/user002/secret.png', 'secret');
    put('inputs/user002/secret.png', 'secret');
    symlinkSync(join(rig.ssh.home, 'outputs/user002/secret.png'), join(rig.remoteInputs, 'link.png'));
    symlinkSync(join(rig.ssh.home, 'outputs/user002'), join(rig.remoteInputs, 'linked'));
    await expect(open().supply(load(name))).rejects.toMatchObject({ code: 'INPUT_FETCH' });
    expect(filesBelow(inputs)).toEqual([]);
  });

  test('with the VPS away a copy at hand serves; without one the sentence says why', async () => {
    put('inputs/user001/photo.png', 'photo');
    const supply = open();
    await supply.supply(load('photo.png'));
    await rig.ssh.stop();
    expect(await supply.supply(load('photo.png'))).toEqual([
      { nodeId: '7', input: 'image', to: 'user001/photo.png' },
    ]);
    await expect(supply.supply(load('other.png'))).rejects.toMatchObject({
      code: 'INPUT_FETCH',
      message: expect.stringMatching(/"other\.png" of node 7 \(LoadImage\) could not be fetched: .*VPS/),
    });
  });

  test('a wrong host key is said at once', async () => {
    const supply = open({ vps: { ...rig.vps, hostKeys: [`SHA256:${'B'.repeat(43)}`] }, waitMs: 15_000 });
    await expect(supply.supply(load('photo.png'))).rejects.toMatchObject({
      message: expect.stringContaining('shows the host key'),
    });
  });

  test('a job that is given up while it fetches ends at once with its reason', async () => {
    await rig.ssh.stop();
    const abort = new AbortController();
    const supplying = open({ waitMs: 60_000 }).supply(load('photo.png', { signal: abort.signal }));
    await until('an attempt', () => (rig.logged().includes('the VPS is away') ? true : undefined));
    abort.abort(new Error('the job was cancelled'));
    await expect(supplying).rejects.toThrow('the job was cancelled');
  });

  describe('to a ComfyUI whose input folder is elsewhere', () => {
    let double: ComfyDouble;
    let comfy: ComfyServer;
    beforeEach(async () => {
      double = await startComfyDouble();
      comfy = connectComfy(double.url);
    });
    afterEach(async () => {
      await comfy.close();
      await double.stop();
    });

    test('files are handed over by upload, once', async () => {
      put('inputs/user001/photo.png', 'of user001');
      put('inputs/shared.png', 'shared');
      const supply = open({ inputsPath: null });
      const request = load('photo.png', { server: inputServer(comfy) });
      expect(await supply.supply(request)).toEqual([
        { nodeId: '7', input: 'image', to: 'user001/photo.png' },
      ]);
      expect(await supply.supply({ ...request, nodes: load('shared.png').nodes })).toEqual([]);
      await supply.supply(request);
      expect(fetches()).toBe(2);
      for (const [filename, subfolder, text] of [
        ['photo.png', 'user001', 'of user001'],
        ['shared.png', '', 'shared'],
      ] as const) {
        const bytes = await comfy.view({ nodeId: '', group: '', filename, subfolder, type: 'input' });
        expect(await new Response(bytes).text()).toBe(text);
      }
      expect(filesBelow(join(rig.stateDir, 'inputs'))).toEqual([]);
      await expect(supply.supply({ ...request, nodes: load('gone.png').nodes })).rejects.toMatchObject({
        code: 'INPUT_FETCH',
      });
    });
  });
});
