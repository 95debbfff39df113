import type { HostStatus } from '../../../worker-agent/src/contract/host.ts';

/** What was last heard of an agent, as a HostView has it. */
interface Heard {
  status: HostStatus | null;
  /** Local epoch ms. */
  heardAt: number | null;
  mismatch: string | null;
}

/** Its agent should have spoken by `at` (local epoch ms): each word says when the next is due at the latest. */
export function isSilent({ heardAt, status }: Pick<Heard, 'heardAt' | 'status'>, at: number): boolean {
  return heardAt !== null && status !== null && at - heardAt > status.nextWithinMs;
}

/** Its agent runs, and what it said last still holds at `at` (local epoch ms). */
export function isSpeaking(host: Heard, at: number): boolean {
  return host.status?.phase === 'running' && host.heardAt !== null && !isSilent(host, at);
}

/** How far what an agent said last still holds. `now`: it runs and speaks. */
export type AgentWord = 'now' | 'stopping' | 'stopped' | 'silent' | 'unheard' | 'mismatch' | 'unreachable';

/** @param reached Redis is reached, so silence is the agent's own. @param at local epoch ms. */
export function agentWord(host: Heard, reached: boolean, at: number): AgentWord {
  if (!reached) return 'unreachable';
  if (host.mismatch !== null) return 'mismatch';
  if (host.status === null) return 'unheard';
  if (host.status.phase === 'stopped') return 'stopped';
  if (host.heardAt === null || isSilent(host, at)) return 'silent';
  return host.status.phase === 'stopping' ? 'stopping' : 'now';
}
