import type { AgentWord } from '../../../worker-agent/src/contract/agent-word.ts';
import type { SharedMark } from '../shared/shared-document.ts';
import type { CapacitySettings, HostRental } from './capacity-settings.ts';

/** What one kind of workflow needs on one worker, and how that is known. */
export interface KindNeed {
  kind: string;
  needMiB: number;
  /** `seen`: the agent watched it run; `guide`: the guide's figure for its model. */
  basis: 'seen' | 'guide';
  /** Observations behind it. */
  runs: number;
}

/** Whether so many workers fit, should each of them run the heaviest kind at the same moment. */
export interface FitOfCount {
  workers: number;
  /** On the fullest card, together with what others hold there. MiB. */
  needMiB: number;
  /** `tight`: above the guard, below the card's memory; `over`: more than the card has. */
  verdict: 'fits' | 'tight' | 'over';
  /** What others hold is not known, and if all that is in use were theirs, the verdict would be a worse one. */
  reserve: boolean;
}

export interface HostCapacity {
  /** Whether all this is of now; else it is the last known of an agent that no longer speaks. */
  word: AgentWord;
  /** Memory of the smallest card in use, MiB; null = not known. */
  totalMiB: number | null;
  cards: number;
  /** Of that card. */
  guardMiB: number | null;
  /** `own`: set for this host alone. */
  guardFrom: 'own' | 'console' | 'workshop' | 'agent' | 'usual' | null;
  /** A guard that was set and is not below that card's memory, so that its usual share counts; null for none. */
  guardTooHighMiB: number | null;
  /** Of every card, by its index. */
  cardGuards: { index: number; guardMiB: number | null }[];
  /** Held on the fullest card by none of our workers, MiB; null where that is not known of any card. */
  otherMiB: number | null;
  /** Cards in use of which that is not known: nothing of theirs is counted. */
  othersUnknownOn: number[];
  /** The kind that decides; null = nothing is known of what will run. */
  heaviest: KindNeed | null;
  /** Kinds that wait, run or ran within the last hour, heaviest first; at most 8. */
  kinds: KindNeed[];
  /** Kinds of these for which neither the agent nor the guide has a figure. */
  unknownKinds: string[];
  /** From 1 worker to the most this host may run; empty while need or card are not known. */
  counts: FitOfCount[];
}

/** Where a rental stands. Times are local epoch ms, durations ms. What it cost follows from these and the price. */
export interface RentalMeter {
  /** The moment this holds for. */
  at: number;
  /** How long at least one job was running within `known`; null while nothing is known. */
  busyMs: number | null;
  /** Time within `known` in which a job ran of which nobody can say whether it ran on this host. */
  unsureMs: number;
  /** The part of the rental of which it is known whether a job ran; null before the queue was read. */
  known: { from: number; until: number } | null;
  /** The queue is known as of now, so what is known grows with every second. */
  live: boolean;
  /** At least one job runs now, or may run, on this host; false while that is not known. */
  busyNow: boolean;
  /** What is submitted by then starts, runs and arrives before the end; null without an end or an estimate. */
  lastSafeAt: number | null;
  /** What `lastSafeAt` was made of: the wait of a new job (its pessimistic end) and a long run. */
  waitMs: number | null;
  runMs: number | null;
  /** The figures rest on the guide and not on this workshop. */
  guess: boolean;
}

export interface HostMeter extends HostRental {
  meter: RentalMeter;
}

/** How many workers the plan asks for, and what decided it. Only hosts whose agents speak are counted. */
export interface WorkerAdvice {
  workers: number;
  /** How they are spread over these hosts, by what fits where; all of them, also with no worker. */
  spread: { hostId: string; workers: number }[];
  /** Hosts that are not counted, and why. */
  leftOut: { hostId: string; word: AgentWord }[];
  /** What the preset, the number of people, and the cards give; null = not said or not known. */
  byPreset: number | null;
  byUsers: number | null;
  byCards: number | null;
  /** Most that fit below the guard; null = not known. */
  byMemory: number | null;
  /** Most that the hosts carry, each within its cards, its memory and its agent's limit; null = not known. */
  carried: number | null;
  /** `byMemory` leaves out what others hold on some card, which is not known. */
  reserve: boolean;
}

/** All that is known of capacity and cost. */
export interface CapacityState {
  settings: CapacitySettings;
  hosts: Record<string, HostCapacity>;
  advice: WorkerAdvice | null;
  /** One for each rental that was entered, by the name of its host. */
  rentals: HostMeter[];
  /** How the plan stands with the other consoles. */
  shared: SharedMark;
}
