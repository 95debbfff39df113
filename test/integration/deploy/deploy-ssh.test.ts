import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostLink } from '../../../src-main/connections/hosts/host-link.ts';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { type SshServer, startSshServer } from '../../support/ssh-server.ts';
import { createHostsRig, type HostsRig, readyLink, stateOf } from '../hosts/hosts-rig.ts';
import { cutAtStep } from './cut-at-step.ts';
import { act, agentPid, type DeployRig, startDeployRig } from './deploy-rig.ts';

let rig: DeployRig;
let hosts: HostsRig;
let server: SshServer;
let link: HostLink;
beforeAll(async () => {
  rig = await startDeployRig();
  server = await startSshServer({ ownHome: true });
  hosts = createHostsRig();
  link = await readyLink(hosts, server);
});
afterAll(async () => {
  hosts?.close();
  await server?.close();
  await rig?.stop();
});

test('a real SSH session that is killed under a running step is named; the next press goes on from there', async () => {
  const way = cutAtStep(link.host, server);
  const keeper = rig.console({ host: way.host });
  // After Node, release and configuration comes the check.
  way.cutAt(4);
  const cut = await act(keeper, 'deploy');
  expect(cut.phase).toBe('failed');
  expect(cut.error).toMatchObject({ code: 'HOST_LINK_LOST' });
  expect(cut.steps.find(({ id }) => id === 'check')?.state).toBe('failed');
  expect(agentPid(rig.root)).toBeUndefined();
  await stateOf(link, 'ready');
  // Its own lock, which the cut left behind, does not stand in its way.
  const after = await act(keeper, 'deploy');
  expect(after.error).toBeNull();
  expect(after.steps.find(({ id }) => id === 'release')?.state).toBe('done');
  expect(agentPid(rig.root)).toBeDefined();
});

/** As root of this machine. */
async function run(argv: string[]): Promise<void> {
  const { code, stderr } = await createLocalHost().exec(argv);
  if (code !== 0) throw new Error(stderr);
}

test('a machine without room is named before anything is sent to it', async ({ skip }) => {
  const small = join(rig.dir, 'small-disk');
  mkdirSync(small);
  try {
    await run(['mount', '-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', small]);
  } catch {
    skip('only root may mount');
  }
  try {
    const view = await act(rig.console({ host: link.host, root: join(small, 'agent') }), 'deploy');
    expect(view.phase).toBe('failed');
    expect(view.error?.message).toMatch(/^Only 1[56] MiB are free where the agent goes/);
    expect(view.steps.find(({ id }) => id === 'disk')?.problem?.code).toBe('HOST_DISK_FULL');
    expect(execFileSync('ls', ['-A', small], { encoding: 'utf8' })).toBe('');
  } finally {
    await run(['umount', small]);
  }
});
