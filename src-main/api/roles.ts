import type { QueueMode } from '../../worker-agent/src/contract/desired.ts';
import type { ErrorInfo } from '../../worker-agent/src/contract/errors.ts';
import type { Priority } from '../../worker-agent/src/contract/job.ts';
import type { AlertRecord } from '../domain/alerts/alert.ts';
import type { RuleId, RuleInForce } from '../domain/alerts/rules.ts';
import type { CapacitySettings } from '../domain/capacity/capacity-settings.ts';
import type { Catalogue } from '../domain/capacity/catalogue.ts';
import type { DeployChoices } from '../domain/deploy/agent-settings.ts';
import type { DeployAct, DeployView, StepId } from '../domain/deploy/deploy-view.ts';
import type { ImportDraft, ImportReceipt } from '../domain/env-file/import-draft.ts';
import type { RedisProof } from '../domain/env-file/redis-proof.ts';
import type { LocalDay } from '../domain/history/local-day.ts';
import type { Recap } from '../domain/history/recap.ts';
import type { RecapTable } from '../domain/history/recap-csv.ts';
import type { JobView, JobViews } from '../domain/job-view.ts';
import type { LogMachine, LogMessage, LogSource } from '../domain/logs/log-line.ts';
import type { RemedyId, RemedyPlan, RemedyResult } from '../domain/remedies/remedy.ts';
import type { RoomView } from '../domain/room/room-view.ts';
import type { FoundJob, WorkshopMessage } from '../domain/workshop.ts';
import type { WorkshopProfile, WorkshopsView } from '../domain/workshops/profile.ts';

/** What the router needs of the services; they are handed in by app/compose.ts. */

/** The live workshop: first a snapshot, then changes. Ends when `signal` aborts. */
export interface WatchService {
  /** `backlogBytes` tells how much the subscriber has not taken yet; a slow one gets a new snapshot later. */
  watch(signal: AbortSignal, backlogBytes?: () => number): AsyncIterable<WorkshopMessage>;
}

/** Where a click left the fleet: what is wanted now. Effects are seen as desired versus observed. */
export interface FleetReceipt {
  hostId: string;
  revision: number;
  /** What was wanted before, for undo. */
  before: { workers: number; drained: string[] };
  wanted: { workers: number; drained: string[] };
}

/** `revision` is the one the person saw; null = none yet. A different one in Redis gives CONFLICT. */
export interface FleetService {
  setCount(input: { hostId: string; workers: number; revision: number | null }): Promise<FleetReceipt>;
  /** `workerIds` empty means every worker of the host. */
  drain(input: { hostId: string; workerIds: string[]; revision: number | null }): Promise<FleetReceipt>;
  resume(input: { hostId: string; workerIds: string[]; revision: number | null }): Promise<FleetReceipt>;
  restartWorker(input: { hostId: string; workerId: string }): Promise<{ message: string }>;
  freeVram(input: { hostId: string; workerId: string }): Promise<{ message: string }>;
  holdQueue(input: { held: boolean; revision: number | null }): Promise<{ revision: number }>;
  setMode(input: { mode: QueueMode | null; revision: number | null }): Promise<{ revision: number }>;
}

export interface JobsService {
  /** Removes a waiting job, or asks the worker of a running one to stop. */
  cancel(input: { jobId: string }): Promise<{ was: 'pending' | 'running' }>;
  prioritise(input: { jobId: string; priority: Priority }): Promise<void>;
  requeue(input: { jobId: string }): Promise<void>;
  /** One act on many jobs; what refuses does not stop the others. */
  bulk(input: { jobIds: string[]; act: BulkAct }): Promise<BulkReceipt>;
  /** Any job that Redis holds, also one that the lists no longer reach. */
  find(input: { jobId: string }): Promise<FoundJob>;
  detail(input: { jobId: string }): Promise<JobDetail>;
  /** What the participant wrote: only asked for when somebody opens it. */
  prompts(input: { jobId: string }): Promise<PromptText[]>;
  /** One of the files that `detail` lists, by its place there: nobody names a path. */
  preview(input: { jobId: string; index: number }): Promise<OutputPreview>;
  /** A piece of such a file from byte `from` on, for saving it. */
  filePart(input: { jobId: string; index: number; from: number }): Promise<FilePart>;
}

