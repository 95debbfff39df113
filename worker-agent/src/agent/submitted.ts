import { parsePlatformDate } from '../contract/job.ts';

/** Ids kept; far more than a workshop runs in a day on one host. */
const KEPT = 5000;
/** The submitter's clock may be a little behind Redis. */
const MARGIN_MS = 5000;

/** Remembers which prompts this agent may have given to a ComfyUI, so that none is submitted blindly a second time. */
export interface Submitted {
  /**
   * Whether the prompt may be known there: seen before, or older than this agent, whose earlier life may have sent it.
   * Asking marks it as seen.
   */
  mayBeKnown(job: { id: string; createdAt: string | number }): boolean;
}

/** @param startedAt when this agent started, Redis time, epoch ms. */
export function rememberSubmitted(startedAt: () => number): Submitted {
  const seen = new Set<string>();
  return {
    mayBeKnown({ id, createdAt }) {
      const known = seen.has(id);
      seen.add(id);
      if (seen.size > KEPT) {
        const [oldest] = seen;
        if (oldest !== undefined) seen.delete(oldest);
      }
      const created = parsePlatformDate(createdAt);
      return known || created === null || created < startedAt() + MARGIN_MS;
    },
  };
}
