import { hostname, userInfo } from 'node:os';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { Services } from '../api/roles.ts';
import { demoSource } from '../connections/demo-process.ts';
import { createHostLinks } from '../connections/hosts/host-links.ts';
import { createLocalHost } from '../connections/hosts/local-host.ts';
import { outputFolder } from '../connections/hosts/output-folder.ts';
import { alertLog } from '../connections/store/alert-log.ts';
import { byWorkshopFile } from '../connections/store/by-workshop-file.ts';
import { consoleFile } from '../connections/store/console-file.ts';
import { openHistoryLog } from '../connections/store/history-log.ts';
import { jobViewsFile } from '../connections/store/job-views-file.ts';
import { machineSecrets } from '../connections/store/machine-secrets.ts';
import { displayFile, firstRoom } from '../connections/store/room-file.ts';
import { type SecretStore, secretsInMemoryOnly, settingsFile } from '../connections/store/settings-file.ts';
import { keptAlertsSchema } from '../domain/alerts/alerts-state.ts';
import { capacityFactsOf } from '../domain/capacity/capacity-facts.ts';
import { capacitySettingsSchema } from '../domain/capacity/capacity-settings.ts';
import { planContentSchema, planShape, planShapeFor } from '../domain/capacity/plan-content.ts';
import { VPS } from '../domain/hosts/machine-view.ts';
import { outsideLink } from '../domain/outside-link.ts';
import { ownRoomSchema, roomContentSchema, roomShape } from '../domain/room/room-state.ts';
import { keptSharedSchema } from '../domain/shared/shared-document.ts';
import type { WorkshopProfile } from '../domain/workshops/profile.ts';
import { createAlertsService } from '../services/alerts.ts';
import { createCapacityService } from '../services/capacity.ts';
import { createConsoleName } from '../services/console-name.ts';
import { createDemo } from '../services/demo.ts';
import { createFleetService } from '../services/fleet.ts';
import { createGpusOverSsh } from '../services/gpus-over-ssh.ts';
import { createHistoryService } from '../services/history.ts';
import { createJobViews } from '../services/job-views.ts';
import { createJobsService } from '../services/jobs.ts';
import { createLogsService } from '../services/logs/logs-service.ts';
import { createMachinesService } from '../services/machines.ts';
import { createOutputPlaces } from '../services/output-places.ts';
import { createPeopleService } from '../services/people.ts';
import type { CurrentWorkshop } from '../services/roles.ts';
import { createRoomService } from '../services/room.ts';
import { createSettingsService, type WorkshopSettings } from '../services/settings.ts';
import { createSharedDocument } from '../services/shared-document.ts';
import { createTailnets } from '../services/tailnets.ts';
import { tellJobs } from '../services/told-jobs.ts';
import { createWorkshopWatch } from '../services/watch-workshop.ts';
import { createWorkshopsService } from '../services/workshops.ts';
import { catalogue } from './catalogue.ts';
import { readEnvironment } from './environment.ts';
import { fileMachines } from './file-machines.ts';
import { LOG_ROOTS, logMachines } from './log-machines.ts';
import { composeMachineWork } from './machine-work.ts';
import { machinesOf } from './machines.ts';
import { openRedisWorkshop } from './redis-workshop.ts';
import { waysOf } from './ways.ts';

export interface ConsoleOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** Where the settings live unless WORKSHOP_CONSOLE_DIR says otherwise. */
  dir: string;
  secrets: SecretStore;
  /** Where the agent that is deployed may lie, with its units and Dockerfile. */
  agentFolders: readonly string[];
  /** The project's sources, which the demo is started from where they are. */
  sources?: string;
}

/** Main without a shell: what both of them serve. */
export interface Console {
  services: Services;
  /** A sentence about settings that could not be read; null for none. It stands in the snapshot as well. */
  notice: string | null;
  /** This computer woke up, or its network changed: every link is proved, and one that is lost is dialled at once. */
  wake(): void;
  /** Idempotent. Resolves when all that was seen is on the disk. */
  close(): Promise<void>;
}

/**
 * Builds the console by hand and opens the workshop that was set up before.
 * @throws WorkshopError CONFIG when environment or settings folder cannot be used.
 */
