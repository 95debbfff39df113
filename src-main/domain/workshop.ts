import type { DesiredState, QueueControl } from '../../worker-agent/src/contract/desired.ts';
import type { AgentEvent } from '../../worker-agent/src/contract/event.ts';
import type { HostStatus } from '../../worker-agent/src/contract/host.ts';
import type { LiveFrame } from '../../worker-agent/src/contract/telemetry.ts';
import type { AlertsState } from './alerts/alerts-state.ts';
import type { CapacityState } from './capacity/capacity-state.ts';
import type { MachineView } from './hosts/machine-view.ts';
import type { OwnTailnet } from './hosts/tailnet.ts';
import type { RoomState } from './room/room-state.ts';
import type { LaterWaits, Waits } from './wait/waits.ts';

/**
 * The one snapshot of a workshop that main keeps and the renderer mirrors. Plain data. Times are epoch ms on THIS
 * laptop's clock unless the field says Redis; `null` means unknown and is never shown as zero.
 */

/** A link as a small state machine (decision: links are unions, not booleans). */
export type LinkState =
  | { kind: 'idle' }
  | { kind: 'connecting'; since: number; attempt: number }
  /** `rttMs` is the last measured round trip. */
  | { kind: 'ready'; since: number; rttMs: number | null }
  /** Connected, but slow or silent: `why` is a sentence. */
  | { kind: 'degraded'; since: number; why: string; rttMs: number | null }
  /**
   * `retryAt` null means it waits for a person: `remedy` says what to do. `answered`: the machine there answered, so
   * the way to it is not what is wrong.
   */
  | {
      kind: 'lost';
      since: number;
      code: string;
      why: string;
      remedy: string;
      retryAt: number | null;
      answered?: boolean;
    };

export interface Links {
  redis: LinkState;
}

/** One job as lists show it; never holds the workflow. */
export interface JobSummary {
  id: string;
  userId: string;
  status: 'pending' | 'running' | 'completed' | 'failed' | 'cancelled' | 'unreadable';
  /** Which platform queue its id stands in; null for none. `dead-letter` is ours. */
  queue: 'pending' | 'running' | 'completed' | 'failed' | 'cancelled' | 'dead-letter' | null;
  /** Score in that queue; orders the waiting (contract 1.4). */
  score: number | null;
  priority: number | null;
  /** Platform datetimes as epoch ms. */
  createdAt: number | null;
  startedAt: number | null;
  completedAt: number | null;
  /**
   * From when until when it kept its worker busy, without waiting for memory and bringing files away; absent where
   * the agent did not tell it.
   */
  computed?: [from: number, until: number];
  workerId: string | null;
  /** First 500 characters. */
  error: string | null;
  /** e.g. "ltx2 text to video". */
  kind: string;
  /**
   * Equal for workflows with the same node types, models and sizes, whatever their seeds and prompts; absent or null
   * when that is not known. Opaque: it tells run times apart.
   */
  signature?: string | null;
  sizeBytes: number;
}

/** Ended jobs of each kind that are listed, the newest; `QueueCounts` covers all. */
export const ENDED_LISTED = 1000;

/** What a job id stands for, whether or not a list reaches it. */
export type FoundJob =
  | { kind: 'job'; job: JobSummary }
  /** Cancelled while it waited; it can be taken back for so long yet. */
  | { kind: 'withdrawn'; leftMs: number }
  | { kind: 'gone' };

export interface QueueCounts {
  pending: number;
  running: number;
  completed: number;
  failed: number;
  cancelled: number;
  deadLetter: number;
}

/** One GPU host: its agent's last word, what was asked of it, its last live frame. */
export interface HostView {
  id: string;
  status: HostStatus | null;
  desired: DesiredState | null;
  live: LiveFrame | null;
  /** Last sign of life (status or frame) on the local clock, as old as it is; null if there never was one. */
  heardAt: number | null;
  /** A sentence when the agent's protocol does not fit ours; then its data are not used. */
  mismatch: string | null;
}

