import type { HostView } from '../workshop.ts';

/** Its agent should have spoken by `at` (local epoch ms): each word says when the next is due at the latest. */
export function isSilent({ heardAt, status }: HostView, at: number): boolean {
  return heardAt !== null && status !== null && at - heardAt > status.nextWithinMs;
}

/** Its agent runs, and what it said last still holds at `at` (local epoch ms). */
export function isSpeaking(host: HostView, at: number): boolean {
  return host.status?.phase === 'running' && host.heardAt !== null && !isSilent(host, at);
}
