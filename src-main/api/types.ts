/** The renderer's only door into main: types, nothing that runs. */

export type { DesiredState, QueueControl, QueueMode } from '../../worker-agent/src/contract/desired.ts';
export type { ErrorInfo } from '../../worker-agent/src/contract/errors.ts';
export type { AgentEvent } from '../../worker-agent/src/contract/event.ts';
export type { WorkerState, WorkerStatus } from '../../worker-agent/src/contract/host.ts';
export type { Gpu, JobProgress } from '../../worker-agent/src/contract/telemetry.ts';
export type { Alert, AlertAction, AlertRecord } from '../domain/alerts/alert.ts';
export type { AlertsState } from '../domain/alerts/alerts-state.ts';
export type { RuleInForce } from '../domain/alerts/rules.ts';
export type { CapacitySettings, Rental } from '../domain/capacity/capacity-settings.ts';
export type {
  CapacityState,
  FitOfCount,
  HostCapacity,
  HostMeter,
  RentalMeter,
  WorkerAdvice,
} from '../domain/capacity/capacity-state.ts';
export type { Catalogue } from '../domain/capacity/catalogue.ts';
export type * from '../domain/deploy/deploy-view.ts';
export type { ImportDraft, ImportReceipt } from '../domain/env-file/import-draft.ts';
export type { RedisProof } from '../domain/env-file/redis-proof.ts';
export type { LocalDay } from '../domain/history/local-day.ts';
export type { Recap, RecapAct, RecapHour } from '../domain/history/recap.ts';
export type { RecapCost } from '../domain/history/recap-cost.ts';
export type { RecapTable } from '../domain/history/recap-csv.ts';
export type { HostQuestion } from '../domain/hosts/host-link.ts';
export type { MachineView } from '../domain/hosts/machine-view.ts';
export type { OwnTailnet, TailnetState, TailnetView } from '../domain/hosts/tailnet.ts';
export type { JobView, JobViews } from '../domain/job-view.ts';
export type {
  LogLevel,
  LogLine,
  LogMachine,
  LogMessage,
  LogSource,
  TailState,
} from '../domain/logs/log-line.ts';
export type { RemedyId, RemedyOffer, RemedyPlan, RemedyResult } from '../domain/remedies/remedy.ts';
export type { RoomKind, RoomMaking } from '../domain/room/room-making.ts';
export type { RoomPerson, RoomTurn } from '../domain/room/room-people.ts';
export type { RoomState } from '../domain/room/room-state.ts';
export type { RoomView } from '../domain/room/room-view.ts';
export type * from '../domain/workshop.ts';
export type {
  GpuHostProfile,
  MachineLogin,
  WorkshopListing,
  WorkshopProfile,
  WorkshopsView,
} from '../domain/workshops/profile.ts';
export type { FleetReceipt } from './roles/fleet.ts';
export type { HistoryState, Printed } from './roles/history.ts';
export type {
  BulkAct,
  BulkReceipt,
  FilePart,
  JobDetail,
  OutputPreview,
  OutputsFrom,
  PromptText,
} from './roles/jobs.ts';
export type { NicknamesReceipt, RoomOpened, RoomPlaces } from './roles/room.ts';
export type { AdoptReceipt, DemoView, RedisSettings } from './roles/workshops.ts';
export type { RoomRouter } from './room-router.ts';
export type { AppRouter } from './router.ts';
