import { networkInterfaces } from 'node:os';
import { WorkshopError } from '../../contract/errors.ts';
import { LABELS } from './compose-file.ts';
import { type Container, inspectContainers } from './container.ts';
import type { Docker } from './docker.ts';

/** Something of the platform's own on this machine that would work against the agent (contract 3.3, 8.23). */
export type PlatformConflict =
  /** It claims jobs from the same queue. */
  | { kind: 'worker'; container: string }
  /** It sweeps the queue of another machine's Redis. */
  | { kind: 'queue-manager'; container: string };

/**
 * Looks for the platform's own worker, and for a queue-manager that was pulled up here by `depends_on` and sweeps the
 * VPS's queue. @throws WorkshopError RUNTIME_START when Docker does not say.
 */
export async function findPlatformConflicts(
  docker: Docker,
  signal?: AbortSignal,
): Promise<PlatformConflict[]> {
  const what = 'The running containers could not be listed';
  const ids = (await docker.must(what, ['ps', '--quiet', '--no-trunc'], { signal }))
    .split('\n')
    .filter(Boolean);
  const found: PlatformConflict[] = [];
  for (const container of await inspectContainers(docker, ids, signal)) {
    if (container.labels[LABELS.worker] !== undefined) continue;
    if (await runsPlatformWorker(docker, container, signal))
      found.push({ kind: 'worker', container: container.name });
    else if (isQueueManager(container) && (await sweepsElsewhere(docker, container, signal)))
      found.push({ kind: 'queue-manager', container: container.name });
  }
  return found;
}

/** The refusal, with the commands that put it right. */
export function platformConflictError(conflicts: readonly PlatformConflict[]): WorkshopError {
  const workers = conflicts.filter(({ kind }) => kind === 'worker').map(({ container }) => container);
  const managers = conflicts.filter(({ kind }) => kind === 'queue-manager').map(({ container }) => container);
  const sentences = [
    workers.length > 0
      ? `The platform’s own worker runs on this machine (${workers.join(', ')}) and would take jobs from the same queue, which loses jobs.`
      : '',
    managers.length > 0
      ? `A second queue-manager runs on this machine (${managers.join(', ')}) and meddles with the queue of the VPS.`
      : '',
  ];
  const names = [...workers, ...managers].join(' ');
  return new WorkshopError('WRONG_STATE', sentences.filter(Boolean).join(' '), {
    remedy: `Look this machine over on the console’s Hosts screen, which stops the worker; or stop it there for good with: docker update --restart=no ${names} && docker stop ${names}. To run beside it all the same, set ALLOW_PLATFORM_WORKER=true.`,
  });
}

const WORKER_PROGRAM = /(^|[/\s])(start-worker\.sh|worker\.py)(\s|$)/;

/** By what it was started with; one that only has the platform's name is asked for its processes. */
async function runsPlatformWorker(
  docker: Docker,
  container: Container,
  signal?: AbortSignal,
): Promise<boolean> {
  if (WORKER_PROGRAM.test(container.argv.join(' '))) return true;
  if (!/^(comfy|comfyume)-worker-\d+$/.test(container.name)) return false;
  const result = await docker.run(['top', container.id, '-eo', 'pid,args'], { signal });
  return result.kind === 'done' && result.stdout.split('\n').some((line) => WORKER_PROGRAM.test(line));
}

function isQueueManager(container: Container): boolean {
  return (
    /^(comfy|comfyume)-queue-manager$/.test(container.name) ||
    container.labels['com.docker.compose.service'] === 'queue-manager'
  );
}

/** Whether its REDIS_HOST is another machine. On a one-machine setup the queue-manager belongs here. */
async function sweepsElsewhere(docker: Docker, container: Container, signal?: AbortSignal): Promise<boolean> {
  const format = '{{range .Config.Env}}{{println .}}{{end}}';
  const result = await docker.run(['container', 'inspect', '--format', format, container.id], { signal });
  if (result.kind !== 'done' || result.code !== 0) return false;
  // Its environment holds the Redis password too; only this one line is kept.
  const host = result.stdout.match(/^REDIS_HOST=(.+)$/m)?.[1]?.trim();
  if (host === undefined || host === 'redis' || host === 'localhost' || /^127\./.test(host)) return false;
  const own = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
  return !own.includes(host);
}
