import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Redis } from 'ioredis';

/**
 * Judges a workshop after a storm. It shares no code with the agent: it reads Redis and the disk with its own eyes,
 * spelling keys and rules out of the platform contract (1.1, 1.2, 1.7).
 */

/** What was handed in, kept by the test itself. */
export interface Submitted {
  id: string;
  userId: string;
  /** The workflow's raw text as submitted. */
  workflow: string;
  /** How it must end when nobody cancels it. */
  expected: 'completed' | 'failed';
  /** Somebody asked to cancel it at some time: then `cancelled`, or gone from Redis, is right as well. */
  cancelAsked: boolean;
  /** Redis itself forgot it (the un-synced second of its append-only file): nobody can know of it any more. */
  forgotten: boolean;
}

export interface Verdict {
  completed: number;
  failed: number;
  cancelled: number;
  deleted: number;
  problems: string[];
}

const TERMINAL = ['queue:completed', 'queue:failed'] as const;

/** Looks at every submitted job and at the queues as a whole. */
export async function judge(
  redis: Redis,
  submitted: readonly Submitted[],
  outputs: string,
): Promise<Verdict> {
  const verdict: Verdict = { completed: 0, failed: 0, cancelled: 0, deleted: 0, problems: [] };
  const completedByUser = new Map<string, number>();
  const filesSeen = new Map<string, string>();
  for (const job of submitted) {
    if (job.forgotten) continue;
    const status = await judgeJob(redis, job, outputs, filesSeen, verdict);
    if (status === 'completed') completedByUser.set(job.userId, (completedByUser.get(job.userId) ?? 0) + 1);
  }
  await judgeQueues(redis, submitted, verdict);
  for (const userId of new Set(submitted.map((job) => job.userId))) {
    const counted = Number((await redis.get(`user:${userId}:completed`)) ?? 0);
    const ended = completedByUser.get(userId) ?? 0;
    if (counted !== ended)
      verdict.problems.push(`${userId}: counter says ${counted} completed, jobs say ${ended}`);
  }
  await judgeFolders(submitted, outputs, verdict);
  return verdict;
}

async function judgeJob(
  redis: Redis,
  job: Submitted,
  outputs: string,
  filesSeen: Map<string, string>,
  verdict: Verdict,
): Promise<string> {
  const complain = (what: string) => verdict.problems.push(`${job.id} (${job.userId}): ${what}`);
  const text = await redis.get(`job:${job.id}`);
  if (text === null) {
    if (job.cancelAsked) verdict.deleted += 1;
    else complain('lost: its key is gone');
    return 'gone';
  }
  if (!text.includes(`"workflow":${job.workflow},"status":`)) complain('its workflow text changed');
  const fields = readFields(text);
  if (!fields) {
    complain('its text is no longer JSON');
    return 'unreadable';
  }
  const inTerminal: string[] = [];
  for (const queue of TERMINAL) if ((await redis.zscore(queue, job.id)) !== null) inTerminal.push(queue);
  const right =
    fields.status === job.expected ||
    (job.cancelAsked && fields.status === 'cancelled') ||
    // The promise for a job whose ComfyUI dies under it twice: it ends, with a sentence.
    (fields.status === 'failed' && /stopped in the middle of this job twice/.test(fields.error ?? ''));
  if (!right)
    complain(`ended as ${fields.status} (${String(fields.error).slice(0, 160)}), expected ${job.expected}`);
  if (!fields.completed_at) complain(`${fields.status} without completed_at`);
  const wanted =
    fields.status === 'completed' ? 'queue:completed' : fields.status === 'failed' ? 'queue:failed' : '';
  if (inTerminal.join() !== wanted) complain(`${fields.status} but stands in [${inTerminal.join()}]`);
  if (fields.status === 'completed') {
    verdict.completed += 1;
    judgeOutputs(job, fields.result, outputs, filesSeen, complain);
  } else if (fields.status === 'failed') verdict.failed += 1;
  else if (fields.status === 'cancelled') verdict.cancelled += 1;
  return fields.status ?? 'none';
}

interface JobFields {
  status?: string;
  result?: { outputs?: unknown };
  completed_at?: string;
  error?: string;
}

function readFields(text: string): JobFields | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function judgeOutputs(
  job: Submitted,
  result: { outputs?: unknown } | undefined,
  outputs: string,
  filesSeen: Map<string, string>,
  complain: (what: string) => void,
): void {
  const files = listFiles(result?.outputs).filter((file) => file.type === 'output');
  if (files.length === 0) complain('completed without an output file');
  for (const file of files) {
    const path = join(file.subfolder, file.filename);
    const folder = path.split(sep)[0];
    if (folder !== job.userId) complain(`its output ${path} is in the folder of ${folder}`);
    if (!existsSync(join(outputs, path))) complain(`its output ${path} is not on disk`);
    const other = filesSeen.get(path);
    if (other) complain(`its output ${path} is also claimed by ${other}`);
    filesSeen.set(path, job.id);
  }
}

function listFiles(value: unknown): { filename: string; subfolder: string; type: string }[] {
  if (Array.isArray(value)) return value.flatMap(listFiles);
  if (typeof value !== 'object' || value === null) return [];
  if ('filename' in value && 'subfolder' in value && 'type' in value)
    return [
      { filename: String(value.filename), subfolder: String(value.subfolder), type: String(value.type) },
    ];
  return Object.values(value).flatMap(listFiles);
}

async function judgeQueues(redis: Redis, submitted: readonly Submitted[], verdict: Verdict): Promise<void> {
  for (const queue of ['queue:pending', 'queue:running']) {
    const left = await redis.zrange(queue, '0', '-1');
    if (left.length > 0)
      verdict.problems.push(`${queue} still holds ${left.length}: ${left.slice(0, 5).join()}`);
  }
  const known = new Set(submitted.map((job) => job.id));
  for (const queue of TERMINAL)
    for (const id of await redis.zrange(queue, '0', '-1'))
      if (!known.has(id)) verdict.problems.push(`${queue} holds ${id}, which nobody submitted`);
}

async function judgeFolders(
  submitted: readonly Submitted[],
  outputs: string,
  verdict: Verdict,
): Promise<void> {
  if (!existsSync(outputs)) return;
  const users = new Set(submitted.map((job) => job.userId));
  for (const entry of await readdir(outputs, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = relative(outputs, join(entry.parentPath, entry.name));
    const folder = path.split(sep)[0] ?? '';
    if (!users.has(folder)) verdict.problems.push(`${path} lies in no participant's folder`);
  }
}
