import type { PlanProblem } from './find-problems.ts';
import type { EntryGroup, ImportPlan, PlanChange } from './import-plan.ts';
import { maskSecret } from './mask.ts';

/** The plan as it may leave main: secrets are masked. */
export interface ImportReview {
  entries: {
    key: string;
    group: EntryGroup;
    from: string | null;
    to: string | null;
    secret: boolean;
    why: string;
  }[];
  problems: PlanProblem[];
  changes: PlanChange[];
  redis: { host: string; port: number } | null;
  ready: boolean;
}

/** Longest value shown, characters. */
const LONGEST = 300;

export function reviewOf({ entries, problems, changes, redis, ready }: ImportPlan): ImportReview {
  const shown = (value: string | null, secret: boolean) =>
    value === null ? null : secret ? maskSecret(value) : value.slice(0, LONGEST);
  return {
    entries: entries.map((entry) => ({
      ...entry,
      from: shown(entry.from, entry.secret),
      to: shown(entry.to, entry.secret),
    })),
    problems,
    changes: changes.map((change) => ({
      ...change,
      before: shown(change.before, change.secret),
      after: shown(change.after, change.secret),
    })),
    redis: redis && { host: redis.host, port: redis.port },
    ready,
  };
}
