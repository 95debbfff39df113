import type { HostView, WorkerStatus } from '../../../src-main/api/types.ts';
import { agentWord } from '../../../worker-agent/src/contract/agent-word.ts';
import { toLocal } from '../../live/clock.ts';
import { isReached, type StageFacts } from './facts.ts';

/** How far an agent's word can be trusted now. Times are local epoch ms. */
export type HostHealth =
  /** Something is wanted of it, but it has never spoken. */
  | { kind: 'unheard' }
  | { kind: 'mismatch'; sentence: string }
  | { kind: 'stopped'; since: number | null }
  | { kind: 'stopping' }
  /** It should have spoken by now. */
  | { kind: 'silent'; since: number | null }
  /** The way to it is lost, so nothing can be said about it. */
  | { kind: 'unreachable'; since: number | null }
  | { kind: 'reporting' };

/** When something last came from the agent, local epoch ms; null when that is not known. */
export function lastHeard(host: HostView, clockOffsetMs: number | null): number | null {
  return host.heardAt ?? toLocal(host.status?.at, clockOffsetMs);
}

export function healthOf(
  host: HostView,
  facts: Pick<StageFacts, 'line' | 'links' | 'clockOffsetMs'>,
  now: number,
): HostHealth {
  const since = lastHeard(host, facts.clockOffsetMs);
  const kind = agentWord({ ...host, heardAt: since }, isReached(facts), now);
  switch (kind) {
    case 'mismatch':
      return { kind, sentence: host.mismatch ?? '' };
    case 'stopped':
      return { kind, since: toLocal(host.status?.at, facts.clockOffsetMs) };
    case 'silent':
    case 'unreachable':
      return { kind, since };
    case 'now':
      return { kind: 'reporting' };
    default:
      return { kind };
  }
}

/** Whether its figures are of now. */
export const tellsNow = (health: HostHealth): boolean =>
  health.kind === 'reporting' || health.kind === 'stopping';

/** How many workers are wanted; before anybody said so, as many as the agent runs by its own configuration. */
export function wantedOf(host: HostView): number | null {
  return host.desired?.workers ?? host.status?.workers.length ?? null;
}

/** Workers whose ComfyUI server is up. */
export function upOf(host: HostView): WorkerStatus[] {
  return (host.status?.workers ?? []).filter(({ state }) =>
    ['idle', 'busy', 'draining', 'drained'].includes(state.kind),
  );
}

/**
 * Whether wanted and observed have not met yet: a different number, workers under way, or a word not taken in. Nothing
 * is under way where the agent was stopped.
 */
export function isScaling(host: HostView): boolean {
  const wanted = wantedOf(host);
  const workers = host.status?.workers;
  if (wanted === null || !workers || host.status?.phase === 'stopped') return false;
  const underWay = workers.some(({ state }) => state.kind === 'starting' || state.kind === 'stopping');
  return workers.length !== wanted || underWay;
}

/** When the way to what is wanted began, Redis time: with the first worker that set out, else with the wish. */
export function wayBegan(host: HostView): number | null {
  const sinces = (host.status?.workers ?? [])
    .filter(({ state }) => state.kind === 'starting' || state.kind === 'stopping')
    .map(({ state }) => state.since);
  return sinces.length > 0 ? Math.min(...sinces) : (host.desired?.at ?? null);
}
