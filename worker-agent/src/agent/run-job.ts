import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ComfyServer, PromptOutcome, PromptProgress } from '../comfy/roles.ts';
import { type ErrorInfo, toWorkshopError, WorkshopError } from '../contract/errors.ts';
import { type JobText, workflowBytes } from '../contract/job-text.ts';
import type { WorkflowText } from '../contract/workflow-text.ts';
import { rewritePrompt } from '../outputs/inputs/rewrite-prompt.ts';
import type { DeliveredFile, Delivery, InputSupply, OutputDelivery } from '../outputs/roles.ts';
import type { Settlement } from '../queue/roles.ts';
import { inputServer } from './input-server.ts';
import { giveUpOf } from './job-abort.ts';
import {
  askedMiB,
  errorText,
  interruptedElsewhere,
  outOfVram,
  serverDiedTooOften,
  timedOut,
  unusableWorkflow,
} from './job-errors.ts';
import type { JobMemory } from './memory/roles.ts';
import { buildResult } from './result.ts';

/** Executions that a job gets when ComfyUI goes away under it; a job that kills servers must not kill them all. */
export const MAX_ATTEMPTS = 2;

export interface JobRun {
  job: JobText;
  workflow: WorkflowText;
  workerId: string;
  /** 1 for the first execution. */
  attempt: number;
  comfy: ComfyServer;
  outputs: OutputDelivery;
  /** Brings the files that the prompt names; undefined = they are where they are. */
  inputs?: InputSupply | undefined;
  /** Aborted with a GiveUpError as reason. */
  signal: AbortSignal;
  jobTimeoutMs: number;
  /**
   * When it was given its GPU and waits for no memory any more, Redis time, epoch microseconds; null when an earlier
   * agent began it.
   */
  computingFrom: number | null;
  /** The prompt was never given to this ComfyUI. */
  fresh: boolean;
  /** The same attempt goes on after a restart of the agent. */
  resume: boolean;
  onProgress: (progress: PromptProgress) => void;
  /** ComfyUI has run it through and may begin with the next; what it made is still to be brought away. */
  onExecuted: () => void;
  memory: Pick<JobMemory, 'outOfMemory' | 'facts'>;
  nowMicros: () => number;
  log: Logger;
}

/** What became of a job's work, to be written to the queue by the caller. */
export type JobEnding =
  | { kind: 'settle'; settlement: Settlement; error?: ErrorInfo }
  /** ComfyUI went away: the job returns to its place. `counted` = it had been accepted, so the attempt was one. */
  | { kind: 'requeue'; error: ErrorInfo; counted: boolean }
  /** The agent leaves at once. */
  | { kind: 'give-back' }
  /** The job is no longer ours to write about. */
  | { kind: 'abandon'; why: 'lost' | 'gone' };

/** Carries one claimed job from its text to its end. Never throws: every failure is an ending. */
export async function runJob(run: JobRun): Promise<JobEnding> {
  const { workflow } = run;
  // A resumed prompt may be at work in ComfyUI: the aborted run interrupts it there.
  if (run.signal.aborted && !run.resume) return givenUp(run) ?? { kind: 'give-back' };
  if (workflow.kind !== 'api') return failed(unusableWorkflow(workflow));
  const supplied = await supplyInputs(run, workflow);
  if ('error' in supplied) return givenUp(run) ?? failed(supplied.error);
  const { prompt } = supplied;
  const startedAt = performance.now();
  let accepted = run.resume;
  const execute = (again: boolean) =>
    run.comfy.run({
      promptId: run.job.fields.id,
      prompt,
      signal: run.signal,
      fresh: run.fresh && !again,
      resume: run.resume && !again,
      onProgress: run.onProgress,
      onAccepted: () => {
        accepted = true;
      },
    });
  try {
    let outcome = await orLeftBehind(run.signal, execute(false));
    // Before the restart it was we who interrupted it, for a cancellation or a stop that Redis never heard of or has
    // forgotten: the job is still to be done.
    if (outcome.kind === 'interrupted' && run.resume && !run.signal.aborted)
      outcome = await orLeftBehind(run.signal, execute(true));
    if (outcome.kind === 'failed' && outcome.outOfMemory && !run.signal.aborted) {
      run.log.warn({ jobId: run.job.fields.id }, 'out of VRAM: unloading models, one more try');
      await run.comfy.free();
      await run.memory.outOfMemory(askedMiB(outcome.error.message));
      outcome = await orLeftBehind(run.signal, execute(true));
      if (outcome.kind === 'failed' && outcome.outOfMemory)
        outcome = {
          ...outcome,
          error: outOfVram(outcome.error, { ...run.memory.facts(), ...(await cardOf(run.comfy)) }),
        };
    }
    return givenUp(run) ?? (await conclude(run, outcome, startedAt));
  } catch (cause) {
    return givenUp(run) ?? serverGone(run, toWorkshopError(cause, 'COMFY_UNREACHABLE').toInfo(), accepted);
  }
}

/** How long a stop at once waits for ComfyUI to take notice of the interrupt; during a model load it takes none. */
const LEAVE_AFTER_MS = 2000;

