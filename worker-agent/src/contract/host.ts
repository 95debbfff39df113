import { z } from 'zod';
import { gpuSchema, jobPhaseSchema, workerVramSchema } from './telemetry.ts';

/** Safe in a Redis key, a file name and a log line. */
export const hostIdSchema = z
  .string()
  .regex(/^[a-zA-Z0-9_.-]{1,64}$/, 'host id must be 1 to 64 letters, digits, . _ or -');
export const workerIdSchema = z
  .string()
  .regex(/^[a-zA-Z0-9_.-]{1,64}$/, 'worker id must be 1 to 64 letters, digits, . _ or -');

const errorInfoSchema = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string().optional(),
  retryable: z.boolean(),
});

/** A job that waits until its GPU has enough memory. MiB; null = not known. */
export const memoryWaitSchema = z.object({
  jobId: z.string(),
  /** What its kind was seen to need at its peak. */
  needMiB: z.number().nullable(),
  /** What it would have now, counting what its worker can evict. */
  freeMiB: z.number().nullable(),
});
export type MemoryWait = z.infer<typeof memoryWaitSchema>;

/** The job a worker has in hand. Times are Redis time, epoch ms. */
export const currentJobSchema = z.object({
  jobId: z.string(),
  userId: z.string(),
  /** Kind of workflow in a few words, e.g. "ltx2 text to video" (see workflow-kind.ts). */
  kind: z.string(),
  startedAt: z.number(),
  attempt: z.number().int().positive(),
  phase: jobPhaseSchema,
  /** Set while the job in hand does not compute because its GPU has too little memory. */
  waitingFor: memoryWaitSchema.optional(),
});
export type CurrentJob = z.infer<typeof currentJobSchema>;

/** What a worker is doing. `since` is Redis time, epoch ms. */
export const workerStateSchema = z.discriminatedUnion('kind', [
  /** Its ComfyUI server is coming up; `note` says how far it is. */
  z.object({ kind: z.literal('starting'), since: z.number(), note: z.string() }),
  /** `waitingFor`: it could take a job, but the one named has too little memory on this GPU now. */
  z.object({ kind: z.literal('idle'), since: z.number(), waitingFor: memoryWaitSchema.optional() }),
  z.object({ kind: z.literal('busy'), since: z.number(), job: currentJobSchema }),
  /** Finishes its job and takes no more. */
  z.object({ kind: z.literal('draining'), since: z.number(), job: currentJobSchema }),
  /** Ready, but takes no jobs until resumed. */
  z.object({ kind: z.literal('drained'), since: z.number() }),
  z.object({ kind: z.literal('stopping'), since: z.number() }),
  /** Its ComfyUI server cannot be used; `retryAt` says when the agent tries again, null when it needs a person. */
  z.object({
    kind: z.literal('failed'),
    since: z.number(),
    error: errorInfoSchema,
    retryAt: z.number().nullable(),
  }),
]);
export type WorkerState = z.infer<typeof workerStateSchema>;

export const workerStatusSchema = z.object({
  id: workerIdSchema,
  state: workerStateSchema,
  /** ComfyUI's address as the agent reaches it, and the version it reports. */
  endpoint: z.string().nullable(),
  comfyVersion: z.string().nullable(),
  gpuIndex: z.number().int().nullable(),
  /** Jobs settled since the agent started. */
  completed: z.number().int(),
  failed: z.number().int(),
});
export type WorkerStatus = z.infer<typeof workerStatusSchema>;

/** What one kind of workflow was seen to need at its peak on this host, over all its sizes (agent/memory). */
export const learnedNeedSchema = z.object({
  /** As in `currentJobSchema`. */
  kind: z.string().max(200),
  needMiB: z.number().nonnegative(),
  /** Observations that this rests on; 0 = only a run that had too little. */
  runs: z.number().int().nonnegative(),
});
export type LearnedNeed = z.infer<typeof learnedNeedSchema>;
/** Kinds told in a status, the ones seen last; it is written often and read over a slow link. */
export const NEEDS_TOLD = 12;

/**
 * A job that has left its GPU, whose files are brought away and whose end is still to be written. Its worker may have
 * another one in hand.
 */
export const finishingJobSchema = z.object({
  jobId: z.string(),
  userId: z.string(),
  workerId: workerIdSchema,
  /** When its computing ended, Redis time, epoch ms. */
  since: z.number(),
});
export type FinishingJob = z.infer<typeof finishingJobSchema>;
/** Most of them of one worker: with as many it takes no other job, so that a slow way does not pile up without end. */
export const FINISHING_MOST = 4;
/** Told in a status, the longest at it first. */
export const FINISHING_TOLD = 64;

/** Space on one file system of the host. */
export const diskSchema = z.object({
  /** The folder that was asked about, and what it is for in a word or two. */
  path: z.string().max(300),
  use: z.string().max(60),
  totalBytes: z.number().nonnegative(),
  /** What a process without special rights may still write. */
  freeBytes: z.number().nonnegative(),
});
export type Disk = z.infer<typeof diskSchema>;

/** Where finished files end up: on the VPS, where participants' browsers read them, or on this host. */
export const finishedFilesSchema = z.object({
  on: z.enum(['vps', 'here']),
  /** Absolute, on that machine; below it {user}/{job}/… (worker-agent/README.md). */
  path: z.string().startsWith('/').max(4096),
});
export type FinishedFiles = z.infer<typeof finishedFilesSchema>;

/**
 * `agent:host:{id}:status`: what the agent on one GPU host is and does. Written at every change and every 15 s;
 * kept without expiry, so that a console which starts later still knows the last word and its age.
 */
export const hostStatusSchema = z.object({
  protocol: z.number().int(),
  hostId: hostIdSchema,
  agentVersion: z.string(),
  /** Differs for each start of the agent. */
  instance: z.string(),
  /** Redis time of this word, epoch ms. */
  at: z.number(),
  startedAt: z.number(),
  /** How long after `at` the silence means something: the next word is due by then. */
  nextWithinMs: z.number(),
  phase: z.enum(['running', 'stopping', 'stopped']),
  runtime: z.enum(['external', 'process', 'compose']),
  queueMode: z.enum(['fifo', 'priority', 'round_robin', 'fair']),
  /** Revisions of desired state and control that this word has taken in; null before the first. */
  desiredRevision: z.number().int().nullable(),
  controlRevision: z.number().int().nullable(),
  /** Most workers this host may run (endpoints given, or a limit by configuration). */
  maxWorkers: z.number().int(),
  /** VRAM in MiB above which the host wants to be warned; null when the GPU is unknown. */
  guardMiB: z.number().nullable(),
  workers: z.array(workerStatusSchema),
  gpus: z.array(gpuSchema),
  /** Why there are no GPU figures, when there are none. */
  gpuError: errorInfoSchema.nullable(),
  vram: z.array(workerVramSchema),
  /** Absent from agents that do not tell it yet. */
  needs: z.array(learnedNeedSchema).max(NEEDS_TOLD).optional(),
  /** One entry a file system; absent while it is not known. */
  disks: z.array(diskSchema).max(8).optional(),
  /** Absent from agents that do not tell it. */
  finishing: z.array(finishingJobSchema).max(FINISHING_TOLD).optional(),
  /** Absent from agents that do not tell it. */
  files: finishedFilesSchema.optional(),
  /** Outputs of ended jobs that have not reached the VPS yet; absent from agents that do not tell it. */
  late: z.object({ jobs: z.number().int().nonnegative(), files: z.number().int().nonnegative() }).optional(),
});
export type HostStatus = z.infer<typeof hostStatusSchema>;
