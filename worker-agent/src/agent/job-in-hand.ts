import type { PromptProgress } from '../comfy/roles.ts';
import type { CurrentJob } from '../contract/host.ts';
import { parsePlatformDate } from '../contract/job.ts';
import { type JobText, readJobText, workflowBytes } from '../contract/job-text.ts';
import type { JobPhase, JobProgress } from '../contract/telemetry.ts';
import { describeWorkflow, traitsOfPrompt } from '../contract/workflow-kind.ts';
import { readWorkflowText, type WorkflowText } from '../contract/workflow-text.ts';
import type { Claim } from '../queue/roles.ts';

/** The one job a worker has, and what is told about it. */
export interface JobInHand {
  readonly text: JobText;
  readonly workflow: WorkflowText;
  /** When its first claim put it into running, Redis time, epoch ms. */
  readonly startedAt: number;
  /** A few words, e.g. "flux image". */
  readonly kind: string;
  onProgress: (progress: PromptProgress) => void;
  /** Work is done, its ending is being written. */
  settling(): void;
  summary(): CurrentJob;
  progress(): JobProgress;
}

const START: PromptProgress = { phase: 'preparing', fraction: null, node: null, step: null, steps: null };

/** @returns undefined when the text cannot be read. `onChange` is called when the phase changes, not at each tick. */
export function createJobInHand(options: {
  claim: Claim;
  workerId: string;
  onChange: () => void;
}): JobInHand | undefined {
  const { claim, workerId, onChange } = options;
  let text: JobText;
  try {
    text = readJobText(claim.text, claim.jobId);
  } catch {
    return undefined;
  }
  const workflow = readWorkflowText(workflowBytes(text));
  const kind = workflow.kind === 'api' ? describeWorkflow(traitsOfPrompt(workflow.nodes)).label : 'workflow';
  const startedAt = parsePlatformDate(text.fields.started_at) ?? claim.claimedAt;
  let last = START;
  const enter = (phase: JobPhase) => {
    const changed = phase !== last.phase;
    last = { ...last, phase };
    if (changed) onChange();
  };
  return {
    text,
    workflow,
    kind,
    startedAt,
    onProgress(progress) {
      const { phase } = last;
      last = progress;
      if (progress.phase !== phase) onChange();
    },
    settling: () => enter('settling'),
    summary: () => ({
      jobId: claim.jobId,
      userId: text.fields.user_id,
      kind,
      startedAt,
      attempt: claim.attempt,
      phase: last.phase,
    }),
    progress: () => ({ workerId, jobId: claim.jobId, ...last }),
  };
}
