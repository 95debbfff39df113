import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostLink } from '../../../src-main/connections/hosts/host-link.ts';
import type { DeployView } from '../../../src-main/domain/deploy/deploy-view.ts';
import type { DeployKeeper } from '../../../src-main/services/deploy/deploy-service.ts';
import { createWorkshopWatch } from '../../../src-main/services/watch-workshop.ts';
import { type OwnRootMachine, startOwnRootMachines } from '../../support/own-root-machine.ts';
import { becomeGpuHost } from '../../support/workshop-machines.ts';
import { confirmKey, createHostsRig, type HostsRig, stateOf } from '../hosts/hosts-rig.ts';
import { buildAgent, openConsole, seen } from './deploy-rig.ts';

/*
 * A mount whose server does not answer: the kernel's own, of a file system whose other end says nothing, as an NFS
 * share whose server is gone. Whoever asks for a folder there waits for ever.
 */

const start = await startOwnRootMachines(['gpu-host']);
if (start.kind === 'unavailable') console.log(`skipped: ${start.reason}`);

let gpu: OwnRootMachine;
let laptop: HostsRig;
let link: HostLink;
let release: Awaited<ReturnType<typeof buildAgent>>;
const dir = mkdtempSync(join(tmpdir(), 'workshop-silent-mount-'));
const keepers: DeployKeeper[] = [];
beforeAll(async () => {
  if (start.kind === 'unavailable') return;
  gpu = start.all.machines['gpu-host'];
  release = await buildAgent(dir);
  await becomeGpuHost(gpu);
  await gpu.run(`
mkdir -p /mnt/other/models /srv/share
echo weights > /mnt/other/models/one.safetensors
for folder in /mnt/sfs '/mnt/of all'; do
  mkdir -p "$folder"
  exec 9<>/dev/fuse
  mount -i -t fuse silent.example:/share "$folder" -o fd=9,rootmode=40000,user_id=0,group_id=0,allow_other
  sleep 3600 >/dev/null 2>&1 &
done`);
  laptop = createHostsRig();
  link = laptop.open({
    ...{ id: 'gpu', name: 'the GPU host', host: gpu.address, port: 22, user: 'root' },
    keyFile: start.all.keyFile,
  });
  await confirmKey(link, gpu);
  await stateOf(link, 'ready');
});
afterAll(async () => {
  for (const keeper of keepers) keeper.close();
  laptop?.close();
  if (start.kind === 'ready') await start.all.close();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

async function look(root?: string): Promise<DeployView> {
  const keeper = openConsole({
    ...{ host: link.host, bundle: release('one'), watch: createWorkshopWatch() },
    configuration: { REDIS_HOST: '127.0.0.1', MODELS_PATH: '/mnt/sfs/models' },
    ...(root !== undefined && { root }),
  });
  keepers.push(keeper);
  await keeper.look({ targetId: 'it', skip: [] });
  return seen(keeper, ({ phase }) => phase === 'ready' || phase === 'failed');
}

describe.skipIf(start.kind === 'unavailable')('a mount that does not answer', () => {
  test('hangs whoever asks for a folder there', async () => {
    const asked = 'timeout -s KILL 1 test -d /mnt/sfs/models || echo "$?"';
    expect((await gpu.run(asked)).trim()).toBe('137');
  });

  test('is named with its next step, and the look goes on with all the rest', async () => {
    const view = await look();
    expect(view.error).toBeNull();
    const storage = view.findings.filter(({ label }) => label === 'Storage');
    expect(storage.map(({ value }) => value).sort()).toEqual([
      '/mnt/of all does not answer',
      '/mnt/sfs does not answer',
    ]);
    expect(storage[0]?.note).toMatch(/\(fuse from silent\.example:\/share\).*then look again\.$/);
    expect(view.findings.find(({ label }) => label === 'Disk')?.value).toMatch(/GiB free$/);
    // Also what stands beside it, and what comes after.
    expect(view.modelFolders).toEqual(expect.arrayContaining(['/mnt/other/models', '/root/ComfyUI/models']));
    expect(view.findings.find(({ label }) => label === 'Clock')?.value).toMatch(/(ahead|behind)/);
    expect(view.steps.find(({ id }) => id === 'models')).toMatchObject({
      state: 'warned',
      problem: {
        message: expect.stringContaining('/mnt/sfs (fuse from silent.example:/share), which does not answer'),
      },
    });
  });

  test('with the agent’s own folder on it, that is said at once', async () => {
    const view = await look('/mnt/sfs/agent');
    expect(view.error).toMatchObject({
      code: 'HOST_FILE',
      message: expect.stringMatching(
        /^The agent’s folder \/mnt\/sfs\/agent on the GPU host .* does not answer\.$/,
      ),
    });
  });
});
