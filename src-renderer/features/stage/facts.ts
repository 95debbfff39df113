import type {
  CapacityState,
  HostView,
  Links,
  MachineView,
  OwnTailnet,
  QueueControl,
  QueueCounts,
} from '../../../src-main/api/types.ts';
import { usualStart } from '../../live/learned.ts';
import type { LiveState, MainLine, Waits } from '../../live/store.ts';

/** All that the sentences of the Stage are made from: the snapshot without its long lists, and what we learned. */
export interface StageFacts {
  line: MainLine;
  /** Whether a snapshot has ever come. */
  known: boolean;
  name: string | null;
  redisAddress: string | null;
  links: Links;
  queueAt: number | null;
  clockOffsetMs: number | null;
  counts: QueueCounts | null;
  notice: string | null;
  control: QueueControl | null;
  hosts: Readonly<Record<string, HostView>>;
  /** Main's estimates of who waits how long; null while there are none. */
  waits: Waits | null;
  /** What fits; null while nothing is known. */
  capacity: CapacityState | null;
  /** Tailscale on this computer; null while nothing is reached over it. */
  tailnet: OwnTailnet | null;
  machines: readonly MachineView[];
  /** Usual time from starting to ready, ms; null before one was seen in this session. */
  usualStartMs: number | null;
}

export function factsOf(state: LiveState): StageFacts {
  const {
    line,
    known,
    name,
    redisAddress,
    links,
    queueAt,
    clockOffsetMs,
    counts,
    control,
    hosts,
    notice,
    waits,
    capacity,
    tailnet,
    machines,
  } = state;
  const usualStartMs = usualStart(state.startTimes);
  return {
    line,
    known,
    name,
    redisAddress,
    links,
    queueAt,
    clockOffsetMs,
    counts,
    control,
    hosts,
    notice,
    waits,
    capacity,
    tailnet,
    machines,
    usualStartMs,
  };
}

export { isReached } from '../../live/reached.ts';
