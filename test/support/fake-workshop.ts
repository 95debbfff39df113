import type { FleetService } from '../../src-main/api/roles/fleet.ts';
import type { HistoryService, HistoryState } from '../../src-main/api/roles/history.ts';
import type {
  BulkAct,
  JobDetail,
  JobsService,
  OutputPreview,
  PromptText,
} from '../../src-main/api/roles/jobs.ts';
import type { NetworkService } from '../../src-main/api/roles/machines.ts';
import type { PeopleService } from '../../src-main/api/roles/people.ts';
import type { DemoService, DemoView, SettingsService } from '../../src-main/api/roles/workshops.ts';
import type { ConsoleNameService, Services } from '../../src-main/api/roles.ts';
import { catalogue } from '../../src-main/app/catalogue.ts';
import { createLocalHost } from '../../src-main/connections/hosts/local-host.ts';
import type { AlertRecord } from '../../src-main/domain/alerts/alert.ts';
import type { KeptAlerts } from '../../src-main/domain/alerts/alerts-state.ts';
import { capacityFactsOf } from '../../src-main/domain/capacity/capacity-facts.ts';
import type { HostRental } from '../../src-main/domain/capacity/capacity-settings.ts';
import { planShape } from '../../src-main/domain/capacity/plan-content.ts';
import type { LocalDay } from '../../src-main/domain/history/local-day.ts';
import { recapOf } from '../../src-main/domain/history/recap.ts';
import { recapCsv } from '../../src-main/domain/history/recap-csv.ts';
import type { HistoryRecord } from '../../src-main/domain/history/record.ts';
import { freshRoom, type RoomState, roomShape } from '../../src-main/domain/room/room-state.ts';
import { same } from '../../src-main/domain/same.ts';
import type {
  Histories,
  HostView,
  JobSummary,
  WorkshopChange,
  WorkshopMessage,
  WorkshopSnapshot,
} from '../../src-main/domain/workshop.ts';
import { createAlertsService } from '../../src-main/services/alerts.ts';
import { createCapacityService } from '../../src-main/services/capacity.ts';
import { createJobViews } from '../../src-main/services/job-views.ts';
import { createMachinesService } from '../../src-main/services/machines.ts';
import { createRemedies } from '../../src-main/services/remedies/remedies.ts';
import { createRoomService } from '../../src-main/services/room.ts';
import { startWebShell } from '../../src-main/shells/web/server.ts';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { buildRenderer, removeRenderer } from './build-renderer.ts';
import { FakeLogs } from './fake-logs.ts';
import { fakeSetup } from './fake-setup.ts';
import { scriptedMachines } from './scripted-machines.ts';
import { memoryDocument } from './shared-memory.ts';

const NEVER = 2 ** 30;

function inMemory<Value>() {
  let kept: Value | undefined;
  return {
    forget() {
      kept = undefined;
    },
    load: async () => kept,
    save: async (_: unknown, value: Value) => {
      kept = value;
    },
  };
}

import { FakeDeploy } from './fake-deploy.ts';

export interface FakeState {
  snapshot: WorkshopSnapshot;
  histories: Histories;
}

/** A call that the renderer made, in order. */
export interface Call {
  verb: string;
  input: unknown;
}

/**
 * The main side's services over a scripted workshop: what the renderer asks is recorded and carried out on the
 * scripted snapshot at once, so that a page shows the same desired state that the product would.
 */
export class FakeWorkshop implements Services {
  readonly calls: Call[] = [];
  /** Errors that the next calls of a verb throw, in order. */
  readonly failures = new Map<string, WorkshopError[]>();
  /** What the drawer of a job finds, by job id (previews by `${jobId}/${index}`). */
  readonly details = new Map<string, JobDetail>();
  readonly prompts = new Map<string, PromptText[]>();
  readonly previews = new Map<string, OutputPreview>();
  /** Jobs that Redis holds and no list reaches any more, by id. */
  readonly unlisted = new Map<string, JobSummary>();
  #cancelled = new Map<string, JobSummary>();
  #state: FakeState;
  #subscribers = new Set<(changes: WorkshopChange[]) => void>();

  constructor(state: FakeState) {
    this.#state = state;
    const fake = { id: null, address: 'fake' };
    void this.#plan.turnTo(fake);
    this.room.turnTo(fake);
    this.#turn();
  }