export async function composeConsole(options: ConsoleOptions): Promise<Console> {
  const environment = readEnvironment(options.env);

  const watch = createWorkshopWatch((fact) => {
    if (fact.kind === 'room') sharedRoom.take(fact.found);
    else if (fact.kind === 'plan') plan.take(fact.found);
  });
  const dir = environment.dir ?? options.dir;
  const ownFile = consoleFile(dir);
  const consoleName = createConsoleName({
    usual: `${userInfo().username}@${hostname()}`,
    store: ownFile,
    publish: watch.console,
  });
  const tellOthers = async (message: string) => {
    const about = { jobId: null, userId: null, workerId: null };
    await workshop().control.note({ kind: 'host-act', by: consoleName.name(), ...about, message });
  };
  const sharedRoom = createSharedDocument({
    shape: roomShape,
    kept: byWorkshopFile(dir, 'room-shared.json', keptSharedSchema(roomContentSchema)),
    before: async ({ address }) => (await firstRoom(dir, address))?.content,
    store: () => workshop().shared.room,
    by: consoleName.name,
    note: tellOthers,
    changed: () => room.sharedChanged(),
  });
  const ownRooms = byWorkshopFile(dir, 'room-own.json', ownRoomSchema);
  const peopleWord = () => followed?.wording.people ?? 'people';
  const room = createRoomService({
    shared: sharedRoom,
    own: {
      ...ownRooms,
      load: async (key) => (await ownRooms.load(key)) ?? (await firstRoom(dir, key.address))?.own,
    },
    display: displayFile(dir),
    watch,
    people: peopleWord,
    now: () => watch.now,
    publish: watch.room,
    note: tellOthers,
  });
  const keptAlerts = byWorkshopFile(dir, 'alerts.json', keptAlertsSchema);
  const firstCapacity = byWorkshopFile(dir, 'capacity.json', capacitySettingsSchema);
  const plan = createSharedDocument({
    shape: planShapeFor(peopleWord),
    kept: byWorkshopFile(dir, 'plan-shared.json', keptSharedSchema(planContentSchema)),
    before: async (key) => ({
      ...planShape.fresh(),
      ...(await firstCapacity.load(key)),
      rules: (await keptAlerts.load(key))?.settings.rules ?? {},
    }),
    store: () => workshop().shared.plan,
    by: consoleName.name,
    note: tellOthers,
    changed() {
      capacity.planChanged();
      alerts.look();
    },
  });
  const gpusOverSsh = createGpusOverSsh({
    host: (id) => machines.host(id),
    now: () => watch.now,
    capacity: () => capacity.state(),
    workshopGuardMiB: () => followed?.guardMiB ?? null,
    publish: (views) => tailnets.machines(views),
  });
  const tailnets = createTailnets({
    host: (id) => machines.host(id),
    // Without this the app on macOS would open its window instead of answering.
    local: createLocalHost({ env: { ...options.env, TAILSCALE_BE_CLI: '1' } }),
    platform: process.platform,
    ways: () => waysOf(settings.opened() ?? tried, followed),
    now: () => watch.now,
    publish: watch.machines,
    publishOwn: watch.tailnet,
  });
  const links = createHostLinks({ onWake: () => wakeOthers() });
  const wakeOthers = () => {
    settings.wake();
    tailnets.wake();
  };
  const wake = () => {
    links.wake();
    wakeOthers();
  };
  const machines = createMachinesService({
    open: links.open,
    local: createLocalHost(),
    secrets: machineSecrets(dir, options.secrets),
    publish: (views) => gpusOverSsh.machines(views),
    opened(id) {
      if (id === VPS && settings.opened()?.through === 'vps') settings.wake();
    },
  });
  const store = settingsFile(dir, options.secrets, () => void followMachines());
  const capacity = createCapacityService({
    catalogue,
    people: peopleWord,
    workshopGuardMiB: () => followed?.guardMiB ?? null,
    plan,
    now: () => watch.now,
    publish: watch.capacity,
  });
  const alerts = createAlertsService({
    store: keptAlerts,
    plan,
    note: tellOthers,
    log: alertLog(dir),
    now: () => watch.now,
    capacity: capacityFactsOf(capacity.state),
    notKept() {
      const { fault } = history.state();
      return fault && [fault.message, fault.remedy].filter(Boolean).join(' ');
    },
    publish: watch.alerts,
  });
  /** A Redis that is tried before there is a workshop. */
  let tried: WorkshopSettings | undefined;
  /** All that were used while this process lives; no log may show one. */
  const passwords = new Set<string>();
  const settings = createSettingsService({
    store,
    open(chosen) {
      if (chosen.password !== null) passwords.add(chosen.password);
      tried = chosen;
      return openRedisWorkshop(chosen, (host, port) => machines.forward(VPS, host, port));
    },
    onChange(current, by) {
      tried = undefined;
      demo.turned(by);
      void followMachines();
      logs.forget();
      watch.turnTo(current);
      const id = demo.isOpen() ? 'demo' : environment.preset ? null : store.currentId();
      const key = current ? { id, address: current.redisAddress } : null;
      void plan.turnTo(key);
      room.turnTo(key);
      capacity.turnTo(key !== null);
      alerts.turnTo(key);
    },
    preset: environment.preset,
    mayKeep: () => !demo.isOpen(),
  });
  const demo = createDemo({
    source: options.sources === undefined ? undefined : demoSource(options.sources),
    opened: settings.opened,
    use: settings.use,
  });
  const workshop = (): CurrentWorkshop => {
    const current = settings.current();
    if (current) return current;
    throw new WorkshopError('WRONG_STATE', 'No workshop is set up yet.', {
      remedy: 'Enter the Redis address of the workshop first.',
    });
  };
  const acting = { control: () => workshop().control, now: () => watch.now, by: consoleName.name };
  const fleet = createFleetService(acting);
  const jobs = tellJobs({
    jobs: createJobsService({
      queue: () => workshop().queue,
      lookup: () => workshop().lookup,
      places: createOutputPlaces({
        hosts: () => watch.now.hosts,
        ...fileMachines(
          () => followed,
          () => hosts,
        ),
        folder: outputFolder,
        own: environment.outputs ? { path: environment.outputs, open: async () => createLocalHost() } : null,
      }),
    }),
    job: (jobId) => watch.now.jobs[jobId],
    note: async (event) => workshop().control.note({ ...event, by: consoleName.name() }),
  });
  const people = createPeopleService({ ...acting, jobs });

  const profile = async () => {
    // What the saved workshop's machines are is not to be acted on from the demo.
    if (demo.isOpen()) return null;
    const { currentId, workshops } = await store.view();
    return workshops.find((one) => one.profile.id === currentId)?.profile ?? null;
  };
  // A console that was given its Redis from outside watches no saved workshop.
  let followed: WorkshopProfile | null = null;
  const followMachines = async () => {
    followed = environment.preset ? null : await profile();
    machines.follow(followed);
  };
  const hosts = machinesOf(profile, ({ id }) => machines.host(id));
  const { envImport, deploy, remedies } = composeMachineWork({
    ...{ env: options.env, dir, hosts, profile },
    agentFolders: [...environment.agentFolders, ...options.agentFolders],
    nodeMirror: environment.nodeMirror,
    inDemo: demo.isOpen,
    workshop: settings.current,
    opened: settings.opened,
    now: () => watch.now,
    by: consoleName.name,
    consoleId: await ownFile.id(),
    wake: wakeOthers,
  });
  const workshops = createWorkshopsService({
    store,
    use: settings.use,
    connect: settings.connect,
    linkOf: envImport.link,
  });
  const logs = createLogsService({
    machines: logMachines(profile, hosts.gpuHost),
    roots: LOG_ROOTS,
    secrets: async () => [...passwords],
  });
  const history = createHistoryService({
    watch,
    snapshot: () => watch.now,
    open: (address) => openHistoryLog(dir, address),
  });

  history.start();
  await followMachines();
  await consoleName.start();
  await room.start();
  const notice = await settings.start();
  watch.notice(notice);
  return {
    services: {
      watch,
      fleet,
      jobs,
      jobViews: createJobViews({ store: jobViewsFile(dir) }),
      people,
      // Forgetting it is leaving it: the saved workshop behind it stays.
      settings: { ...settings, disconnect: () => (demo.isOpen() ? demo.leave() : settings.disconnect()) },
      room,
      envImport,
      workshops: {
        ...workshops,
        view: async () => ({ ...(await workshops.view()), ...(demo.isOpen() && { currentId: null }) }),
      },
      machines,
      alerts,
      capacity,
      history,
      logs,
      consoleName,
      deploy,
      demo,
      remedies,
      network: { changed: async () => wake() },
    },
    notice,
    wake,
    async close() {
      await demo.close();
      deploy.close();
      logs.forget();
      alerts.close();
      capacity.close();
      plan.close();
      sharedRoom.close();
      watch.close();
      settings.close();
      gpusOverSsh.close();
      tailnets.close();
      machines.close();
      links.close();
      await history.close();
    },
  };
}

export { outsideLink, type SecretStore, secretsInMemoryOnly };
