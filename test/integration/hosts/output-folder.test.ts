import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostLink } from '../../../src-main/connections/hosts/host-link.ts';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { outputFolder } from '../../../src-main/connections/hosts/output-folder.ts';
import { createMachinesService } from '../../../src-main/services/machines.ts';
import { createOutputPlaces } from '../../../src-main/services/output-places.ts';
import { type SshServer, startSshServer } from '../../support/ssh-server.ts';
import { hostStatus } from '../../unit/main/host-status.ts';
import { createHostsRig, type HostsRig, readyLink, stateOf } from './hosts-rig.ts';

/** The VPS is a real sshd; what lies there is fetched over the console's own link. */
let rig: HostsRig;
let server: SshServer;
let link: HostLink;
let outputs: string;
const video = randomBytes(9 * 1024 * 1024 + 77);
beforeAll(async () => {
  rig = createHostsRig();
  server = await startSshServer();
  link = await readyLink(rig, server);
  outputs = join(server.home, 'outputs');
  mkdirSync(join(outputs, 'user001/job-1'), { recursive: true });
  writeFileSync(join(outputs, 'user001/job-1/clip one.mp4'), video);
  writeFileSync(join(server.home, 'secret'), 'of the VPS');
  symlinkSync(join(server.home, 'secret'), join(outputs, 'user001/job-1/link.png'));
});
afterAll(async () => {
  rig?.close();
  await server?.close();
});

const folder = () => outputFolder(async () => link.host, outputs);

test('a file on the VPS comes as a whole and piece by piece, and nothing from outside of the folder', async () => {
  const whole = await folder().read('user001/job-1/clip one.mp4', 16 * 1024 * 1024);
  expect(whole?.bytes && Buffer.compare(Buffer.from(whole.bytes), video)).toBe(0);
  const hash = createHash('sha256');
  let from = 0;
  for (;;) {
    const part = await folder().part('user001/job-1/clip one.mp4', from, 4_000_001);
    if (!part || part.bytes.length === 0) break;
    expect(part.size).toBe(video.length);
    hash.update(part.bytes);
    from += part.bytes.length;
  }
  expect([from, hash.digest('hex')]).toEqual([
    video.length,
    createHash('sha256').update(video).digest('hex'),
  ]);
  expect(await folder().read('user001/job-1/link.png', 1000)).toBeUndefined();
  expect(await folder().part('../secret', 0, 1000)).toBeUndefined();
  expect(await folder().read('user001/job-1/none.png', 1000)).toBeUndefined();
});

test('a folder that is not there is no missing file', async () => {
  renameSync(outputs, `${outputs}-away`);
  await expect(folder().read('user001/job-1/clip one.mp4', 1000)).rejects.toMatchObject({
    code: 'HOST_FILE',
    message: expect.stringMatching(/outputs is not there on the VPS/),
  });
  renameSync(`${outputs}-away`, outputs);
});

test('while the link to the VPS is lost, it is that which is said, and afterwards the file comes', async () => {
  const machines = createMachinesService({
    ...{ open: () => link, local: createLocalHost(), publish: () => {} },
    secrets: { available: false, get: async () => undefined, set: async () => {}, remove: async () => {} },
  });
  machines.follow({
    ...{ id: 'w', name: 'w', redis: null, gpuHosts: [], guardMiB: null, wording: { people: 'people' } },
    vps: { host: '127.0.0.1', user: server.user, port: server.port, keyFile: server.keyFile },
  });
  const status = hostStatus({ files: { on: 'vps', path: outputs } });
  const places = createOutputPlaces({
    hosts: () => ({
      h100: { id: 'h100', status, desired: null, live: null, heardAt: 1, mismatch: null },
    }),
    vps: async () => ({ machineId: 'vps', name: 'the VPS', open: () => machines.host('vps') }),
    ...{ gpuHost: async () => null, folder: outputFolder, own: null },
  });
  const place = await places.of({ hostId: 'h100', workerId: null });
  if (place.kind !== 'there') throw new Error(place.why);
  await server.stop();
  await stateOf(link, 'lost');
  await expect(place.files.read('user001/job-1/clip one.mp4', 1000)).rejects.toMatchObject({
    code: 'HOST_LINK_LOST',
    message: expect.stringContaining('The VPS'),
    remedy: expect.any(String),
  });
  await server.start();
  await stateOf(link, 'ready');
  expect(await place.files.read('user001/job-1/clip one.mp4', 1000)).toEqual({
    ...{ size: video.length, bytes: null },
  });
});
