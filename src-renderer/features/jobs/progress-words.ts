import type { HostView, JobProgress, JobSummary } from '../../../src-main/api/types.ts';
import { ageText, cut, spanText, stopwatchText } from '../../components/format.ts';
import { PHASE_WORDS, stepText } from '../../components/progress-words.ts';
import { toLocal } from '../../live/clock.ts';

/** What the agents tell of a job that runs. */
export interface JobRun {
  phase: JobProgress['phase'];
  progress: JobProgress | undefined;
  /** Last word about it, local epoch ms; null when not known. */
  heardAt: number | null;
}

/** Below that share nothing can be said about what is left. */
const FIRST_SHARE = 0.1;

/** @returns undefined when no agent tells of it: a worker of the platform's own, or an agent that has not spoken yet. */
export function runOf(
  hosts: Readonly<Record<string, HostView>>,
  jobId: string,
  clockOffsetMs: number | null,
): JobRun | undefined {
  for (const { status, live, ...host } of Object.values(hosts)) {
    const progress = live?.progress.find((one) => one.jobId === jobId);
    const heardAt = (progress && toLocal(live?.at, clockOffsetMs)) ?? host.heardAt;
    const worker = status?.workers.find(({ state }) => 'job' in state && state.job.jobId === jobId);
    const job = worker && 'job' in worker.state ? worker.state.job : undefined;
    if (progress || job) return { phase: progress?.phase ?? job?.phase ?? 'preparing', progress, heardAt };
    if (status?.finishing?.some((one) => one.jobId === jobId))
      return { phase: 'delivering', progress: undefined, heardAt };
  }
  return undefined;
}

/** "62 % · KSampler · step 13 of 21 · runs 1:24 · about 50 s left". @param now local epoch ms. */
export function progressText(
  job: JobSummary,
  run: JobRun | undefined,
  clockOffsetMs: number | null,
  now: number,
): string {
  const started = toLocal(job.startedAt, clockOffsetMs);
  const runs = started === null ? '' : `runs ${stopwatchText(now - started)}`;
  if (!run) return [runs, 'no agent tells how far it is'].filter(Boolean).join(' · ');
  const age = ageText(run.heardAt, now);
  const { progress, phase } = run;
  const share = progress?.fraction ?? null;
  return [
    share === null ? '' : `${Math.floor(share * 100)} %`,
    progress?.node && phase === 'running' ? cut(progress.node, 60) : PHASE_WORDS[phase],
    stepText(progress) ?? '',
    // What is old stands still, and nothing is foretold from it.
    age === undefined ? runs : '',
    age === undefined ? leftText(share, started, now) : `as of ${age}`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** What is left if it goes on as it went so far. */
function leftText(share: number | null, started: number | null, now: number): string {
  if (share === null || share < FIRST_SHARE || share >= 1 || started === null || now <= started) return '';
  return `about ${spanText(((now - started) * (1 - share)) / share)} left`;
}
