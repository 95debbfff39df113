import { z } from 'zod';

/** One GPU as nvidia-smi reports it (contract 6.1). null means the driver did not say; it never means zero. */
export const gpuSchema = z.object({
  index: z.number().int().nonnegative(),
  uuid: z.string().nullable(),
  name: z.string().nullable(),
  memoryTotalMiB: z.number().nonnegative().nullable(),
  memoryUsedMiB: z.number().nonnegative().nullable(),
  memoryFreeMiB: z.number().nonnegative().nullable(),
  /** Percent. */
  utilization: z.number().min(0).max(100).nullable(),
  temperatureC: z.number().nullable(),
  powerW: z.number().nonnegative().nullable(),
  powerLimitW: z.number().nonnegative().nullable(),
});
export type Gpu = z.infer<typeof gpuSchema>;

/** VRAM that one worker's processes hold on one GPU. */
export const workerVramSchema = z.object({
  workerId: z.string(),
  gpuIndex: z.number().int().nonnegative(),
  memoryMiB: z.number().nonnegative(),
});
export type WorkerVram = z.infer<typeof workerVramSchema>;

/** Where a running job is. `preparing` = before ComfyUI took it; `loading` = models; `running` = nodes tick. */
export const jobPhaseSchema = z.enum(['preparing', 'queued', 'loading', 'running', 'delivering', 'settling']);
export type JobPhase = z.infer<typeof jobPhaseSchema>;

/** Progress of one running job. */
export const jobProgressSchema = z.object({
  workerId: z.string(),
  jobId: z.string(),
  phase: jobPhaseSchema,
  /** Share of the whole job, 0 to 1; null while it cannot be known. */
  fraction: z.number().min(0).max(1).nullable(),
  /** class_type of the node at work. */
  node: z.string().nullable(),
  step: z.number().nullable(),
  steps: z.number().nullable(),
});
export type JobProgress = z.infer<typeof jobProgressSchema>;

/**
 * Published once a second and host on `agent:live`. Not stored: whoever missed one gets the next.
 * `at` is Redis time in epoch milliseconds.
 */
export const liveFrameSchema = z.object({
  protocol: z.number().int(),
  hostId: z.string(),
  at: z.number(),
  gpus: z.array(
    gpuSchema.pick({
      index: true,
      memoryUsedMiB: true,
      memoryFreeMiB: true,
      utilization: true,
      temperatureC: true,
      powerW: true,
    }),
  ),
  vram: z.array(workerVramSchema),
  progress: z.array(jobProgressSchema),
});
export type LiveFrame = z.infer<typeof liveFrameSchema>;