/** `cancel` removes the waiting and leaves what runs; `interrupt` stops the running; `reinstate` takes `cancel` back. */
export type BulkAct =
  | { kind: 'cancel' }
  | { kind: 'interrupt' }
  | { kind: 'requeue' }
  | { kind: 'reinstate' }
  | { kind: 'prioritise'; priority: Priority };

export interface BulkReceipt {
  done: string[];
  refused: number;
  /** Why, for the first few of them. */
  why: string[];
}

/** What the drawer of a job shows beyond the row. Dates are epoch ms of Redis. */
export interface JobDetail {
  /** The whole error, at most 10,000 characters. */
  error: string | null;
  attempt: number | null;
  hostId: string | null;
  /** Why it went back to its place the last time. */
  givenBack: string | null;
  nodeTypes: string[];
  models: string[];
  /** e.g. "width=1024". */
  sizes: string[];
  warnings: string[];
  outputs: OutputFile[];
  /** Files beyond those listed. */
  moreOutputs: number;
  executionSeconds: number | null;
  outputsFrom: OutputsFrom;
}

/** Where a job's files are fetched from; `machineId` as in `MachineView`, null for this computer. */
export type OutputsFrom =
  | { kind: 'there'; label: string; machineId: string | null }
  | { kind: 'no-way'; why: string; remedy: string };

export interface OutputFile {
  name: string;
  /** As its name tells; what it really is shows when it is fetched. */
  media: 'image' | 'video' | 'audio' | 'other';
  nodeId: string;
  /** A preview that is not kept with the outputs. */
  temporary: boolean;
}

export interface PromptText {
  nodeId: string;
  nodeType: string;
  input: string;
  text: string;
}

export type OutputPreview =
  | { kind: 'image' | 'video'; mime: string; base64: string; bytes: number }
  | { kind: 'too-large'; bytes: number; most: number }
  /** Neither an image nor a video that a browser shows, whatever its name says. */
  | { kind: 'no-picture'; bytes: number }
  | NoFile;

/** `late`: files of the host that made it which are still on their way to the VPS. */
export type NoFile = { kind: 'missing'; late: number } | { kind: 'no-way'; why: string; remedy: string };

export type FilePart =
  /** `next`: where the next piece begins; null at the end. */
  | { kind: 'part'; size: number; base64: string; next: number | null }
  | { kind: 'too-large'; bytes: number; most: number }
  | NoFile;

/** What holds for single people. Each act changes only what it names, so two hosts do not collide by chance. */
export interface PeopleService {
  hold(input: { userId: string; held: boolean }): Promise<{ revision: number }>;
  /** `was`: whose turn the person who clicked saw; another one by now gives CONFLICT. */
  nextTurn(input: { userId: string | null; was: string | null }): Promise<{ revision: number }>;
  /** `userId` null: everybody's. `was` as above. */
  cap(input: {
    userId: string | null;
    cap: number | null;
    was: number | null;
  }): Promise<{ revision: number }>;
  /** How many of their waiting jobs stand in line; as `cap`. */
  lineCap(input: {
    userId: string | null;
    cap: number | null;
    was: number | null;
  }): Promise<{ revision: number }>;
  /** All waiting jobs of one person; what runs goes on. */
  cancelWaiting(input: { userId: string }): Promise<BulkReceipt>;
}

/** First run and link settings. Secrets go in, never out. */
export interface SettingsService {
  connect(input: RedisSettings & { name: string }): Promise<void>;
  /** Forgets the link and returns to the first-run state. */
  disconnect(): Promise<void>;
  reconnectNow(): Promise<void>;
  /**
   * Another password for the Redis that is watched; it takes the old one's place only once Redis has taken it.
   * @param input.keep also beyond this process, where this computer has a place for it.
   * @throws WorkshopError REDIS_AUTH for a wrong one, REDIS_UNREACHABLE when it could not be tried, WRONG_STATE before a
   * workshop is set up, CONFLICT when the console was turned to another one meanwhile.
   */
  enterPassword(input: { password: string; keep: boolean }): Promise<void>;
}

export interface RedisSettings {
  /** `vps`: over the SSH link of the VPS. Absent means direct. */
  through?: 'direct' | 'vps' | undefined;
  host: string;
  port: number;
  password: string | null;
  tls: boolean;
}

/** What came of an import of nicknames. */
export interface NicknamesReceipt {
  /** Users that have a nickname from this list now. */
  set: number;
  /** What was left out or looks odd, a sentence each. */
  problems: string[];
}

