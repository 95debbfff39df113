import type { Page } from 'playwright-core';
import { dayOf } from '../../src-main/domain/history/local-day.ts';
import { freshRoom } from '../../src-main/domain/room/room-state.ts';
import { emptyProfile } from '../../src-main/domain/workshops/profile.ts';
import { fullHour } from './capacity-states.ts';
import { deployedPair, deployStates } from './deploy-states.ts';
import type { FakeState, FakeWorkshop } from './fake-workshop.ts';
import { gpuStates, mixedPair } from './gpu-states.ts';
import { workshopDay } from './history-day.ts';
import { logScene } from './log-scene.ts';
import { NAMES } from './room-states.ts';
import { host, worker, workshop } from './scenarios.ts';
import { stageStates } from './stage-states.ts';

/** Every screen in the states in which a host may meet it, for pictures and for what must hold at every size. */

/** The window of a small laptop, of a usual one, and of a large display. */
export const SIZES = [
  { name: '1280x720', width: 1280, height: 720 },
  { name: '1920x1080', width: 1920, height: 1080 },
  { name: '3840x2160', width: 3840, height: 2160 },
] as const;

const SCREENS = ['stage', 'jobs', 'people', 'capacity', 'recap', 'logs', 'hosts', 'setup'] as const;
export type TourScreen = (typeof SCREENS)[number];

const PAIR = [
  {
    ...{ id: 'h100', name: 'H100 of Verda', provider: 'verda' },
    login: { host: '100.64.0.9', user: 'ubuntu', port: null, keyFile: null },
  },
  {
    ...{ id: 'rtx-4090', name: 'RTX 4090 of RunPod', provider: 'runpod' },
    login: { host: '203.0.113.7', user: 'root', port: 2222, keyFile: null },
  },
] as const;

const HOUR = 3_600_000;
const EVERY: readonly TourScreen[] = SCREENS;
/** Screens that show the same whatever the workshop does are left out. */
const LIVE: readonly TourScreen[] = ['stage', 'jobs', 'people', 'capacity'];

export interface TourState {
  name: string;
  screens: readonly TourScreen[];
  make: (now: number) => FakeState;
  /** What lies beside the live workshop: history, logs, machines. */
  full: boolean;
  /** The machines are rented since two hours. */
  rented?: boolean;
  /** Two machines are set up, beside which the logs and deployments of both lie. */
  pair?: boolean;
}

const stage = (name: string) => (now: number) => {
  const state = stageStates[name]?.(now);
  if (!state) throw new Error(`there is no state ${name}`);
  return state;
};

/** Twenty people with nicknames on a busy afternoon. */
function twenty(now: number): FakeState {
  const state = stage('busy')(now);
  const users = [...new Set(Object.values(state.snapshot.jobs).map(({ userId }) => userId))].sort();
  const nicknames = Object.fromEntries(users.map((id, at) => [id, NAMES[at % NAMES.length] ?? '']));
  state.snapshot.room = { ...freshRoom(), nicknames };
  return state;
}

/** A workshop in which nobody has done anything yet. */
const empty = (now: number) =>
  workshop(now, [host({ workers: [worker(1, { kind: 'idle', since: now - 40_000 })] }, now)], []);

export const TOUR: readonly TourState[] = [
  { name: '20-users', screens: EVERY, make: twenty, full: true },
  { name: 'empty', screens: EVERY, make: empty, full: false },
  { name: 'first-run', screens: EVERY, make: stage('first-run'), full: false },
  { name: 'link-lost', screens: LIVE, make: stage('link-lost'), full: true, rented: true },
  { name: '10000-jobs', screens: ['stage', 'jobs', 'people'], make: stage('many-jobs'), full: true },
  { name: 'hostile', screens: LIVE, make: stage('hostile'), full: true },
  { name: 'mixed-pair', screens: EVERY, make: mixedPair, full: true, rented: true, pair: true },
  { name: 'full-hour', screens: LIVE, make: fullHour, full: true, rented: true },
  ...[
    ...['all-idle', 'no-worker', 'no-agent', 'agent-silent', 'mismatch', 'scaling', 'draining', 'held'],
    ...['failed-worker', 'gpu-unknown', 'many-hosts'],
  ].map((name): TourState => ({ name, screens: ['stage'], make: stage(name), full: true })),
  ...Object.entries(gpuStates)
    .filter(([name]) => name !== 'mixed-pair')
    .map(([name, make]): TourState => ({ name, screens: ['stage'], make, full: true })),
];

