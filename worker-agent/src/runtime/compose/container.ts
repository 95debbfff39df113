import { z } from 'zod';
import { WorkshopError } from '../../contract/errors.ts';
import { LABELS } from './compose-file.ts';
import type { Docker } from './docker.ts';

const moment = z.string().transform((text) => {
  const ms = Date.parse(text);
  // Docker writes year 1 for "never".
  return Number.isNaN(ms) || ms < 0 ? null : ms;
});

const inspectionSchema = z
  .object({
    Id: z.string(),
    Name: z.string(),
    Image: z.string(),
    Path: z.string().default(''),
    Args: z.array(z.string()).nullish(),
    RestartCount: z.number().int().default(0),
    State: z.object({
      Status: z.string(),
      Pid: z.number().int().default(0),
      ExitCode: z.number().int().default(0),
      OOMKilled: z.boolean().default(false),
      Error: z.string().default(''),
      StartedAt: moment,
      FinishedAt: moment,
    }),
    HostConfig: z.object({ Memory: z.number().default(0) }).nullish(),
    Config: z.object({
      Image: z.string().default(''),
      Labels: z.record(z.string(), z.string()).nullish(),
    }),
  })
  .transform((raw) => ({
    id: raw.Id,
    name: raw.Name.replace(/^\//, ''),
    image: raw.Config.Image,
    argv: [raw.Path, ...(raw.Args ?? [])],
    /** Restarts by Docker's own policy since the container was created. */
    restartCount: raw.RestartCount,
    status: raw.State.Status,
    /** Host PID of its first process; 0 when it does not run. */
    pid: raw.State.Pid,
    exitCode: raw.State.ExitCode,
    outOfMemory: raw.State.OOMKilled,
    /** Why Docker could not start it, if so. */
    error: raw.State.Error,
    /** Epoch ms by the host's clock; null = never. */
    startedAt: raw.State.StartedAt,
    finishedAt: raw.State.FinishedAt,
    /** RAM limit in bytes; 0 = none. */
    memoryLimitBytes: raw.HostConfig?.Memory ?? 0,
    labels: raw.Config.Labels ?? {},
  }));

/** A container as Docker describes it. `status` is created, running, paused, restarting, removing, exited or dead. */
export type Container = z.infer<typeof inspectionSchema>;

const PROJECT_LABEL = 'com.docker.compose.project';

/** Describes containers by id or name; those that are gone meanwhile are left out. @throws WorkshopError RUNTIME_START. */
export async function inspectContainers(
  docker: Docker,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Container[]> {
  if (ids.length === 0) return [];
  const what = 'The containers could not be looked at';
  // One unknown id makes the exit code 1 while the others are still described. One that is just being removed may be
  // refused in other words first, and be unknown a moment later.
  const look = async () => {
    const result = await docker.run(['container', 'inspect', ...ids], { signal });
    const vanished = result.kind === 'done' && /no such container/i.test(result.stderr);
    return vanished ? result.stdout : undefined;
  };
  const text =
    (await look()) ??
    (await docker.must(what, ['container', 'inspect', ...ids], { signal }).catch(async (cause: unknown) => {
      const left = await look();
      if (left === undefined) throw cause;
      return left;
    }));
  const parsed = z.array(inspectionSchema).safeParse(JSON.parse(text || '[]'));
  if (!parsed.success)
    throw new WorkshopError('RUNTIME_START', `${what}: docker inspect answered something unexpected.`, {
      cause: parsed.error,
    });
  return parsed.data;
}

/** Ids of containers, running or not, that carry all the labels given as `name=value` or `name`. */
async function containerIds(
  docker: Docker,
  labels: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  const filters = labels.flatMap((label) => ['--filter', `label=${label}`]);
  const text = await docker.must(
    'The containers could not be listed',
    ['ps', '--all', '--quiet', '--no-trunc', ...filters],
    { signal },
  );
  return text.split('\n').filter((line) => line !== '');
}

/** The containers of a project that we made. @throws WorkshopError RUNTIME_START. */
export async function workerContainers(
  docker: Docker,
  project: string,
  signal?: AbortSignal,
): Promise<Container[]> {
  const ids = await containerIds(docker, [`${PROJECT_LABEL}=${project}`, LABELS.worker], signal);
  return inspectContainers(docker, ids, signal);
}

/** One worker's container, or null when there is none. @throws WorkshopError RUNTIME_START. */
export async function workerContainer(
  docker: Docker,
  project: string,
  workerId: string,
  signal?: AbortSignal,
): Promise<Container | null> {
  const labels = [`${PROJECT_LABEL}=${project}`, `${LABELS.worker}=${workerId}`];
  const [id] = await containerIds(docker, labels, signal);
  return id === undefined ? null : ((await inspectContainers(docker, [id], signal))[0] ?? null);
}
