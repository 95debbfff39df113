import type { DesiredState, QueueControl } from '../../worker-agent/src/contract/desired.ts';
import type { AgentEvent } from '../../worker-agent/src/contract/event.ts';
import type { HostStatus } from '../../worker-agent/src/contract/host.ts';
import type { LiveFrame } from '../../worker-agent/src/contract/telemetry.ts';
import type { PlanContent } from './capacity/plan-content.ts';
import type { RoomContent } from './room/room-state.ts';
import type { FoundDocument } from './shared/shared-document.ts';
import type { JobSummary, LinkState, QueueCounts } from './workshop.ts';

/**
 * What a reader of the workshop's Redis finds out, one fact at a time. Times are local epoch ms. The live model turns
 * facts into changes, and says nothing where nothing changed.
 */
export type Observation =
  | { kind: 'link'; link: LinkState }
  /** Queue and jobs are known to be true as of `at`. */
  | { kind: 'queue'; at: number; clockOffsetMs: number | null; counts: QueueCounts }
  /** Completed jobs of all time of users who wait; read only while the order of the queue counts them. */
  | { kind: 'completions'; byUser: Record<string, number> }
  | { kind: 'control'; control: QueueControl | null }
  | { kind: 'some-jobs'; found: JobSummary[]; gone: string[] }
  /** Every host there is; the others are gone. */
  | { kind: 'all-hosts'; hostIds: string[] }
  | { kind: 'host-status'; hostId: string; status: HostStatus; heardAt: number }
  | { kind: 'host-desired'; hostId: string; desired: DesiredState | null }
  /** A host whose agent speaks another protocol; its data are not used. */
  | { kind: 'host-mismatch'; hostId: string; mismatch: string }
  | { kind: 'live'; hostId: string; live: LiveFrame; heardAt: number }
  | { kind: 'event'; event: AgentEvent }
  /** What the consoles share, as it stands in Redis. */
  | { kind: 'room'; found: FoundDocument<RoomContent> }
  | { kind: 'plan'; found: FoundDocument<PlanContent> };