/** Shows a state, with what belongs to it, and waits until the page has it. */
export async function showState(page: Page, fake: FakeWorkshop, tour: TourState) {
  const { name, make, full } = tour;
  const now = Date.now();
  const state = make(now);
  // Told apart by a name of its own, so that its arrival can be waited for.
  if (state.snapshot.name !== null) state.snapshot.name = `Workshop ${name}`;
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  fake.kept.clear();
  fake.logs.found = [];
  if (full) {
    fake.kept.set(dayOf(midnight), tour.pair ? dayOfPair(midnight) : workshopDay(midnight));
    logScene(fake.logs, tour.pair ? `${PAIR[0].id}-worker` : undefined);
    fake.logs.become({ kind: 'live', since: now });
  }
  // Each state stands for itself: no nickname or alert of the one before.
  state.snapshot.room ??= freshRoom();
  fake.forgetAlerts();
  fake.deploy.show(tour.pair ? deployedPair() : (deployStates[full ? 'ready' : 'none']?.() ?? []));
  setUpPair(fake, tour.pair === true);
  fake.show(state);
  const rental = { pricePerHour: 2.85, currency: '€', startedAt: now - 2 * HOUR, endsAt: now + HOUR };
  await fake.capacity.setRental({ hostId: null, rental: tour.rented ? rental : null });
  await page
    .getByRole('heading', { level: 1, name: state.snapshot.name ?? 'Workshop Console', exact: true })
    .waitFor();
}

/** The workshop of two GPU hosts as it was saved; otherwise none is. */
function setUpPair({ setup, logs }: FakeWorkshop, pair: boolean) {
  logs.list = [{ id: 'gpu-1', name: 'GPU host' }];
  Object.assign(setup.view, { currentId: null, workshops: [] });
  if (!pair) return;
  logs.list = PAIR.map(({ id, name }) => ({ id, name }));
  const profile = {
    ...emptyProfile('pair', 'AI film workshop'),
    redis: { host: '100.64.0.7', port: 6379, tls: false, through: 'direct' as const },
    vps: { host: '100.64.0.7', user: 'dev', port: null, keyFile: null },
    gpuHosts: [...PAIR],
  };
  Object.assign(setup.view, { currentId: 'pair', workshops: [{ profile, password: 'kept' }] });
}

/** The same day, worked by the workers of two hosts. */
const dayOfPair = (midnight: number) =>
  workshopDay(midnight).map((record, at) => {
    if (record.t === 'job')
      return { ...record, workerId: at % 4 === 3 ? 'rtx-4090-worker-1' : `h100-worker-${(at % 4) + 1}` };
    if (record.t !== 'sample') return record;
    const one = record.utilization['gpu-1/0'] ?? null;
    return {
      ...record,
      vramMiB: { 'h100/0': 40_000, 'rtx-4090/0': 17_000 },
      utilization: { 'h100/0': one, 'rtx-4090/0': one === null ? null : one / 2 },
    };
  });

/** Turns the page to a screen, with what it asks main for. */
export async function showScreen(page: Page, screen: TourScreen): Promise<void> {
  await page.evaluate((id) => {
    window.location.hash = `/${id}`;
  }, screen);
  // Nothing lies under the pointer.
  await page.mouse.move(0, 0);
  const name = `${screen.charAt(0).toUpperCase()}${screen.slice(1)}`;
  await page.getByRole('main', { name }).waitFor();
  // What is asked for has come, and nothing moves any more.
  await page.waitForFunction(() => document.querySelector('.mantine-Loader-root, [data-loading]') === null);
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    await frame();
  });
}
