import type { JobSummary } from '../../src-main/domain/workshop.ts';
import type { FakeState } from './fake-workshop.ts';
import { CONTROL, host, job, progress, worker, workshop } from './scenarios.ts';

const MINUTE = 60_000;
const KINDS = ['ltx2 text to video', 'flux2 image', 'qwen image edit', 'ltx2 image to video'];

/** Names as a workshop brings them: short, long, in three scripts, and some that never got a nickname. */
export const NAMES = [
  'Lynx',
  'Heron',
  'Ólafur Þór Guðmundsson',
  'Finch',
  'עדי בן־דוד',
  'Badger',
  'مريم عبد الرحمن',
  'Puffin',
  'Anna-Katharina von Hohenlohe-Waldenburg',
  'Otter',
  '山田 花子',
  'Kestrel',
];

export interface RoomScript {
  people: number;
  workers: number;
  /** Workers that make something; the others warm up or are free. */
  busy?: number;
  waits?: boolean;
  nicknames?: boolean;
}

/** A workshop as the room sees it. */
export function roomState(now: number, script: RoomScript): FakeState {
  const busy = script.busy ?? script.workers;
  const workers = Array.from({ length: script.workers }, (_, at) => {
    const number = at + 1;
    if (at >= busy)
      return worker(
        number,
        at % 2 === 0
          ? { kind: 'starting', since: now - 9000, note: 'ComfyUI is starting' }
          : { kind: 'idle', since: now - 9000 },
      );
    return worker(number, {
      kind: 'busy',
      since: now - 60_000,
      job: {
        jobId: `job-run-${number}`,
        userId: userOf(number + 30),
        kind: KINDS[at % KINDS.length] ?? '',
        startedAt: now - 60_000,
        attempt: 1,
        phase: 'running',
      },
    });
  });
  const live = Array.from({ length: busy }, (_, at) =>
    at % 5 === 2
      ? { ...progress(at + 1, 0, 1), phase: 'loading' as const, fraction: null, step: null, steps: null }
      : progress(at + 1, ((at * 7 + 13) % 20) + 1, 21),
  );
  const jobs: JobSummary[] = [];
  for (let at = 0; at < script.people; at += 1) {
    jobs.push(
      job(at, 'pending', now, {
        id: `job-w-${String(at).padStart(3, '0')}`,
        userId: userOf(at + 1),
        score: at,
      }),
    );
    if (at % 4 === 3)
      jobs.push(job(at, 'pending', now, { id: `job-x-${at}`, userId: userOf(at + 1), score: 1000 + at }));
  }
  for (let at = 0; at < 87; at += 1) jobs.push(job(500 + at, 'completed', now));
  const state = workshop(now, [host({ workers, progress: live, change: { maxWorkers: 8 } }, now)], jobs, {
    control: { ...CONTROL, at: now - 30 * MINUTE },
  });
  if (script.waits !== false)
    state.snapshot.waits = {
      at: now,
      newJob: range(script.people),
      byJob: {},
      byUser: Object.fromEntries(
        Array.from({ length: script.people }, (_, at) => [userOf(at + 1), range(at)]),
      ),
      medianErrorMs: null,
      estimatesMade: 0,
      whatIf: [],
    };
  return state;
}

const range = (at: number) => ({
  kind: 'range' as const,
  low: at * 0.7 * MINUTE,
  p50: at * 0.9 * MINUTE,
  p90: at * 1.3 * MINUTE,
  guess: false,
});

export const userOf = (number: number) => `user${String(number).padStart(3, '0')}`;

/** The list that a host would import: every other person has a nickname. */
export function nicknameList(people: number): string {
  const rows = Array.from(
    { length: people },
    (_, at) => `${userOf(at + 1)};"${NAMES[at % NAMES.length] ?? ''}"`,
  );
  return [
    'user;nickname',
    ...rows.filter((_, at) => at % 3 !== 1),
    `${userOf(31)};Osprey`,
    `${userOf(32)};Zoë`,
  ].join('\n');
}
