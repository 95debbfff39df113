import { type JobFields, parsePlatformDate } from '../contract/job.ts';

/**
 * Score of a waiting job (contract 1.4): priority × 1,000,000 + seconds of created_at with its microseconds. Dates
 * through JS Date would lose the microseconds, and with them the job's place.
 */
export function priorityScore(fields: Pick<JobFields, 'priority' | 'created_at'>): number {
  return fields.priority * 1_000_000 + createdSeconds(fields.created_at);
}

/** Seconds since 1970 with microseconds; 0 when the date cannot be read. */
function createdSeconds(value: string | number): number {
  const ms = parsePlatformDate(value);
  if (ms === null) return 0;
  const fraction = typeof value === 'string' ? /\.(\d{1,6})/.exec(value)?.[1] : undefined;
  if (fraction === undefined) return ms / 1000;
  const micros = Math.floor(ms / 1000) * 1e6 + Number(fraction.padEnd(6, '0'));
  return micros / 1e6;
}