/** The outcome, or `interrupted` when the agent leaves at once and ComfyUI does not react. */
async function orLeftBehind(signal: AbortSignal, outcome: Promise<PromptOutcome>): Promise<PromptOutcome> {
  const over = new AbortController();
  const leave = new Promise<PromptOutcome>((resolve) => {
    const react = () => {
      if (giveUpOf(signal)?.kind !== 'shutdown') return;
      sleep(LEAVE_AFTER_MS, undefined, { signal: over.signal }).then(
        () => resolve({ kind: 'interrupted' }),
        () => {},
      );
    };
    if (signal.aborted) react();
    else signal.addEventListener('abort', react, { once: true, signal: over.signal });
  });
  try {
    return await Promise.race([outcome, leave]);
  } finally {
    over.abort();
    outcome.catch(() => {});
  }
}

async function conclude(run: JobRun, outcome: PromptOutcome, startedAt: number): Promise<JobEnding> {
  switch (outcome.kind) {
    case 'success': {
      const { id } = run.job.fields;
      run.onProgress({ phase: 'delivering', fraction: 1, node: null, step: null, steps: null });
      if (!run.signal.aborted) run.onExecuted();
      const { computingFrom: fromMicros } = run;
      const computed = fromMicros === null ? null : { fromMicros, untilMicros: run.nowMicros() };
      const delivery = await deliver(run, outcome.files);
      if ('error' in delivery)
        return (
          givenUp(run) ??
          (delivery.serverGone ? serverGone(run, delivery.error, true) : failed(delivery.error))
        );
      const result = buildResult({
        promptId: id,
        outputs: outcome.outputs,
        delivery,
        computed,
        executionSeconds: outcome.executionSeconds ?? (performance.now() - startedAt) / 1000,
        warnings: [...outcome.warnings, ...(delivery.warnings ?? [])],
        nowMicros: run.nowMicros(),
      });
      return givenUp(run) ?? { kind: 'settle', settlement: { status: 'completed', result } };
    }
    case 'failed':
      return failed(outcome.error);
    case 'interrupted':
      return failed(interruptedElsewhere());
    case 'vanished':
      return serverGone(run, outcome.error, true);
  }
}

/** The prompt with its input files in place; only the names of files may differ from what was submitted. */
async function supplyInputs(
  run: JobRun,
  workflow: Extract<WorkflowText, { kind: 'api' }>,
): Promise<{ prompt: Buffer } | { error: ErrorInfo }> {
  const prompt = workflowBytes(run.job).subarray(workflow.prompt.start, workflow.prompt.end);
  if (!run.inputs) return { prompt };
  const { id: jobId, user_id: userId } = run.job.fields;
  try {
    const server = inputServer(run.comfy);
    const renames = await run.inputs.supply({
      jobId,
      userId,
      nodes: workflow.nodes,
      server,
      signal: run.signal,
    });
    return { prompt: rewritePrompt(prompt, renames) };
  } catch (cause) {
    // A prompt that is at work already has its inputs.
    if (run.resume) return { prompt };
    return { error: toWorkshopError(cause, 'INPUT_FETCH').toInfo() };
  }
}

const DELIVERY_TRIES = 3;

async function deliver(
  run: JobRun,
  files: readonly DeliveredFile['source'][],
): Promise<Delivery | { error: ErrorInfo; serverGone: boolean }> {
  const { id: jobId, user_id: userId } = run.job.fields;
  for (let attempt = 1; ; attempt++) {
    try {
      return await run.outputs.deliver({
        jobId,
        userId,
        workerId: run.workerId,
        files,
        open: (file, signal) => run.comfy.view({ ...file, nodeId: '', group: '' }, signal),
        signal: run.signal,
      });
    } catch (cause) {
      const error = toWorkshopError(cause, 'OUTPUT_DELIVERY').toInfo();
      if (attempt === DELIVERY_TRIES || run.signal.aborted) return { error, serverGone: isServerGone(cause) };
      run.log.warn({ jobId, attempt, reason: error.message }, 'delivery failed, trying again');
    }
  }
}

/** Whether a file could not be had because the ComfyUI that made it went away: then the job is not to blame. */
function isServerGone(cause: unknown): boolean {
  for (let at = cause; at instanceof Error; at = at.cause)
    if (at instanceof WorkshopError && (at.code === 'COMFY_UNREACHABLE' || at.code === 'COMFY_DIED'))
      return true;
  return false;
}

/** The ending that an aborted job has, whatever ComfyUI made of it; its late outputs are discarded (contract 8.5). */
function givenUp(run: JobRun): JobEnding | undefined {
  const giveUp = giveUpOf(run.signal);
  switch (giveUp?.kind) {
    case undefined:
      return undefined;
    case 'cancelled':
      return { kind: 'settle', settlement: { status: 'cancelled' } };
    case 'timeout':
      return failed(timedOut(run.jobTimeoutMs));
    case 'shutdown':
      return { kind: 'give-back' };
    case 'lost':
    case 'gone':
      return { kind: 'abandon', why: giveUp.kind };
  }
}

function serverGone(run: JobRun, error: ErrorInfo, accepted: boolean): JobEnding {
  if (!error.retryable) return failed(error);
  if (accepted && run.attempt >= MAX_ATTEMPTS) return failed(serverDiedTooOften(run.attempt, error));
  return { kind: 'requeue', error, counted: accepted };
}

function failed(error: ErrorInfo): JobEnding {
  return { kind: 'settle', settlement: { status: 'failed', error: errorText(error) }, error };
}

async function cardOf(comfy: ComfyServer): Promise<{ totalMiB: number | null; freeMiB: number | null }> {
  try {
    const { vramTotalMiB, vramFreeMiB } = await comfy.stats();
    return { totalMiB: vramTotalMiB, freeMiB: vramFreeMiB };
  } catch {
    return { totalMiB: null, freeMiB: null };
  }
}
