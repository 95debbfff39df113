import { expect, test } from 'vitest';
import type { RemoteHost } from '../../../src-main/connections/hosts/remote-host.ts';
import type { HostView } from '../../../src-main/domain/workshop.ts';
import { createOutputPlaces, type OutputPlacesNeeds } from '../../../src-main/services/output-places.ts';
import type { FinishedFiles } from '../../../worker-agent/src/contract/host.ts';
import { hostStatus } from './host-status.ts';

const never = (): Promise<RemoteHost> => Promise.reject(new Error('nobody asked for it'));
const vps = { machineId: 'vps', name: 'the VPS', open: never };
const gpu = { machineId: 'h100', name: 'Rented H100', open: never };

const host = (id: string, files?: FinishedFiles, late = 0): HostView => ({
  ...{ id, desired: null, live: null, heardAt: 1, mismatch: null },
  status: hostStatus({ hostId: id, files, late: { jobs: late, files: late } }, [`${id}-worker-1`]),
});
const places = (hosts: HostView[], more: Partial<OutputPlacesNeeds> = {}) =>
  createOutputPlaces({
    hosts: () => Object.fromEntries(hosts.map((one) => [one.id, one])),
    ...{ vps: async () => vps, gpuHost: async (id) => (id === 'h100' ? gpu : null), own: null },
    folder: () => ({ read: async () => undefined, part: async () => undefined }),
    ...more,
  });
const onVps: FinishedFiles = { on: 'vps', path: '/home/dev/outputs' };
const here: FinishedFiles = { on: 'here', path: '/root/state/outputs' };
const by = (hostId: string | null, workerId: string | null = null) => ({ hostId, workerId });

test('files are where the agent that made them brings them', async () => {
  const two = places([host('h100', here, 3), host('other', onVps)]);
  expect(await two.of(by('h100'))).toMatchObject({
    ...{ kind: 'there', label: 'Rented H100 (/root/state/outputs)', machineId: 'h100', late: 3 },
  });
  expect(await two.of(by('other'))).toMatchObject({ label: 'the VPS (/home/dev/outputs)', machineId: 'vps' });
  // Once the claim is gone, the worker tells.
  expect(await two.of(by(null, 'other-worker-1'))).toMatchObject({ machineId: 'vps' });
  expect(await places([host('h100', onVps)]).of(by(null, 'worker-gone'))).toMatchObject({ machineId: 'vps' });
});

test.each<[string, OutputPlacesNeeds['own'], Partial<OutputPlacesNeeds>, HostView[], string | null, RegExp]>([
  [
    'no login to the VPS',
    null,
    { vps: async () => null },
    [host('h100', onVps)],
    'h100',
    /no login to it\..*Setup/,
  ],
  [
    'no login to the host',
    null,
    {},
    [host('rig', here)],
    'rig',
    /stayed on rig in .* no login to that machine/,
  ],
  ['an agent of before', null, {}, [host('h100')], 'h100', /does not tell.*Upgrade it on Hosts/],
  ['an agent that is gone', null, {}, [], 'h100', /does not tell.*Once it reports/],
  ['two that may have made them', null, {}, [host('a', here), host('b', here)], null, /not known which/],
])('%s is said, with the next step', async (_, own, more, hosts, hostId, words) => {
  const place = await places(hosts, { own, ...more }).of(by(hostId));
  expect(place.kind === 'no-way' && `${place.why} ${place.remedy}`).toMatch(words);
});

test('a folder that this computer was given stands in where there is no other way', async () => {
  const own = { path: '/mnt/outputs', open: never };
  const mounted = places([host('h100')], { own });
  expect(await mounted.of(by('h100'))).toMatchObject({
    ...{ kind: 'there', label: 'this computer (/mnt/outputs)', machineId: null },
  });
  expect(await places([host('h100', onVps)], { own }).of(by('h100'))).toMatchObject({ machineId: 'vps' });
});
