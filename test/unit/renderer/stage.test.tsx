// @vitest-environment happy-dom
import { notifications } from '@mantine/notifications';
import { cleanup, configure, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { createTRPCClient, localLink } from '@trpc/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type AppRouter, appRouter } from '../../../src-main/api/router.ts';
import type { LinkState } from '../../../src-main/domain/workshop.ts';
import { App } from '../../../src-renderer/app/app.tsx';
import { emptyState, liveStore } from '../../../src-renderer/live/store.ts';
import { watchWorkshop } from '../../../src-renderer/live/watch.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { FakeWorkshop } from '../../support/fake-workshop.ts';
import { gpuStates, machineWithGpus } from '../../support/gpu-states.ts';
import { gpu } from '../../support/scenarios.ts';
import { stageStates } from '../../support/stage-states.ts';

configure({ asyncUtilTimeout: 15_000 });

let stop: (() => void) | undefined;
beforeEach(() => {
  // The charts complain that nothing has a size here.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  window.location.hash = '';
  liveStore.setState(emptyState(Date.now()), true);
});
afterEach(() => {
  stop?.();
  notifications.clean();
  cleanup();
});

/** Opens the whole renderer on a scripted workshop, through the real router. */
async function open(name: string) {
  const make = stageStates[name] ?? gpuStates[name];
  if (!make) throw new Error(`there is no state ${name}`);
  const workshop = new FakeWorkshop(make(Date.now()));
  const client = createTRPCClient<AppRouter>({
    links: [
      localLink({
        router: appRouter,
        createContext: async () => ({
          services: workshop,
          roomDoor: {
            open: async () => ({ kind: 'link', url: '' }),
            where: () => ({ screens: [], link: null }),
          },
        }),
      }),
    ],
  });
  stop = watchWorkshop(client);
  render(<App client={client} />);
  await waitFor(() => expect(liveStore.getState().known).toBe(true));
  return { workshop, user: userEvent.setup() };
}

const verbs = (workshop: FakeWorkshop, verb: string) =>
  workshop.calls.filter((call) => call.verb === verb).map(({ input }) => input);
/** Without layout every menu counts as out of sight; a real browser shows it (end-to-end tests). */
const menuItem = (name: string) => screen.findByRole('menuitem', { name, hidden: true });
const button = (name: string | RegExp) => screen.findByRole('button', { name });

test('scale up: one click, the way is shown, the revision that was seen goes along', async () => {
  const { workshop, user } = await open('all-idle');
  await user.click(await button('One worker more on gpu-1'));
  await screen.findByText('2 → 3');
  await waitFor(() =>
    expect(verbs(workshop, 'setCount')).toEqual([{ hostId: 'gpu-1', workers: 3, revision: 3 }]),
  );
  await screen.findByText('3 workers wanted on gpu-1, was 2.');
  await user.click(await button('Undo'));
  await waitFor(() =>
    expect(verbs(workshop, 'setCount')[1]).toEqual({ hostId: 'gpu-1', workers: 2, revision: 4 }),
  );
}, 60_000);

test('two quick clicks do not collide with each other', async () => {
  const { workshop, user } = await open('all-idle');
  const more = await button('One worker more on gpu-1');
  await user.click(more);
  await user.click(more);
  await waitFor(() => expect(workshop.snapshot.hosts['gpu-1']?.desired?.workers).toBe(4));
  expect(screen.queryByText(/was not changed/)).toBeNull();
  // Four is the most this host can run: the third click does nothing, and the button says why.
  await waitFor(() => expect(more.getAttribute('aria-disabled')).toBe('true'));
  await user.click(more);
  expect(workshop.snapshot.hosts['gpu-1']?.desired?.workers).toBe(4);
}, 60_000);

test('a conflict names who changed it, and Apply again acts on what holds by then', async () => {
  const { workshop, user } = await open('all-idle');
  workshop.fail('setCount', new WorkshopError('CONFLICT', 'Somebody else changed the workers first.'));
  const host = workshop.snapshot.hosts['gpu-1'];
  if (!host?.desired) throw new Error('no host');
  await user.click(await button('One worker more on gpu-1'));
  const notice = await screen.findByText('The number of workers was not changed');
  const alert = notice.closest<HTMLElement>('[role="alert"]');
  if (!alert) throw new Error('the notice is no alert');
  expect(alert.textContent).toContain('The last change was made by anna-laptop.');
  workshop.push([{ kind: 'host', host: { ...host, desired: { ...host.desired, revision: 9, by: 'ben' } } }]);
  await waitFor(() => expect(liveStore.getState().hosts['gpu-1']?.desired?.revision).toBe(9));
  await user.click(within(alert).getByRole('button', { name: 'Apply again' }));
  await waitFor(() =>
    expect(verbs(workshop, 'setCount')[1]).toEqual({ hostId: 'gpu-1', workers: 3, revision: 9 }),
  );
}, 60_000);

test('drain one: one click, undo resumes only what was drained by it', async () => {
  const { workshop, user } = await open('draining');
  await user.click(await button('Drain…'));
  await user.click(await menuItem('Drain worker-1'));
  await screen.findByText('worker-1 finishes its job and takes no more.');
  await user.click(await button('Undo'));
  await waitFor(() =>
    expect(verbs(workshop, 'resume')).toEqual([{ hostId: 'gpu-1', workerIds: ['worker-1'], revision: 4 }]),
  );
}, 60_000);

test('hold and release', async () => {
  const { workshop, user } = await open('busy');
  await user.click(await button('Hold queue'));
  await screen.findByText('The queue is held.');
  await user.click(await button('Release queue'));
  await waitFor(() =>
    expect(verbs(workshop, 'holdQueue')).toEqual([
      { held: true, revision: 1 },
      { held: false, revision: 2 },
    ]),
  );
}, 60_000);

test('interrupting asks first, naming whose job and how long it has run; keeping it does nothing', async () => {
  const { workshop, user } = await open('busy');
  await user.click(await button('Actions for worker-2 on gpu-1'));
  await user.click(await menuItem('Interrupt the job…'));
  const dialog = await screen.findByRole('dialog', { name: "Interrupt user008's job?" });
  expect(dialog.textContent).toMatch(/It has run 2 min; that work would be lost\./);
  await user.click(within(dialog).getByRole('button', { name: 'Keep it' }));
  expect(verbs(workshop, 'cancel')).toEqual([]);
  await user.click(await button('Actions for worker-2 on gpu-1'));
  await user.click(await menuItem('Interrupt the job…'));
  await user.click(await button("Interrupt user008's job"));
  await waitFor(() => expect(verbs(workshop, 'cancel')).toEqual([{ jobId: 'job-run-2' }]));
}, 60_000);

test('a failure that may pass offers to try again; one that does not, does not', async () => {
  const { workshop, user } = await open('busy');
  workshop.fail(
    'holdQueue',
    new WorkshopError('REDIS_UNREACHABLE', 'Redis does not answer.', { remedy: 'Look at the VPS.' }),
  );
  await user.click(await button('Hold queue'));
  await screen.findByText('Look at the VPS.');
  await user.click(await button('Try again'));
  await screen.findByText('The queue is held. Running jobs go on.');
  workshop.fail('holdQueue', new WorkshopError('INTERNAL', 'It broke.'));
  await user.click(await button('Release queue'));
  const alert = (await screen.findByText('It broke.')).closest<HTMLElement>('[role="alert"]');
  expect(alert && within(alert).queryByRole('button', { name: 'Try again' })).toBeNull();
}, 60_000);

test('first run: says what is wrong, sends what is right, shows why it failed beside the form', async () => {
  const { workshop, user } = await open('first-run');
  await user.click(await button('Connect'));
  await screen.findByText('Give the workshop a name, as the room shall read it.');
  await screen.findByText('Enter the address of Redis, for example 100.64.0.7.');
  expect(workshop.calls).toEqual([]);
  await user.type(screen.getByLabelText('Name of the workshop'), 'Film');
  await user.type(screen.getByLabelText('Redis host'), '100.64.0.7');
  workshop.fail(
    'connect',
    new WorkshopError('REDIS_AUTH', 'Redis refuses the password.', { remedy: 'Copy it again.' }),
  );
  await user.click(await button('Connect'));
  const problem = await screen.findByRole('alert');
  expect(problem.textContent).toBe('Redis refuses the password. Copy it again.');
  expect(verbs(workshop, 'connect')).toEqual([
    { name: 'Film', host: '100.64.0.7', port: 6379, password: null, tls: false },
  ]);
}, 60_000);

test('first run: where Tailscale is not there, that is what the failure says', async () => {
  const { workshop, user } = await open('first-run');
  await user.type(screen.getByLabelText('Name of the workshop'), 'Film');
  await user.type(screen.getByLabelText('Redis host'), '100.64.0.7');
  workshop.fail(
    'connect',
    new WorkshopError('REDIS_UNREACHABLE', '100.64.0.7:6379 does not answer.', {
      remedy: 'Check the network.',
    }),
  );
  await user.click(await button('Connect'));
  await screen.findByText('Check the network.');
  const now = Date.now();
  const seen = { at: now, since: now, failed: null, needed: true, health: [], app: true, instead: null };
  workshop.push([{ kind: 'tailnet', tailnet: { ...seen, state: { kind: 'not-installed' } } }]);
  await screen.findByText(
    'Tailscale is not installed on this computer. Install it from tailscale.com/download and log in to the tailnet of the workshop.',
  );
  expect(screen.queryByText('Check the network.')).toBeNull();
}, 60_000);

test('what the console has to say about itself stands above the first-run form', async () => {
  const { workshop } = await open('first-run');
  const state = stageStates['first-run']?.(Date.now());
  if (!state) throw new Error('no state');
  state.snapshot.notice = 'The settings could not be read, so the console starts without a workshop.';
  workshop.show(state);
  await screen.findByText(/^The settings could not be read/);
}, 60_000);

test('with Redis lost nothing can be asked of workers, and the last figures stay', async () => {
  const { workshop, user } = await open('link-lost');
  await screen.findByText(/^Redis is lost since/);
  await user.click(await button('One worker more on gpu-1'));
  await user.click(await button('Hold queue'));
  expect(workshop.calls).toEqual([]);
  expect((await button(/waiting$/)).textContent).toBe('14waiting');
  await user.click(await button('Try now'));
  await waitFor(() => expect(verbs(workshop, 'reconnectNow')).toHaveLength(1));
}, 60_000);

test('a chip of the header leads to its next step: Redis lost, slow, without its password', async () => {
  const { workshop, user } = await open('link-lost');
  const step = (name: string) => screen.findByRole('button', { name, hidden: true });
  await user.click(await button(/^Redis lost/));
  // The Stage has this button as well.
  await waitFor(() =>
    expect(screen.getAllByRole('button', { name: 'Try now', hidden: true })).toHaveLength(2),
  );
  await user.click(await step('Open Setup'));
  await waitFor(() => expect(window.location.hash).toBe('#/setup'));

  const become = (redis: LinkState) => workshop.push([{ kind: 'links', links: { redis } }]);
  become({ kind: 'degraded', since: Date.now(), why: 'Redis takes 2000 ms to answer.', rttMs: 2000 });
  await user.click(await button(/^Redis slow/));
  await user.click(await step('Connect anew'));
  await waitFor(() => expect(verbs(workshop, 'reconnectNow')).toHaveLength(1));
  become({
    ...{ kind: 'lost', since: Date.now(), code: 'REDIS_AUTH', retryAt: null },
    ...{ why: 'Redis refuses the password.', remedy: 'Enter the password again.' },
  });
  await user.click(await step('Enter the password…'));
  const dialog = await screen.findByRole('dialog', { name: 'Redis password' });
  await user.type(within(dialog).getByLabelText(/^Redis password of/), 'the new one');
  await user.click(within(dialog).getByRole('button', { name: 'Connect' }));
  await waitFor(() => expect(verbs(workshop, 'enterPassword')).toEqual([{ keep: true }]));
}, 60_000);

test('the chip of a silent agent leads to its host and its log', async () => {
  const { user } = await open('agent-silent');
  const lead = async (name: string, hash: string) => {
    await user.click(await button(/^Agent /));
    // An alert may offer the same.
    const offered = await screen.findAllByRole('button', { name, hidden: true });
    const [own] = offered.filter((one) => one.closest('.mantine-Popover-dropdown'));
    if (!own) throw new Error(`no ${name} at the chip`);
    await user.click(own);
    await waitFor(() => expect(window.location.hash).toBe(hash));
  };
  await lead('Show the host', '#/hosts?host=gpu-1');
  await lead('Read its log', '#/logs?machine=gpu-1');
}, 60_000);

test('hostile texts are plain text, cut', async () => {
  await open('hostile');
  const row = await screen.findByText('<img src=x onerror="window.hacked=1">');
  expect(row.querySelector('img')).toBeNull();
  expect(document.querySelector('img')).toBeNull();
  const longest = Math.max(
    ...[...document.querySelectorAll('li')].map((one) => one.textContent?.length ?? 0),
  );
  expect(longest).toBeLessThan(600);
  expect('hacked' in window).toBe(false);
}, 60_000);

test('keys open screens and the map; the palette holds the verbs', async () => {
  const { workshop, user } = await open('busy');
  await user.keyboard('2');
  await screen.findByRole('main', { name: 'Jobs' });
  await user.keyboard('1');
  await screen.findByRole('main', { name: 'Stage' });
  await user.keyboard('?');
  await screen.findByRole('dialog', { name: 'Keys' });
  await user.keyboard('{Escape}');
  await user.keyboard('{Control>}k{/Control}');
  await user.type(await screen.findByLabelText('Find an action'), 'hold the');
  await user.keyboard('{Enter}');
  await waitFor(() => expect(verbs(workshop, 'holdQueue')).toHaveLength(1));
}, 60_000);

test('with two hosts, a card that is missing has its reason, and the button names no worker of another host', async () => {
  const { workshop, user } = await open('pair-without-gpu');
  const gpu2 = within(await screen.findByRole('region', { name: 'gpu-2' }));
  gpu2.getByText('There is no nvidia-smi on this machine.');
  gpu2.getByText('Install the NVIDIA driver, or set NVIDIA_SMI to its path.');
  await user.click(gpu2.getByRole('button', { name: 'Start one worker' }));
  await waitFor(() =>
    expect(verbs(workshop, 'setCount')).toEqual([{ hostId: 'gpu-2', workers: 1, revision: 3 }]),
  );
  // The card of the other one has its chart all the same.
  screen.getByRole('img', { name: 'VRAM in use on GPU 0 over the last 30 min' });
}, 60_000);

test('each of several cards has a chart', async () => {
  await open('two-cards');
  const names = (await screen.findAllByRole('img', { name: /^VRAM in use on GPU/ })).map((chart) =>
    chart.getAttribute('aria-label'),
  );
  expect(names).toEqual([0, 1].map((at) => `VRAM in use on GPU ${at} over the last 30 min`));
}, 60_000);

test('beside its host a worker is called by the rest of its name; a silent host shows what nvidia-smi says', async () => {
  await open('mixed-pair');
  const h100 = within(await screen.findByRole('region', { name: 'h100' }));
  h100.getByRole('heading', { name: 'worker-3' });
  h100.getByRole('article', { name: 'h100-worker-3, busy' });
  expect(h100.queryByText(/nvidia-smi/)).toBeNull();
  const rtx = within(screen.getByRole('region', { name: 'rtx-4090' }));
  await rtx.findByText(/^from nvidia-smi over SSH,/);
  expect(rtx.getByText('17.1').parentElement?.textContent).toContain('17.1 of 24 GB');
  rtx.getByTitle('python3, process 4711, holds 16.4 GB');
}, 60_000);

test('as soon as the agent tells again its figures count; without a driver there its last ones stay, with the reason', async () => {
  const { workshop } = await open('lost-over-ssh');
  // Newer than what the agent will say: its word goes first all the same.
  const read = machineWithGpus('gpu-1', 'H100 of Verda', Date.now() + 60_000, {
    gpus: [gpu(0, { memoryUsedMiB: 71.4 * 1024 })],
  });
  workshop.push([{ kind: 'machines', machines: [read] }]);
  const panel = await screen.findByRole('region', { name: /^GPU 0/ });
  await within(panel).findByText(/^from nvidia-smi over SSH,/);
  await within(panel).findAllByText('71.4');
  const fresh = stageStates.busy?.(Date.now()).snapshot;
  const host = fresh?.hosts['gpu-1'];
  if (!host) throw new Error('no host');
  workshop.push([
    { kind: 'links', links: fresh.links },
    { kind: 'host', host },
  ]);
  await within(panel).findByText('57.3');
  expect(within(panel).queryByText(/nvidia-smi/)).toBeNull();

  const state = gpuStates['lost-without-driver']?.(Date.now());
  if (!state) throw new Error('no state');
  workshop.show(state);
  await within(panel).findByText(/Driver\/library version mismatch/);
  within(panel).getByText('57.3');
}, 60_000);
