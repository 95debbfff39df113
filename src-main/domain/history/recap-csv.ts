import { FAILURE_CAUSES } from '../../../worker-agent/src/contract/failure-cause.ts';
import { gpuSpans } from '../../../worker-agent/src/contract/gpu-spans.ts';
import { csvText } from '../csv.ts';
import { actsOf, type Recap } from './recap.ts';
import { type EndedJob, type HistoryRecord, keyOf, timeOf } from './record.ts';

/** What can be taken home as a table. */
export type RecapTable = 'people' | 'jobs' | 'hours' | 'failures' | 'acts';

const seconds = (ms: number | null) => (ms === null ? null : Math.round(ms / 1000));
const minutes = (ms: number) => Math.round(ms / 6000) / 10;
const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());

/** One table of a day as a CSV file. Times are ISO 8601 in UTC. */
export function recapCsv(recap: Recap, records: readonly HistoryRecord[], table: RecapTable): string {
  switch (table) {
    case 'people':
      return csvText(
        ['user', 'name', 'completed', 'failed', 'cancelled', 'gpu_minutes', 'median_wait_seconds'],
        recap.people.map((one) => [
          ...[one.userId, one.name, one.completed, one.failed, one.cancelled],
          ...[minutes(one.gpuMs), seconds(one.waitMs)],
        ]),
      );
    case 'hours':
      return csvText(
        ['hour', 'completed', 'failed', 'gpu_minutes', 'peak_waiting', 'gpu_utilisation_percent'],
        recap.hours.map((hour) => [
          ...[iso(hour.at), hour.completed, hour.failed, minutes(hour.gpuMs), hour.peakWaiting],
          hour.utilization === null ? null : Math.round(hour.utilization),
        ]),
      );
    case 'failures':
      return csvText(
        ['cause', 'count', 'example'],
        recap.failures.map(({ cause, count, example }) => [FAILURE_CAUSES[cause].name, count, example]),
      );
    case 'acts':
      return csvText(
        ['at', 'from', 'by', 'kind', 'message'],
        actsOf(recap.day, records).map(({ at, from, by, kind, message }) => [
          iso(at),
          from,
          by,
          kind,
          message,
        ]),
      );
    case 'jobs': {
      const jobs = endedJobs(records);
      const spans = gpuSpans(jobs);
      return csvText(
        ['job', 'user', 'state', 'kind', 'worker', 'submitted', 'started', 'ended', 'run_seconds', 'error'],
        jobs.map((job) => [
          ...[job.id, job.userId, job.status, job.kind, job.workerId],
          ...[iso(local(job.createdAt, job)), iso(local(job.startedAt, job)), iso(timeOf(job))],
          ...[seconds(lengthOf(spans.get(job))), job.error],
        ]),
      );
    }
  }
}

const lengthOf = (span: readonly [number, number] | undefined) => (span ? span[1] - span[0] : null);
const local = (at: number | null, { offset }: EndedJob) => (at === null ? null : at - offset);

function endedJobs(records: readonly HistoryRecord[]): EndedJob[] {
  const jobs = new Map<string | null, EndedJob>();
  for (const record of records) if (record.t === 'job') jobs.set(keyOf(record), record);
  return [...jobs.values()].sort((a, b) => timeOf(a) - timeOf(b));
}
