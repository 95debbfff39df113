import type { EndedJob, HistoryRecord } from '../../src-main/domain/history/record.ts';

const MINUTE = 60_000;

/** A job that ended `atMs` after midnight, having run `ranMs` and waited `waitedMs`; Redis's clock is `offset` ahead. */
export function endedJob(
  midnight: number,
  atMs: number,
  change: Partial<EndedJob> & { ranMs?: number; waitedMs?: number } = {},
): EndedJob {
  const { ranMs = MINUTE, waitedMs = MINUTE, ...rest } = change;
  const offset = rest.offset ?? 0;
  const completedAt = midnight + atMs + offset;
  return {
    t: 'job',
    offset,
    id: `job-${atMs}`,
    userId: 'user001',
    status: 'completed',
    createdAt: completedAt - ranMs - waitedMs,
    startedAt: completedAt - ranMs,
    completedAt,
    workerId: 'worker-1',
    kind: 'flux2 image',
    error: null,
    ...rest,
  };
}

export function sampleAt(at: number, pending: number | null, utilization: number | null): HistoryRecord {
  return {
    ...{ t: 'sample', at, pending, running: 1, completedPerMinute: 0 },
    vramMiB: { 'gpu-1/0': 40_000 },
    utilization: { 'gpu-1/0': utilization },
  };
}

const KINDS = ['ltx2 text to video', 'flux2 image', 'qwen image edit', 'ltx2 image to video'];
const ERRORS = [
  'The GPU ran out of memory, also after all models had been unloaded. It asked for another 12 GiB.',
  'The workflow is in the format of the ComfyUI editor, which only the editor itself can run.',
  'The job was stopped because it ran longer than 900 s. Make it smaller.',
];

/** A whole day of a workshop of 20 people, 10:00 to 17:00 with an hour that nobody watched. */
export function workshopDay(midnight: number, people = 20): HistoryRecord[] {
  const records: HistoryRecord[] = [];
  const start = 10 * 60;
  for (let at = 0; at < 200; at += 1) {
    const failed = at % 17 === 5;
    records.push(
      endedJob(midnight, (start + 5 + at * 2) * MINUTE, {
        id: `day-${at}`,
        userId: `user${String(((at * 7) % people) + 1).padStart(3, '0')}`,
        ranMs: (40 + (at % 9) * 25) * 1000,
        waitedMs: (20 + ((at * 13) % 40) * 20) * 1000,
        kind: KINDS[at % KINDS.length] ?? '',
        status: failed ? 'failed' : at % 41 === 7 ? 'cancelled' : 'completed',
        error: failed ? (ERRORS[at % ERRORS.length] ?? null) : null,
      }),
    );
  }
  for (let second = 0; second < 7 * 3600; second += 5) {
    const minute = second / 60;
    if (minute >= 180 && minute < 240) continue;
    const at = midnight + start * MINUTE + second * 1000;
    records.push(
      sampleAt(at, Math.round(9 + 8 * Math.sin(minute / 40)), Math.round(70 + 25 * Math.sin(minute / 13))),
    );
  }
  for (const [minutes, kind, by, message] of [
    [1, 'desired-changed', 'ada@laptop', 'ada@laptop wants 3 workers on gpu-1.'],
    [2, 'worker-started', 'gpu-1', 'worker-3 is ready.'],
    [95, 'control-changed', 'ben@desk', 'The queue is held, mode fair.'],
    [110, 'host-act', 'ada@laptop', 'Cancelled 3 jobs of user012.'],
    [
      120,
      'job-rescued',
      'gpu-1',
      "user004's job lost its worker (worker-2 went silent); it is back in its place.",
    ],
    [121, 'job-completed', 'gpu-1', 'Not worth a line.'],
  ] as const)
    records.push({
      t: 'event',
      offset: 0,
      event: {
        ...{ protocol: 1, at: midnight + (start + minutes) * MINUTE, kind, by },
        ...{ jobId: null, userId: null, workerId: null, message },
      },
    });
  return records;
}
