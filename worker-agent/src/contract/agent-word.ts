import type { HostStatus } from './host.ts';

/** What a console last heard of an agent. */
export interface Heard {
  status: Pick<HostStatus, 'phase' | 'nextWithinMs'> | null;
  /** Local epoch ms; null before the first word. */
  heardAt: number | null;
  /** Its protocol does not fit, so its data are not used: a sentence. */
  mismatch: string | null;
}

/** It should have spoken by `at` (local epoch ms): each word says when the next is due at the latest. */
export function isSilent({ heardAt, status }: Pick<Heard, 'heardAt' | 'status'>, at: number): boolean {
  return heardAt !== null && status !== null && at - heardAt > status.nextWithinMs;
}

/** How far what an agent said last still holds. `now`: it runs and speaks. */
export type AgentWord = 'now' | 'stopping' | 'stopped' | 'silent' | 'unheard' | 'mismatch' | 'unreachable';

/** @param reached Redis is reached, so silence is the agent's own. @param at local epoch ms. */
export function agentWord(heard: Heard, reached: boolean, at: number): AgentWord {
  if (!reached) return 'unreachable';
  if (heard.mismatch !== null) return 'mismatch';
  if (heard.status === null) return 'unheard';
  if (heard.status.phase === 'stopped') return 'stopped';
  if (heard.heardAt === null || isSilent(heard, at)) return 'silent';
  return heard.status.phase === 'stopping' ? 'stopping' : 'now';
}

/** What it said last still holds at `at` (local epoch ms), as far as Redis is reached. */
export function isReporting(heard: Heard, at: number): boolean {
  const word = agentWord(heard, true, at);
  return word === 'now' || word === 'stopping';
}

/** As `isReporting`, and it takes jobs: one that is about to stop does not. */
export const isSpeaking = (heard: Heard, at: number): boolean => agentWord(heard, true, at) === 'now';