/**
 * What the room sees. Message, break, address, join card and nicknames are shared by all consoles of a workshop;
 * freezing and blanking are about this console's own projector.
 * All setters @throw WorkshopError WRONG_STATE before a workshop is set up, CONFIG when they cannot be kept, and those
 * of what is shared CONFLICT when another host changed the same meanwhile.
 */
export interface RoomService {
  /** The room's picture: at once, then whenever it changes, at most a few times a second. */
  view(signal: AbortSignal, backlogBytes?: () => number): AsyncIterable<RoomView>;
  setMessage(input: { message: string }): Promise<void>;
  /** `until`: local epoch ms; null ends the break. */
  setBreak(input: { until: number | null }): Promise<void>;
  setFrozen(input: { frozen: boolean }): Promise<void>;
  setBlank(input: { blank: boolean }): Promise<void>;
  /** Dark on white, for a bright room. */
  setLight(input: { light: boolean }): Promise<void>;
  setUrl(input: { url: string | null }): Promise<void>;
  /** The address and its QR code fill the screen. @throws WorkshopError WRONG_STATE without an address. */
  setJoin(input: { join: boolean }): Promise<void>;
  /** An empty nickname takes it away. */
  setNickname(input: { userId: string; nickname: string }): Promise<void>;
  /** Takes a CSV list; with `replace` the nicknames that are not in it go. */
  setNicknames(input: { csv: string; replace: boolean }): Promise<NicknamesReceipt>;
  /** All nicknames as a CSV file that `setNicknames` takes back. */
  nicknameTable(): Promise<{ fileName: string; text: string }>;
  /** Sets again what another host's change stood against when Redis came back. @throws WorkshopError as the setters. */
  applyAgain(): Promise<void>;
  /** The display that the room view was last put on, as the shell describes it; null for none. */
  display(): RoomDisplay | null;
  /** Remembers it; one that cannot be kept is known until the end of this process. */
  rememberDisplay(display: RoomDisplay): void;
}

/** A display as it is recognised when it comes back. */
export interface RoomDisplay {
  id: string;
  label: string;
  width: number;
  height: number;
}

/** A display to choose from. */
export interface RoomScreen {
  id: string;
  /** e.g. "EPSON PJ, 1920 × 1080". */
  name: string;
  primary: boolean;
  /** Where the room view opens if nothing else is asked for. */
  chosen: boolean;
}

/** Desktop: its window is open. Web shell: the page that may open it, with a read-only token. */
export type RoomOpened =
  | { kind: 'window'; screen: string; fullScreen: boolean }
  | { kind: 'link'; url: string };

/** How a shell shows the room view. */
export interface RoomDoor {
  open(screenId: string | null): Promise<RoomOpened>;
  /** Where it can be shown: displays to choose from (desktop), a link to copy (web shell). */
  where(): RoomPlaces;
}

export interface RoomPlaces {
  screens: RoomScreen[];
  link: string | null;
}

/**
 * The import of the VPS's .env to a GPU host. Secrets go in and stay in main; only `reveal` gives one out.
 * All methods @throw WorkshopError.
 */
export interface EnvImportService {
  /** .env files on the VPS, likely ones first. */
  find(): Promise<string[]>;
  readVps(input: { path: string }): Promise<ImportDraft>;
  readFile(input: { path: string }): Promise<ImportDraft>;
  readText(input: { text: string; name: string }): Promise<ImportDraft>;
  /** Takes decisions and plans anew. Values stay as entered until they are replaced. */
  choose(input: {
    id: string;
    accepted: string[];
    values: Record<string, string>;
    target: { hostId: string; path: string } | null;
  }): Promise<ImportDraft>;
  reveal(input: { id: string; key: string; of: 'source' | 'target' | 'before' }): Promise<{ value: string }>;
  write(input: { id: string }): Promise<ImportReceipt>;
  /** Talks to Redis from the GPU host itself. */
  prove(input: { id: string }): Promise<RedisProof>;
}

