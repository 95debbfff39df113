import { type ErrorCode, WorkshopError } from '../../contract/errors.ts';
import type { CommandResult } from './run-command.ts';

type Failure = Exclude<CommandResult, { kind: 'aborted' }>;

interface KnownFailure {
  pattern: RegExp;
  /** Why, as the end of a sentence that begins with what was tried. */
  why: string;
  remedy: string;
  code?: ErrorCode;
}

/** What Docker and compose print when something fails, and what a person can do. The only place that matches their text. */
const KNOWN: readonly KnownFailure[] = [
  {
    pattern: /permission denied.*docker.*sock|dial unix.*permission denied/is,
    why: 'this user may not talk to Docker',
    remedy: 'Run the agent as root or add its user to the group docker, then start it again.',
  },
  {
    pattern: /cannot connect to the docker daemon|is the docker daemon running|couldn't connect to docker/is,
    why: 'Docker is not running',
    remedy:
      'Look this machine over on the console’s Hosts screen, which starts it; or there: sudo systemctl start docker',
  },
  {
    pattern: /could not select device driver|unknown or invalid runtime name: nvidia/i,
    why: 'Docker on this machine cannot hand a GPU to a container',
    remedy:
      'Deploy from the console’s Hosts screen, which sets up the NVIDIA Container Toolkit; or install it there, then: sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker',
  },
  {
    pattern: /nvidia-container-cli.*(unknown device|device error|no such device)/is,
    why: 'the GPU it asks for does not exist on this machine',
    remedy: 'Compare GPU_IDS with the output of: nvidia-smi -L',
  },
  {
    pattern: /nvidia-container-cli/i,
    why: 'the NVIDIA driver of this machine does not work with its container toolkit',
    remedy: 'Check that nvidia-smi works on the host; after a driver upgrade restart the machine.',
  },
  {
    pattern: /port is already allocated|address already in use/i,
    why: 'its port is taken by another program',
    remedy: 'Stop the other program, or set COMFYUI_BASE_PORT to a free range.',
  },
  {
    pattern: /no space left on device/i,
    why: 'the disk is full',
    remedy: 'Free some space; docker system df shows what Docker holds.',
  },
  {
    pattern: /toomanyrequests|pull rate limit/i,
    why: 'the image registry limits how often this machine may pull',
    remedy: 'Wait, or log in to the registry with: docker login',
  },
  {
    pattern:
      /pull access denied|manifest unknown|manifest for .* not found|repository .* not found|invalid reference format/i,
    why: 'the registry has no such image, or does not give it to this machine',
    remedy: 'Check COMFYUI_IMAGE, log in with docker login, or set COMFYUI_BUILD to build the image here.',
  },
  {
    pattern:
      /no such host|temporary failure in name resolution|i\/o timeout|tls handshake timeout|server misbehaving|failed to do request|connection refused/i,
    why: 'the image registry cannot be reached',
    remedy: 'Check this machine’s internet connection; the agent tries again by itself.',
  },
  {
    pattern: /container name .* is already in use/i,
    why: 'another container already has its name',
    remedy: 'Remove the other container with docker rm, or set COMPOSE_PROJECT to another name.',
  },
  {
    pattern: /bind source path does not exist|invalid mount config/i,
    why: 'a folder it needs does not exist on this machine',
    remedy: 'Check MODELS_PATH, INPUTS_PATH and OUTPUTS_PATH.',
  },
];

/**
 * Turns a failed docker or compose command into our error.
 * @param what what was tried, as a sentence without its full stop: "worker-1 could not be started".
 */
export function dockerFailure(what: string, failure: Failure): WorkshopError {
  if (failure.kind === 'missing')
    return new WorkshopError('RUNTIME_START', `${what}: Docker is not installed on this machine.`, {
      remedy: 'Install Docker Engine with the compose plugin, or choose RUNTIME=external or process.',
    });
  if (failure.kind === 'timeout')
    return new WorkshopError(
      'RUNTIME_START',
      `${what}: Docker did not finish within ${Math.round(failure.afterMs / 1000)} s.`,
      { remedy: 'See whether Docker hangs: docker ps. Restarting it ends all its containers.' },
    );
  const text = failure.stderr || failure.stdout;
  const known = KNOWN.find(({ pattern }) => pattern.test(text));
  if (known)
    return new WorkshopError(known.code ?? 'RUNTIME_START', `${what}: ${known.why}.`, {
      remedy: known.remedy,
    });
  return new WorkshopError('RUNTIME_START', `${what}: ${lastLine(text) || `exit code ${failure.code}`}`);
}

function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1)?.trim() ?? '';
  return line.length > 400 ? `${line.slice(0, 400)}…` : line;
}
