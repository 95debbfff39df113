import { WorkshopError } from '../../contract/errors.ts';
import { type Docker, succeeded } from './docker.ts';
import { runCommand } from './run-command.ts';

/** A compose that can run our file. */
export interface ComposeCommand {
  /** As it reports itself, e.g. 2.34.0 or 1.29.2. */
  readonly version: string;
  /** First words of its command: `docker compose` or `docker-compose`. */
  readonly argv: readonly string[];
}

/** GPU reservations by device id came with 1.28. */
const OLDEST = [1, 28] as const;

/**
 * Finds compose: the plugin `docker compose` (v2 and later) first, else the old `docker-compose`.
 * @throws WorkshopError RUNTIME_START when there is none, or only one that is too old.
 */
export async function findCompose(docker: Docker, signal?: AbortSignal): Promise<ComposeCommand> {
  const tooOld: string[] = [];
  for (const argv of [[...docker.command, 'compose'], ['docker-compose']]) {
    const result = await runCommand([...argv, 'version', '--short'], {
      environment: docker.environment,
      timeoutMs: 30_000,
      signal,
    });
    if (result.kind === 'aborted') succeeded('Looking for compose', result);
    if (result.kind !== 'done' || result.code !== 0) continue;
    const version = result.stdout.match(/\d+\.\d+(\.\d+)?/)?.[0];
    if (version === undefined) continue;
    if (isRecent(version)) return { version, argv };
    tooOld.push(`${argv.at(-1)} ${version}`);
  }
  throw new WorkshopError(
    'RUNTIME_START',
    tooOld.length > 0
      ? `${tooOld.join(' and ')} cannot hand GPUs to containers; 1.28 or later is needed.`
      : 'Docker compose is not installed on this machine.',
    {
      remedy:
        'Deploy from the console’s Hosts screen, which installs it; or there: sudo apt-get install docker-compose-plugin (or docker-compose).',
    },
  );
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** Words of the command that creates and starts one worker's container, and nothing it might depend on (contract 3.3). */
export function composeUpArgv(
  compose: ComposeCommand,
  project: string,
  file: string,
  workerId: string,
): string[] {
  return [
    ...compose.argv,
    ...['-p', project, '-f', file],
    ...['up', '-d', '--no-deps', '--no-build', workerId],
  ];
}

/**
 * Creates or re-creates one worker's container as the file has it, and starts it. Containers of other workers are not touched.
 * @throws WorkshopError RUNTIME_START.
 */
export async function composeUp(
  docker: Docker,
  compose: ComposeCommand,
  where: { project: string; file: string; workerId: string },
  signal?: AbortSignal,
): Promise<void> {
  const argv = composeUpArgv(compose, where.project, where.file, where.workerId);
  const result = await runCommand(argv, { environment: docker.environment, timeoutMs: 300_000, signal });
  succeeded(`ComfyUI of ${where.workerId} could not be started`, result);
}