/** The saved workshops. All methods @throw WorkshopError. */
export interface WorkshopsService {
  view(): Promise<WorkshopsView>;
  /** Adds or replaces one. @param password undefined keeps what is kept, null says that there is none. */
  save(input: { profile: WorkshopProfile; password?: string | null | undefined }): Promise<void>;
  /** @throws WorkshopError SECRET_NEEDED when its password must be entered first. */
  turnTo(input: { id: string; password?: string | undefined }): Promise<void>;
  remove(input: { id: string }): Promise<void>;
  /** A file without secrets. */
  exportFile(input: { id: string }): Promise<{ fileName: string; text: string }>;
  importFile(input: { text: string }): Promise<{ id: string; name: string }>;
  keepInFile(input: { inFile: boolean }): Promise<void>;
  /**
   * Connects this console to the Redis that an import names, as the workshop's own link: on the way that is chosen
   * (directly before one is), and where Redis cannot be reached on it, on the other.
   */
  adoptImport(input: { draftId: string; id: string }): Promise<AdoptReceipt>;
}

/** Which way to Redis was taken and kept. `instead`: why the other one could not be; null when it was not tried. */
export interface AdoptReceipt {
  through: 'direct' | 'vps';
  instead: string | null;
}

/** Puts the agent on GPU hosts. What happens is followed through `changes`, also by a console that opens later. */
export interface DeployService {
  /** Every machine's picture: at once, then whenever one changes, at most ten times a second. */
  changes(signal: AbortSignal): AsyncIterable<DeployView[]>;
  /** Looks a machine over and plans; changes nothing there. */
  look(input: { targetId: string; skip: StepId[] }): Promise<void>;
  /** Begins and returns. `sudoPassword` is used for this run and not kept. */
  start(input: {
    targetId: string;
    act: DeployAct;
    skip: StepId[];
    sudoPassword: string | null;
  }): Promise<void>;
  /** How ComfyUI is to run there; kept, and used by the next look. @throws WorkshopError CONFIG. */
  choose(input: { targetId: string; choices: DeployChoices }): Promise<void>;
  /** Ends what runs for a machine; it can be resumed. */
  stop(input: { targetId: string }): Promise<void>;
}

/** An alert that rings, for notifications of the operating system. */
export interface AlertRing {
  title: string;
  text: string;
}

/** What needs a person. The alerts themselves come with the live workshop. Setters @throw WorkshopError. */
export interface AlertsService {
  rules(): Promise<RuleInForce[]>;
  /** `threshold` null takes the usual one. */
  setRule(input: { rule: RuleId; enabled: boolean; threshold: number | null }): Promise<void>;
  setChannels(input: { sound?: boolean | undefined; desktop?: boolean | undefined }): Promise<void>;
  /** `minutes` null ends the snooze. */
  snooze(input: { key: string; minutes: number | null }): Promise<void>;
  /** Nothing rings for so long; null ends it. */
  quiet(input: { minutes: number | null }): Promise<void>;
  /** The newest first. */
  history(input: { most: number }): Promise<AlertRecord[]>;
  /** Called for alerts that shall appear outside of the console. @returns a function that ends it. */
  onRing(listener: (ring: AlertRing) => void): () => void;
  /** Every window, also one that opens now, shows its panel of alerts: somebody clicked on one outside of it. */
  ask(): void;
}

/** What fits and what it costs, as far as the host has a say. Setters @throw WorkshopError. */
export interface CapacityService {
  catalogue(): Catalogue;
  setPlan(input: Pick<CapacitySettings, 'preset' | 'users'>): Promise<void>;
  /** @param input.hostId null: for every host without its own. */
  setGuard(input: Pick<CapacitySettings, 'guardMiB'> & { hostId: string | null }): Promise<void>;
  /** @param input.hostId null: the first host's, or whichever comes first. */
  setRental(input: Pick<CapacitySettings, 'rental'> & { hostId: string | null }): Promise<void>;
  /** Sets again what another host's change stood against when Redis came back, of the plan and the alert rules. */
  applyAgain(): Promise<void>;
}

/** What is kept of the workshop on this laptop's disk. */
export interface HistoryService {
  /** How the keeping goes. */
  state(): HistoryState;
  /** Days of which something is kept, newest first; empty before a workshop is set up. */
  days(): Promise<{ day: LocalDay; bytes: number }[]>;
  /** @throws WorkshopError BAD_INPUT for text that names no day. */
  recap(input: { day: LocalDay }): Promise<Recap>;
  /** One table of a day as a CSV file. */
  table(input: { day: LocalDay; table: RecapTable }): Promise<{ fileName: string; text: string }>;
}

