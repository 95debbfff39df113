import { isSilent } from '../../../worker-agent/src/contract/agent-word.ts';
import type { HostView, WorkshopSnapshot } from '../workshop.ts';
import type { AlertAction, AlertSeverity, Reading } from './alert.ts';
import type { RunningJob } from './progress-watch.ts';
import type { RuleId } from './rules.ts';

/** What capacity knows that alerts need. */
export interface CapacityFacts {
  /** VRAM of a card in MiB above which the host wants to be warned; null = not known. */
  guardMiB(hostId: string, gpuIndex: number): number | null;
  /** Whether that many workers fit into the host's cards; null = not known. */
  fits(hostId: string, workers: number): boolean | null;
  /** Rentals with an end, local epoch ms; `hostId` null where there is but one machine. */
  rentals(): { hostId: string | null; endsAt: number; lastSafeAt: number | null }[];
}

/** All that one look judges. */
export interface AlertFacts {
  snapshot: Readonly<WorkshopSnapshot>;
  /** Local epoch ms. */
  now: number;
  /** In the unit of the rule. */
  threshold(rule: RuleId): number;
  capacity: CapacityFacts;
  running: readonly RunningJob[];
  lastMoved: number | null;
  /** Why the history of the workshop is not written, with the remedy; null while it is. */
  notKept: string | null;
}

/** Figures older than this are not believed, ms: the link is up but nothing came over it (a laptop that woke). */
const QUEUE_FRESH_MS = 15_000;
const FRAME_FRESH_MS = 5000;

export function reachesRedis({ links }: Readonly<WorkshopSnapshot>): boolean {
  return links.redis.kind === 'ready' || links.redis.kind === 'degraded';
}

/** Queue and jobs are known as of now. */
export function knowsQueue(snapshot: Readonly<WorkshopSnapshot>, now: number): boolean {
  return reachesRedis(snapshot) && snapshot.queueAt !== null && now - snapshot.queueAt <= QUEUE_FRESH_MS;
}

/** The agent's word is as young as it promised. */
export function knowsHost(host: HostView, snapshot: Readonly<WorkshopSnapshot>, now: number): boolean {
  return reachesRedis(snapshot) && host.status !== null && host.heardAt !== null && !isSilent(host, now);
}

/** Hosts whose live frames come. */
export function liveHosts(snapshot: Readonly<WorkshopSnapshot>, now: number): Set<string> {
  const live = Object.values(snapshot.hosts).filter(
    (host) => knowsHost(host, snapshot, now) && now - (host.heardAt ?? 0) <= FRAME_FRESH_MS,
  );
  return new Set(live.map(({ id }) => id));
}

/** A moment of Redis's clock on the local one. */
export const localOf = (snapshot: Readonly<WorkshopSnapshot>, redisAt: number): number =>
  redisAt - (snapshot.clockOffsetMs ?? 0);

export function reading(
  rule: RuleId,
  about: string,
  verdict: Reading['verdict'],
  told: { severity: AlertSeverity; text: string; action: AlertAction | null },
): Reading {
  return { key: about === '' ? rule : `${rule}/${about}`, rule, verdict, ...told };
}

/** Text from outside in a sentence: one line, cut, with its full stop. */
export function quoted(text: string, most = 200): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  const cut = line.length <= most ? line : `${line.slice(0, most - 1)}…`;
  return /[.…!?]$/.test(cut) ? cut : `${cut}.`;
}

export const count = (many: number, one: string): string => `${many} ${one}${many === 1 ? '' : 's'}`;

/** MiB as GB with one decimal, whole where it is whole. */
export const gb = (mib: number): string => (mib / 1024).toFixed(1).replace(/\.0$/, '');

/** "14 min", "90 s". */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

/** Time of day on this machine, "18:05". */
export function clock(at: number): string {
  const date = new Date(at);
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}
