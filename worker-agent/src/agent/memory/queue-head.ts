import type { Redis } from 'ioredis';
import { capOf, type QueueControl, queueControlSchema } from '../../contract/desired.ts';
import { type JobText, readJobText, workflowBytes } from '../../contract/job-text.ts';
import { keys } from '../../contract/keys.ts';
import { describeWorkflow, traitsOfPrompt } from '../../contract/workflow-kind.ts';
import { signatureOfPrompt } from '../../contract/workflow-signature.ts';
import { readWorkflowText, type WorkflowText } from '../../contract/workflow-text.ts';

/** A waiting job as its memory need goes. */
export interface WaitingJob {
  jobId: string;
  userId: string;
  /** undefined when it cannot be told beforehand: large, unreadable, or in the editor's format. */
  workflow: { signature: string; kind: string; models: readonly string[] } | undefined;
}

export interface QueueHead {
  /**
   * The first jobs that wait, in the queue's order, without those whose user is held or at their cap,
   * and those behind the line.
   * @throws what Redis throws.
   */
  first(): Promise<WaitingJob[]>;
  /** Which of these wait. @throws what Redis throws. */
  waiting(jobIds: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Jobs looked at; behind them a job is claimed to be known. */
const DEPTH = 16;
/** Larger jobs are not fetched just to be looked at. */
const LARGE_BYTES = 256 * 1024;
/** Jobs remembered; their workflows never change. */
const KEPT = 500;

/** Looks at the head of the queue without taking anything; meant for the times when memory is short. */
export function readQueueHead(redis: Redis): QueueHead {
  const seen = new Map<string, WaitingJob>();

  const remember = (job: WaitingJob) => {
    seen.set(job.jobId, job);
    for (const oldest of seen.keys()) {
      if (seen.size <= KEPT) break;
      seen.delete(oldest);
    }
    return job;
  };
  const look = async (jobId: string): Promise<WaitingJob> => {
    const unknown = { jobId, userId: '', workflow: undefined };
    const bytes = await redis.getrangeBuffer(keys.job(jobId), 0, LARGE_BYTES).catch((cause: unknown) => {
      if (cause instanceof Error && cause.message.startsWith('WRONGTYPE')) return undefined;
      throw cause;
    });
    if (bytes === undefined || bytes.length === 0) return unknown;
    if (bytes.length > LARGE_BYTES) return remember(unknown);
    const text = textOf(bytes, jobId);
    return text ? remember({ jobId, userId: text.fields.user_id, workflow: workflowOf(text) }) : unknown;
  };

  return {
    async first() {
      const [ids, control] = await Promise.all([
        redis.zrange(keys.pending, 0, String(DEPTH - 1)),
        redis.get(keys.control),
      ]);
      const orders = readControl(control);
      const running = orders?.caps ? await runningByUser(redis) : undefined;
      const held = new Set(orders?.heldUsers);
      const atCap = (user: string) => (running?.get(user) ?? 0) >= (capOf(orders?.caps, user) ?? Infinity);
      const jobs = await Promise.all(ids.map((jobId) => seen.get(jobId) ?? look(jobId)));
      const may = jobs.filter((job) => !held.has(job.userId) && !atCap(job.userId));
      const places = new Map<string, number>();
      const inLine = may.filter(({ userId }) => {
        const place = (places.get(userId) ?? 0) + 1;
        places.set(userId, place);
        return place <= (capOf(orders?.lineCaps, userId) ?? Infinity);
      });
      return inLine.length > 0 ? inLine : may;
    },
    async waiting(jobIds) {
      if (jobIds.length === 0) return new Set();
      const scores = await redis.zmscore(keys.pending, ...jobIds);
      return new Set(jobIds.filter((_, at) => scores[at] != null));
    },
  };
}

/** What a workflow's use of memory goes by; undefined when ComfyUI cannot run it. */
export function workflowTraits(workflow: WorkflowText): WaitingJob['workflow'] {
  if (workflow.kind !== 'api') return undefined;
  const { memory, models } = signatureOfPrompt(workflow.nodes);
  return { signature: memory, models, kind: describeWorkflow(traitsOfPrompt(workflow.nodes)).label };
}

function workflowOf(text: JobText): WaitingJob['workflow'] {
  return workflowTraits(readWorkflowText(workflowBytes(text)));
}

function textOf(bytes: Buffer, jobId: string): JobText | undefined {
  try {
    return readJobText(bytes, jobId);
  } catch {
    // The claim parks it.
    return undefined;
  }
}

/** As the claim counts them (includes/control.lua). */
async function runningByUser(redis: Redis): Promise<Map<string, number>> {
  const ids = await redis.zrange(keys.running, 0, '-1');
  const users = await Promise.all(ids.map((id) => redis.hget(keys.claim(id), 'user')));
  const counts = new Map<string, number>();
  for (const user of users) if (user) counts.set(user, (counts.get(user) ?? 0) + 1);
  return counts;
}

function readControl(control: string | null): QueueControl | undefined {
  if (control === null) return undefined;
  try {
    return queueControlSchema.safeParse(JSON.parse(control)).data;
  } catch {
    return undefined;
  }
}
