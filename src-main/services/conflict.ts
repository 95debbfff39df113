import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';

/**
 * Says that somebody else was faster, who and when, and what holds now.
 * @param what what stands there, in words. @param current null when nothing stands there. @param redisNow epoch ms.
 */
export function conflict(
  what: string,
  current: { by: string; at: number } | null,
  redisNow: number,
): WorkshopError {
  const who = current
    ? `${current.by} changed it ${ago(redisNow - current.at)} ago: ${what}.`
    : `It was changed meanwhile: ${what}.`;
  return new WorkshopError('CONFLICT', who, {
    remedy: 'Look at what it is now, and press again if you still want the change.',
  });
}

function ago(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
