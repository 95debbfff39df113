import type { LiveState } from './store.ts';

/** Whether what stands on the screen can be trusted to be current: this window reaches main and main reaches Redis. */
export function isReached(facts: Pick<LiveState, 'line' | 'links'>): boolean {
  const { kind } = facts.links.redis;
  return facts.line.kind === 'live' && (kind === 'ready' || kind === 'degraded');
}