  /** Capacity and alerts begin anew with what is shown. */
  #turn(): void {
    const isSet = this.snapshot.name !== null;
    this.capacity.turnTo(isSet);
    this.alerts.turnTo(isSet ? { id: null, address: 'fake' } : null);
  }

  get snapshot(): WorkshopSnapshot {
    return this.#state.snapshot;
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** Replaces the whole workshop; every page gets a new snapshot. */
  show(state: FakeState): void {
    // What the host set for the room is not part of a scripted workshop.
    state.snapshot.room ??= this.#state.snapshot.room ?? null;
    this.#state = state;
    this.#push([{ kind: 'snapshot', ...state }]);
    this.#turn();
  }

  /** Sends changes and takes over into the snapshot what a page that comes later must know. */
  push(changes: WorkshopChange[]): void {
    for (const change of changes) {
      const { snapshot } = this.#state;
      if (change.kind === 'host') snapshot.hosts[change.host.id] = change.host;
      else if (change.kind === 'control') snapshot.control = change.control;
      else if (change.kind === 'links') snapshot.links = change.links;
      else if (change.kind === 'room') snapshot.room = change.room;
      else if (change.kind === 'waits') snapshot.waits = change.waits;
      else if (change.kind === 'later-waits') snapshot.laterWaits = change.laterWaits;
      else if (change.kind === 'alerts') snapshot.alerts = change.alerts;
      else if (change.kind === 'capacity') snapshot.capacity = change.capacity;
      else if (change.kind === 'console') snapshot.console = change.console;
      else if (change.kind === 'jobs') {
        for (const job of change.upsert) snapshot.jobs[job.id] = job;
        for (const id of change.remove) delete snapshot.jobs[id];
      } else if (change.kind === 'queue')
        Object.assign(snapshot, { queueAt: change.queueAt, counts: change.counts });
    }
    this.#push(changes);
  }

  /** The next state that is shown begins without alerts, rules and snoozes of those before. */
  forgetAlerts(): void {
    this.#keptAlerts.forget();
  }

  /** A cancelled job lies aside no more. */
  forget(jobId: string): void {
    this.#cancelled.delete(jobId);
  }

  fail(verb: string, error: WorkshopError): void {
    this.failures.set(verb, [...(this.failures.get(verb) ?? []), error]);
  }

  readonly watch = { watch: (signal: AbortSignal) => this.#watch(signal) };

  readonly deploy = new FakeDeploy();
  /** Whether it could be started; a test decides. */
  demoState: DemoView['state'] = 'absent';
  readonly demo: DemoService = {
    view: async () => ({ state: this.demoState }),
    start: async () => this.#called('demo.start', null),
    leave: async () => this.#called('demo.leave', null),
  };
  /** The setup's own services over machines that a test decides on. */
  readonly setup = fakeSetup();
  /** The product's own, over the machines of the setup. */
  readonly remedies = createRemedies({
    host: async (id) => {
      const { machines } = this.setup;
      const host = id === 'vps' ? machines.vps : machines.gpuHosts[id];
      if (host) return host;
      throw new WorkshopError('NOT_FOUND', 'There is no such machine.');
    },
    env: this.setup.envImport,
    outputs: () => null,
    mended: async ({ draftId }) => {
      if (draftId !== null) await this.setup.envImport.lookAgain(draftId);
    },
    teller: () => () => {},
  });

  readonly fleet: FleetService = {
    setCount: async ({ hostId, workers, revision }) => {
      this.#called('setCount', { hostId, workers, revision });
      return this.#desire(hostId, { workers });
    },
    drain: async ({ hostId, workerIds, revision }) => {
      this.#called('drain', { hostId, workerIds, revision });
      const host = this.#host(hostId);
      const ids = workerIds.length > 0 ? workerIds : (host.status?.workers.map(({ id }) => id) ?? []);
      return this.#desire(hostId, { drained: [...new Set([...(host.desired?.drained ?? []), ...ids])] });
    },
    resume: async ({ hostId, workerIds, revision }) => {
      this.#called('resume', { hostId, workerIds, revision });
      const drained = this.#host(hostId).desired?.drained ?? [];
      return this.#desire(hostId, {
        drained: workerIds.length === 0 ? [] : drained.filter((id) => !workerIds.includes(id)),
      });
    },
    restartWorker: async (input) => {
      this.#called('restartWorker', input);
      return { message: `${input.workerId} restarts after its job.` };
    },
    freeVram: async (input) => {
      this.#called('freeVram', input);
      return { message: `${input.workerId} unloads its models once it is idle.` };
    },
    holdQueue: async ({ held, revision }) => {
      this.#called('holdQueue', { held, revision });
      return this.#control({ held });
    },
    setMode: async ({ mode, revision }) => {
      this.#called('setMode', { mode, revision });
      return this.#control({ mode });
    },
  };

  readonly jobs: JobsService = {
    cancel: async (input) => {
      this.#called('cancel', input);
      if (this.snapshot.jobs[input.jobId]?.status === 'running') return { was: 'running' };
      this.#bulk([input.jobId], { kind: 'cancel' });
      return { was: 'pending' };
    },
    prioritise: async (input) => {
      this.#called('prioritise', input);
      this.#bulk([input.jobId], { kind: 'prioritise', priority: input.priority });
    },
    requeue: async (input) => this.#called('requeue', input),
    bulk: async ({ jobIds, act }) => {
      this.#called('bulk', { jobIds, act });
      return this.#bulk(jobIds, act);
    },
    find: async (input) => {
      this.#called('find', input);
      const job = this.snapshot.jobs[input.jobId] ?? this.unlisted.get(input.jobId);
      if (job) return { kind: 'job', job };
      return this.#cancelled.has(input.jobId) ? { kind: 'withdrawn', leftMs: 14 * 60_000 } : { kind: 'gone' };
    },
    detail: async (input) => {
      this.#called('detail', input);
      return this.details.get(input.jobId) ?? NO_DETAIL;
    },
    prompts: async (input) => {
      this.#called('prompts', input);
      return this.prompts.get(input.jobId) ?? [];
    },
    preview: async (input) => {
      this.#called('preview', input);
      return this.previews.get(`${input.jobId}/${input.index}`) ?? { kind: 'missing', late: 0 };
    },
    filePart: async (input) => {
      this.#called('filePart', input);
      const shown = this.previews.get(`${input.jobId}/${input.index}`);
      if (!shown || !('base64' in shown)) return { kind: 'missing', late: 0 };
      return { kind: 'part', size: shown.bytes, base64: shown.base64, next: null };
    },
  };

  readonly jobViews = createJobViews({
    store: { load: async () => ({ views: [], fault: null }), save: async () => {} },
  });

  readonly people: PeopleService = {
    hold: async (input) => {
      this.#called('hold', input);
      const others = (this.snapshot.control?.heldUsers ?? []).filter((user) => user !== input.userId);
      return this.#control({ heldUsers: input.held ? [...others, input.userId] : others });
    },
    nextTurn: async (input) => {
      this.#called('nextTurn', input);
      return this.#control({ nextTurn: input.userId });
    },
    cap: async (input) => {
      this.#called('cap', input);
      const caps = this.snapshot.control?.caps ?? { everybody: null, users: {} };
      if (input.userId === null) return this.#control({ caps: { ...caps, everybody: input.cap } });
      const { [input.userId]: _before, ...users } = caps.users;
      if (input.cap !== null) users[input.userId] = input.cap;
      return this.#control({ caps: { ...caps, users } });
    },
    lineCap: async (input) => {
      this.#called('lineCap', input);
      const caps = this.snapshot.control?.lineCaps ?? { everybody: null, users: {} };
      if (input.userId === null) return this.#control({ lineCaps: { ...caps, everybody: input.cap } });
      const { [input.userId]: _before, ...users } = caps.users;
      if (input.cap !== null) users[input.userId] = input.cap;
      return this.#control({ lineCaps: { ...caps, users } });
    },
    cancelWaiting: async (input) => {
      this.#called('cancelWaiting', input);
      const waiting = Object.values(this.snapshot.jobs).filter(
        (job) => job.userId === input.userId && job.queue === 'pending',
      );
      return this.#bulk(
        waiting.map(({ id }) => id),
        { kind: 'cancel' },
      );
    },
  };

  readonly settings: SettingsService = {
    connect: async (input) =>
      this.#called('connect', { ...input, password: input.password === null ? null : '…' }),
    disconnect: async () => this.#called('disconnect', null),
    reconnectNow: async () => this.#called('reconnectNow', null),
    enterPassword: async ({ keep }) => this.#called('enterPassword', { keep }),
  };

  readonly network: NetworkService = { changed: async () => this.#called('network', null) };

  readonly consoleName: ConsoleNameService = {
    rename: async (input) => {
      this.#called('rename', input);
      const usual = 'this console';
      this.push([{ kind: 'console', console: { name: input.name ?? usual, usual } }]);
    },
  };

  /** What was kept of past days; a test puts it here. */
  readonly kept = new Map<LocalDay, HistoryRecord[]>();
  historyState: HistoryState = { savedUntil: null, keeps: 'all', fault: null };

  readonly history: HistoryService = {
    state: () => this.historyState,
    days: async () =>
      [...this.kept].map(([day, records]) => ({ day, bytes: JSON.stringify(records).length })),
    recap: async ({ day }) => this.#recap(day),
    table: async ({ day, table }) => ({
      fileName: `workshop-${day}-${table}.csv`,
      text: recapCsv(this.#recap(day), this.kept.get(day) ?? [], table),
    }),
  };

  #recap(day: LocalDay) {
    const nicknames = this.snapshot.room?.nicknames ?? {};
    const nameOf = (id: string) => nicknames[id] ?? id;
    return recapOf(day, this.kept.get(day) ?? [], {
      ...{ nameOf, rentals: this.rentals, running: [], hostOf: () => null, now: Date.now() },
    });
  }

  rentals: HostRental[] = [];

  /** The product's own, over this workshop; what it keeps lives as long as this object. */
  readonly room = createRoomService({
    shared: memoryDocument(roomShape, () => this.room.sharedChanged()),
    own: inMemory(),
    display: { load: async () => null, save: async () => {} },
    watch: this.watch,
    people: () => this.#people(),
    now: () => this.snapshot,
    // A room that a test wrote into the snapshot stays until something is set.
    publish: (room) => {
      if (room === null || (!this.#roomWasSet && isFresh(room))) return;
      this.#roomWasSet = true;
      this.push([{ kind: 'room', room }]);
    },
    note: async () => {},
  });
  #roomWasSet = false;

  /** By the profile that a test keeps in the setup. */
  #people(): string {
    const { currentId, workshops } = this.setup.view;
    return workshops.find(({ profile }) => profile.id === currentId)?.profile.wording.people ?? 'people';
  }

  readonly #plan = memoryDocument(planShape, () => {
    this.capacity.planChanged();
    this.alerts.look();
  });

  /** Links to machines whose states a test decides on. */
  readonly machineLinks = scriptedMachines();
  readonly machines = createMachinesService({
    open: this.machineLinks.open,
    local: createLocalHost(),
    secrets: { available: false, get: async () => undefined, set: async () => {}, remove: async () => {} },
    publish: (machines) => this.push([{ kind: 'machines', machines }]),
  });

  readonly envImport = this.setup.envImport;
  readonly workshops = this.setup.workshops;
  /** The product's own over this workshop, kept in memory; it looks when told to, or when a state is shown. */
  readonly capacity = createCapacityService({
    catalogue,
    plan: this.#plan,
    now: () => this.snapshot,
    publish: (capacity) => this.push([{ kind: 'capacity', capacity }]),
    everyMs: NEVER,
  });

  #keptAlerts = inMemory<KeptAlerts>();
  /** As `capacity`; each look happens when a test says so, so that nothing depends on how fast it runs. */
  readonly alerts = createAlertsService({
    store: this.#keptAlerts,
    plan: this.#plan,
    note: async () => {},
    log: { add: (_, records) => void this.#records.unshift(...records), read: async () => this.#records },
    now: () => this.snapshot,
    capacity: capacityFactsOf(() => this.capacity.state()),
    notKept: () => this.historyState.fault?.message ?? null,
    publish: (alerts) => this.push([{ kind: 'alerts', alerts }]),
    everyMs: NEVER,
  });
  #records: AlertRecord[] = [];

  /** The logs of one machine, which a test writes. */
  readonly logs = new FakeLogs();

  #called(verb: string, input: unknown): void {
    this.calls.push({ verb, input });
    const error = this.failures.get(verb)?.shift();
    if (error) throw error;
  }

  #host(hostId: string): HostView {
    const host = this.snapshot.hosts[hostId];
    if (!host) throw new WorkshopError('NOT_FOUND', `There is no host ${hostId}.`);
    return host;
  }

  #desire(hostId: string, change: { workers?: number; drained?: string[] }) {
    const host = this.#host(hostId);
    const before = {
      workers: host.desired?.workers ?? host.status?.workers.length ?? 0,
      drained: host.desired?.drained ?? [],
    };
    const wanted = { ...before, ...change };
    const revision = (host.desired?.revision ?? 0) + 1;
    const desired = { protocol: 1, revision, at: Date.now(), by: 'this console', ...wanted };
    this.push([{ kind: 'host', host: { ...host, desired } }]);
    return { hostId, revision, before, wanted };
  }

  #bulk(jobIds: readonly string[], act: BulkAct) {
    const remove: string[] = [];
    const upsert: JobSummary[] = [];
    for (const id of jobIds) {
      const job = this.snapshot.jobs[id] ?? this.#cancelled.get(id);
      if (!job) continue;
      if (act.kind === 'cancel') {
        this.#cancelled.set(id, job);
        remove.push(id);
      } else if (act.kind === 'reinstate') upsert.push(job);
      else if (act.kind === 'prioritise') upsert.push({ ...job, priority: act.priority });
      else if (act.kind === 'interrupt') upsert.push({ ...job, status: 'cancelled' });
      else upsert.push({ ...job, status: 'pending', queue: 'pending', error: null, completedAt: null });
    }
    this.push([{ kind: 'jobs', upsert, remove }]);
    const done = [...remove, ...upsert.map(({ id }) => id)];
    return { done, refused: jobIds.length - done.length, why: [] };
  }

  #control(change: Partial<WorkshopControl>) {
    const old = this.snapshot.control;
    const control: WorkshopControl = {
      protocol: 1,
      at: Date.now(),
      by: 'this console',
      held: old?.held ?? false,
      mode: old?.mode ?? null,
      heldUsers: old?.heldUsers ?? [],
      nextTurn: old?.nextTurn ?? null,
      caps: old?.caps ?? null,
      lineCaps: old?.lineCaps ?? null,
      ...change,
      revision: (old?.revision ?? 0) + 1,
    };
    this.push([{ kind: 'control', control }]);
    return { revision: control.revision };
  }

  #push(changes: WorkshopChange[]): void {
    for (const subscriber of this.#subscribers) subscriber(changes);
  }

  async *#watch(signal: AbortSignal): AsyncIterable<WorkshopMessage> {
    const waiting: WorkshopChange[][] = [[{ kind: 'snapshot', ...this.#state }]];
    let wake: (() => void) | undefined;
    const subscriber = (changes: WorkshopChange[]) => {
      waiting.push(changes);
      wake?.();
    };
    const stop = () => wake?.();
    this.#subscribers.add(subscriber);
    signal.addEventListener('abort', stop);
    let seq = 1;
    try {
      while (!signal.aborted) {
        const changes = waiting.shift();
        if (changes) yield { seq: seq++, changes };
        else await new Promise<void>((done) => (wake = done));
      }
    } finally {
      this.#subscribers.delete(subscriber);
      signal.removeEventListener('abort', stop);
    }
  }
}

const isFresh = ({ shared: _, ...room }: RoomState) =>
  same({ ...room, shared: freshRoom().shared }, freshRoom());

const NO_WAY = {
  kind: 'no-way',
  why: 'The agent on h100 does not tell where its files are.',
  remedy: 'Upgrade it on Hosts, then open this job anew.',
} as const;

const NO_DETAIL: JobDetail = {
  ...{ error: null, attempt: null, hostId: null, givenBack: null, nodeTypes: [], models: [], sizes: [] },
  ...{ warnings: [], outputs: [], moreOutputs: 0, executionSeconds: null, outputsFrom: NO_WAY },
};

type WorkshopControl = NonNullable<WorkshopSnapshot['control']>;

/** Serves a fake workshop to a real browser, through the product's own web shell and router. */
export async function serveFakeWorkshop(state: FakeState): Promise<{
  workshop: FakeWorkshop;
  /** Opens the console once; each call makes a new link. */
  link(): string;
  /** Opens the room view, as often as wanted. */
  roomLink(): string;
  close(): Promise<void>;
}> {
  const rendererDir = await buildRenderer();
  const workshop = new FakeWorkshop(state);
  const shell = await startWebShell({ services: workshop, rendererDir });
  return {
    workshop,
    link: () => shell.link(),
    roomLink: () => shell.roomLink(),
    async close() {
      await shell.close();
      await removeRenderer(rendererDir);
    },
  };
}
