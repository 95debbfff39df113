import type { WorkshopMessage } from '../domain/workshop.ts';
import type { AlertsService } from './roles/alerts.ts';
import type { CapacityService } from './roles/capacity.ts';
import type { FleetService } from './roles/fleet.ts';
import type { HistoryService } from './roles/history.ts';
import type { JobsService, JobViewsService } from './roles/jobs.ts';
import type {
  DeployService,
  LogsService,
  MachinesService,
  NetworkService,
  RemediesService,
} from './roles/machines.ts';
import type { PeopleService } from './roles/people.ts';
import type { RoomService } from './roles/room.ts';
import type { DemoService, EnvImportService, SettingsService, WorkshopsService } from './roles/workshops.ts';

/** What the router needs of the services; they are handed in by app/compose.ts. */

/** The live workshop: first a snapshot, then changes. Ends when `signal` aborts. */
export interface WatchService {
  /** `backlogBytes` tells how much the subscriber has not taken yet; a slow one gets a new snapshot later. */
  watch(signal: AbortSignal, backlogBytes?: () => number): AsyncIterable<WorkshopMessage>;
}

/** What other consoles of the workshop call this one. */
export interface ConsoleNameService {
  /** null takes the usual one. @throws WorkshopError BAD_INPUT when nothing of it can be shown, CONFIG when it cannot be kept. */
  rename(input: { name: string | null }): Promise<void>;
}

export interface Services {
  demo: DemoService;
  remedies: RemediesService;
  consoleName: ConsoleNameService;
  alerts: AlertsService;
  capacity: CapacityService;
  deploy: DeployService;
  watch: WatchService;
  fleet: FleetService;
  jobs: JobsService;
  jobViews: JobViewsService;
  people: PeopleService;
  settings: SettingsService;
  room: RoomService;
  envImport: EnvImportService;
  workshops: WorkshopsService;
  history: HistoryService;
  machines: MachinesService;
  logs: LogsService;
  network: NetworkService;
}
