import { dockerFailure } from './docker-failure.ts';
import { type CommandResult, runCommand } from './run-command.ts';

export interface RunOptions {
  /** Default 30 s. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
  onLine?: ((line: string) => void) | undefined;
}

/** The docker command line of this machine. */
export interface Docker {
  /** Environment for docker and compose: what they need and nothing else, so no secret of the agent travels on. */
  readonly environment: NodeJS.ProcessEnv;
  /** First words of the docker command. */
  readonly command: readonly string[];
  run(args: readonly string[], options?: RunOptions): Promise<CommandResult>;
  /**
   * As `run`, for a command that must succeed.
   * @param what what a failure means, for its sentence: "The image could not be pulled".
   * @returns standard output.
   * @throws WorkshopError RUNTIME_START; an AbortError-like DOMException when `signal` aborts.
   */
  must(what: string, args: readonly string[], options?: RunOptions): Promise<string>;
}

/** Names that docker and compose read from the environment and that a host may have set on purpose. */
const PASSED_ON = [
  ...['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR', 'XDG_RUNTIME_DIR', 'SSH_AUTH_SOCK'],
  ...['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
];

export interface DockerOptions {
  /** Default `['docker']`. */
  command?: readonly string[];
  /** Value for DOCKER_HOST; null leaves the agent's own. Must reach the Docker of this very machine. */
  host: string | null;
  environment?: NodeJS.ProcessEnv;
}

/** Prepares the docker command; nothing is run yet. */
export function createDocker(options: DockerOptions): Docker {
  const source = options.environment ?? process.env;
  const environment: NodeJS.ProcessEnv = {
    // Files of other workers in the project are not this command's business (compose 1.29 and v2).
    COMPOSE_IGNORE_ORPHANS: 'true',
    COMPOSE_PROGRESS: 'plain',
  };
  for (const name of PASSED_ON) if (source[name] !== undefined) environment[name] = source[name];
  if (options.host !== null) environment.DOCKER_HOST = options.host;
  const command = options.command ?? ['docker'];

  const run = (args: readonly string[], { timeoutMs = 30_000, signal, onLine }: RunOptions = {}) =>
    runCommand([...command, ...args], { environment, timeoutMs, signal, onLine });
  return {
    environment,
    command,
    run,
    async must(what, args, more) {
      return succeeded(what, await run(args, more));
    },
  };
}

/** Standard output of a command that must have succeeded. @throws WorkshopError RUNTIME_START, or AbortError. */
export function succeeded(what: string, result: CommandResult): string {
  if (result.kind === 'aborted') throw new DOMException(`${what}: given up`, 'AbortError');
  if (result.kind === 'done' && result.code === 0) return result.stdout;
  throw dockerFailure(what, result);
}