/** One point of a history ring. null = not known then (drawn as a gap). */
export interface Sample {
  at: number;
  pending: number | null;
  running: number | null;
  /** Jobs completed in the minute before. */
  completedPerMinute: number | null;
  /** MiB used per GPU, keyed `${hostId}/${gpuIndex}`. */
  vramMiB: Record<string, number | null>;
  /** Percent, same keys. */
  utilization: Record<string, number | null>;
}

export interface Histories {
  /** 1 s steps, 30 min. */
  fine: Sample[];
  /** 1 min steps, 12 h. */
  coarse: Sample[];
}

/** What other consoles of the workshop call this one. */
export interface ConsoleName {
  name: string;
  /** The name it has unless the host gives another: user and machine. */
  usual: string;
}

export interface WorkshopSnapshot {
  /** Name of the workshop this console is set to; null before one is set up (first run). */
  name: string | null;
  /** Redis host:port in words for people, without secrets; null when none is configured. */
  redisAddress: string | null;
  links: Links;
  /** When queue and jobs were last known to be true, local clock; null before the first read. */
  queueAt: number | null;
  /** Local clock + this = Redis clock, ms; null before it was measured. */
  clockOffsetMs: number | null;
  counts: QueueCounts | null;
  control: QueueControl | null;
  hosts: Record<string, HostView>;
  jobs: Record<string, JobSummary>;
  events: AgentEvent[];
  /** Completed jobs of all time of users who wait; absent unless the order of the queue counts them. */
  completions?: Record<string, number>;
  /** A sentence about this console itself, e.g. settings that could not be read; null or absent for none. */
  notice?: string | null;
  /** Estimates of who waits how long; null or absent while they are not known. */
  waits?: Waits | null;
  /** The same of jobs farther back in line; null or absent while they are not known. */
  laterWaits?: LaterWaits | null;
  /** What the host set for the room view; null or absent before a workshop is set up. */
  room?: RoomState | null;
  /** The machines that are logged in to; absent means none. */
  machines?: MachineView[];
  /** Tailscale on this computer; null or absent while nothing is reached over it. */
  tailnet?: OwnTailnet | null;
  /** What needs a person; null or absent before a workshop is set up. */
  alerts?: AlertsState | null;
  /** What fits and what it costs; null or absent before a workshop is set up. */
  capacity?: CapacityState | null;
  /** Absent or null only in scripted workshops. */
  console?: ConsoleName | null;
}

/**
 * What main pushes. A subscriber first gets `snapshot`, then changes in order; `seq` counts them without gaps, so a
 * gap means resubscribe.
 */
export type WorkshopChange =
  | { kind: 'snapshot'; snapshot: WorkshopSnapshot; histories: Histories }
  | { kind: 'name'; name: string | null; redisAddress: string | null }
  | { kind: 'links'; links: Links }
  /** Queue and jobs are true as of `queueAt`. */
  | { kind: 'queue'; queueAt: number; clockOffsetMs: number | null; counts: QueueCounts }
  | { kind: 'control'; control: QueueControl | null }
  | { kind: 'jobs'; upsert: JobSummary[]; remove: string[] }
  | { kind: 'host'; host: HostView }
  | { kind: 'live'; hostId: string; live: LiveFrame; heardAt: number }
  | { kind: 'host-removed'; hostId: string }
  | { kind: 'event'; event: AgentEvent }
  | { kind: 'waits'; waits: Waits | null }
  | { kind: 'later-waits'; laterWaits: LaterWaits | null }
  | { kind: 'room'; room: RoomState | null }
  | { kind: 'machines'; machines: MachineView[] }
  | { kind: 'tailnet'; tailnet: OwnTailnet | null }
  | { kind: 'alerts'; alerts: AlertsState | null }
  | { kind: 'capacity'; capacity: CapacityState | null }
  | { kind: 'console'; console: ConsoleName | null }
  | { kind: 'sample'; sample: Sample; coarse: boolean };

export interface WorkshopMessage {
  seq: number;
  changes: WorkshopChange[];
}