/** Asks the person for a place and puts the page there as a PDF. `browser`: the shell cannot, the page prints itself. */
export type Print = (fileName: string) => Promise<Printed>;
export type Printed = { kind: 'saved'; path: string } | { kind: 'cancelled' } | { kind: 'browser' };

export interface HistoryState {
  /** Everything until then is safely on the disk, local epoch ms; null before the first. */
  savedUntil: number | null;
  /** `part`: something of this day is left out, and stays so; `nothing`: the disk takes none at the moment. */
  keeps: 'all' | 'part' | 'nothing';
  /** Why not all is kept; null while it is. */
  fault: ErrorInfo | null;
}

/**
 * The links to the workshop's machines. Answers go in and stay in main; states travel with the live workshop.
 * All methods @throw WorkshopError.
 */
export interface MachinesService {
  /** Connects now: ends waiting, a refusal, or having been disconnected. */
  connect(input: { id: string }): Promise<void>;
  disconnect(input: { id: string }): Promise<void>;
  /** Takes its old key out of known_hosts and asks about the new one. */
  /** @param input.machine the one on the way whose key is forgotten, as the link names it. */
  forgetHostKey(input: { id: string; machine: string }): Promise<void>;
  /** @param input.answer null: the person does not want to. `keep`: in the keychain, once it has let us in. */
  answer(input: { id: string; questionId: string; answer: string[] | null; keep: boolean }): Promise<void>;
  /** Whether answers can be kept on this computer. */
  keeping(): Promise<{ keychain: boolean }>;
}

/** The logs of agents and workers, on the machines where they run. All methods @throw WorkshopError. */
export interface LogsService {
  machines(): Promise<LogMachine[]>;
  /** Looks on the machine which logs there are. */
  sources(input: { machineId: string }): Promise<LogSource[]>;
  /** The last lines, then new ones as they come. Secrets are taken out; a reader who is slow gets fewer lines. */
  follow(
    input: { machineId: string; sourceId: string },
    signal: AbortSignal,
    backlogBytes?: () => number,
  ): AsyncIterable<LogMessage>;
}

/** What other consoles of the workshop call this one. */
export interface ConsoleNameService {
  /** null takes the usual one. @throws WorkshopError BAD_INPUT when nothing of it can be shown, CONFIG when it cannot be kept. */
  rename(input: { name: string | null }): Promise<void>;
}

/** The host's own views of the jobs. Changes answer with all that are kept from then on. */
export interface JobViewsService {
  list(): Promise<JobViews>;
  /** One of the same name is replaced. @throws WorkshopError BAD_INPUT, CONFIG when it cannot be kept. */
  save(view: JobView): Promise<JobViews>;
  /** @throws WorkshopError NOT_FOUND, CONFLICT when another one has that name, BAD_INPUT, CONFIG. */
  rename(input: { name: string; to: string }): Promise<JobViews>;
  /** One that is not there is no error. @throws WorkshopError CONFIG. */
  remove(input: { name: string }): Promise<JobViews>;
}

/** The network of the computer that the console runs on. */
export interface NetworkService {
  /** It is back, or another one: every link is proved, and one that is lost is dialled at once. */
  changed(): Promise<void>;
}

/** `draftId`: the import that it is about; `subject`: as in `RemedyOffer`; null for none. */
export interface RemedyInput {
  machineId: string;
  remedy: RemedyId;
  draftId: string | null;
  subject: string | null;
}

/** What can be mended on a machine over its link. All methods @throw WorkshopError. */
export interface RemediesService {
  /** Looks at the machine and says what would be done; changes nothing. */
  plan(input: RemedyInput): Promise<RemedyPlan>;
  /** @param input.commands what the person saw; anything else to be done by now gives CONFLICT. The password is not kept. */
  carryOut(input: RemedyInput & { commands: string[]; sudoPassword: string | null }): Promise<RemedyResult>;
}

/** `absent`: the project's sources are not there. `no-redis`: they are, and redis-server is not. */
export interface DemoView {
  state: 'absent' | 'no-redis' | 'ready' | 'starting' | 'open';
}

/** A workshop to look around in, on this computer, without any risk. */
export interface DemoService {
  view(): Promise<DemoView>;
  /** Starts it and turns the console to it; resolves when it stands. @throws WorkshopError. */
  start(): Promise<void>;
  /** Turns back to where the person was, and ends it. */
  leave(): Promise<void>;
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
