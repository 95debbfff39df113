import { readlinkSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { HostLink } from '../../../src-main/connections/hosts/host-link.ts';
import { NO_CHOICES } from '../../../src-main/domain/deploy/agent-settings.ts';
import type { DeployView } from '../../../src-main/domain/deploy/deploy-view.ts';
import type { DeployKeeper } from '../../../src-main/services/deploy/deploy-service.ts';
import { ADMIN, becomeBareUbuntu } from '../../support/bare-ubuntu.ts';
import { startOwnRootMachines } from '../../support/own-root-machine.ts';
import { createHostsRig, type HostsRig, stateOf } from '../hosts/hosts-rig.ts';
import { until } from '../main/until.ts';
import { act, seen } from './deploy-rig.ts';
import { type MachinesRig, startMachinesRig } from './machines-rig.ts';

/*
 * A step that runs as root, begun by a login that is not: it is stopped when it has ended there, and what may still run
 * is waited for before anything else begins.
 */

const start = await startOwnRootMachines(['vps', 'gpu-host']);
if (start.kind === 'unavailable') console.log(`skipped: ${start.reason}`);

const ROOT = `/home/${ADMIN.user}/.local/share/worker-agent`;
const sudoPassword = ADMIN.password;
let rig: MachinesRig;
let laptop: HostsRig;
let link: HostLink;
beforeAll(async () => {
  if (start.kind === 'unavailable') return;
  rig = await startMachinesRig(start.all, { become: becomeBareUbuntu });
  laptop = createHostsRig();
  link = await rig.ready(laptop, { user: ADMIN.user, keyFile: rig.keyFile });
  await rig.gpu.run('cp /srv/vendor/get.docker.com /srv/vendor/as-it-was');
});
afterAll(async () => {
  laptop?.close();
  await rig?.close();
});
afterEach(async () => {
  if (start.kind === 'unavailable') return;
  await rig.gpu.run(
    'pkill -KILL -f "[s]low-installer" || :; cp /srv/vendor/as-it-was /srv/vendor/get.docker.com',
  );
});

/** What the hosts of the other consoles were told. */
const told: string[] = [];
const consoleOf = (console?: string) =>
  rig.console({
    told,
    host: link.host,
    choices: { ...NO_CHOICES, runtime: 'compose' },
    configuration: { NUM_WORKERS: '0' },
    ...(console !== undefined && { console }),
  });
const said = (view: DeployView) => view.output.map(({ text }) => text).join('\n');
const ended = ({ phase }: DeployView) => phase === 'done' || phase === 'failed';
const lock = () => {
  try {
    return readlinkSync(rig.gpu.path(`${ROOT}/deploy.lock`));
  } catch {
    return null;
  }
};
/** Process ids of the installer on the machine, all root's. */
const installers = async () =>
  (await rig.gpu.run('pgrep -u root -f "[s]low-installer" || :')).trim().split('\n').filter(Boolean);

/** Docker's installation takes for ever, below a shell of its own. */
async function installForEver(terminated: 'ends' | 'goes on'): Promise<void> {
  await rig.gpu.run(
    `printf '%s\\n' "perl -e 'local \\$| = 1; \\$SIG{TERM} = \\"IGNORE\\" if \\"$1\\" eq \\"goes on\\"; \\$0 = \\"slow-installer\\"; print \\"unpacking\\n\\"; sleep 3600' & wait" > /srv/vendor/get.docker.com`,
    terminated,
  );
}

/** Presses, and waits until Docker is being installed. */
async function installing(keeper: DeployKeeper): Promise<DeployView> {
  return act(keeper, 'deploy', {
    sudoPassword,
    until: (view) => /^unpacking$/m.test(said(view)) || ended(view),
  });
}

describe.skipIf(start.kind === 'unavailable')('“Stop here” during a step that runs as root', () => {
  test.each(['ends', 'goes on'] as const)(
    'it is stopped once the machine shows that it has ended, when what is asked to end %s',
    async (asked) => {
      told.length = 0;
      await installForEver(asked);
      const keeper = consoleOf();
      expect((await installing(keeper)).phase).toBe('running');
      expect(await installers()).toHaveLength(1);
      await keeper.stop({ targetId: 'it' });
      const between = await seen(keeper, ({ phase }) => phase !== 'running');
      if (asked === 'goes on') expect(between.phase).toBe('stopping');
      const view = await seen(keeper, ended);
      expect(await installers()).toEqual([]);
      expect(view.error).toMatchObject({ code: 'WRONG_STATE', message: 'It was stopped by you.' });
      await until('the others are told', () => told[1]);
      expect(told).toEqual([
        'Began deploying the agent to Bare host (here).',
        'Stopped deploying the agent to Bare host (here).',
      ]);
      expect(lock()).toBeNull();
      await expect(rig.gpu.run(`readlink ${ROOT}/deploy.work`)).rejects.toThrow();
    },
  );

  test('without a proof it says that it may still run, holds the machine, and ends it before it goes on', {
    timeout: 180_000,
  }, async () => {
    await installForEver('ends');
    const keeper = consoleOf('the-console');
    await installing(keeper);
    // The machine goes out of sight with the installation at work.
    await rig.gpu.run('kill -STOP "$(cat /run/sshd.pid)"; pkill -STOP -f "^sshd: ubuntu"');
    await keeper.stop({ targetId: 'it' });
    const view = await seen(keeper, ended);
    expect(view.error?.message).toMatch(/^You stopped it\. It may still run there: .*he GPU host/);
    expect(view.error?.remedy).toContain('what still runs there is waited for first');
    expect(await installers()).toHaveLength(1);
    await until('the others are told', () => told.at(-1)?.includes('It may still run there.') || undefined);
    expect(lock()).toMatch(/^the-console~/);
    await rig.gpu.run('pkill -KILL -f "^sshd: ubuntu"; kill -CONT "$(cat /run/sshd.pid)"');
    await stateOf(link, 'ready');

    // Another console is kept away; this one, after its own sudden end, waits for what it had begun.
    const other = await act(consoleOf(), 'deploy', { sudoPassword });
    expect(other.error?.code).toBe('HOST_BUSY');
    const again = consoleOf('the-console');
    const waits = /“Docker” of an earlier run, begun \d+ s ago, still runs on the GPU host .* as process \d+/;
    const waiting = await act(again, 'deploy', {
      sudoPassword,
      until: (one) => waits.test(said(one)) || ended(one),
    });
    expect(said(waiting)).toMatch(waits);
    expect(waiting.phase).toBe('running');
    await again.stop({ targetId: 'it' });
    expect((await seen(again, ended)).error?.message).toBe('It was stopped by you.');
    expect(await installers()).toEqual([]);
    expect(lock()).toBeNull();
  });

  test('a link that breaks in the middle leaves it running, and the next press waits for its end', async () => {
    await installForEver('ends');
    const keeper = consoleOf();
    await installing(keeper);
    await rig.gpu.run('pkill -KILL -f "^sshd: ubuntu"');
    const view = await seen(keeper, ended);
    expect(view.error).toMatchObject({
      code: 'HOST_LINK_LOST',
      message: expect.stringMatching(/“Docker” may still run there\.$/),
    });
    expect(lock()).not.toBeNull();
    await stateOf(link, 'ready');
    const waits = /“Docker” of an earlier run, begun \d+ s ago, still runs on the GPU host .* as process \d+/;
    await act(keeper, 'deploy', { sudoPassword, until: (one) => waits.test(said(one)) || ended(one) });
    expect(await installers()).toHaveLength(1);
    // It ends by itself: the run goes on with what it finds, one installation at a time.
    await rig.gpu.run(
      'cp /srv/vendor/as-it-was /srv/vendor/get.docker.com; pkill -KILL -f "[s]low-installer"',
    );
    expect((await seen(keeper, ended)).error).toBeNull();
  });
});
