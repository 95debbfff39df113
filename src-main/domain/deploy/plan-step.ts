import { type ErrorCode, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { DeployAct, PlanStep, StepId } from './deploy-view.ts';
import type { Findings } from './findings.ts';

/** What should be on the machine. */
export interface Wanted {
  act: DeployAct;
  /** Name of the release that this console brings. */
  release: string;
  /** SHA-256 of its bundle. */
  sha256: string;
  runtime: 'compose' | 'process' | 'external';
  /** What a person has to say before there can be a configuration; null for nothing. */
  missing: { message: string; remedy: string } | null;
  /** compose: name of ComfyUI's image; else null. */
  image: string | null;
  /** Where ComfyUI will look for models; null where nobody said and it is not known. */
  modelsPath: string | null;
  /** Address of Redis as the agent will use it. */
  redisHost: string;
  /** Ports that workers will use, the first worker's first. */
  ports: readonly number[];
  /** Those of the configuration that stands there now; none where there is none. */
  standingPorts: readonly number[];
  /** Whether configuration and service files on the machine are what they should be. */
  configurationCurrent: boolean;
  serviceCurrent: boolean;
  /** The way to participants' files (delivery.ts), or what takes it back; null where there is nothing to do or say. */
  way: PlanStep | null;
  /** Redis is reached through the SSH of the VPS, without a tailnet. */
  tunnel: boolean;
  /** Steps that the host leaves out. */
  skip: ReadonlySet<StepId>;
  /** Node that is brought where there is none, e.g. "v24.21.0", and from where. */
  node: { version: string; mirror: string };
}

export function step(id: StepId, title: string, more: Partial<PlanStep> & { why: string }): PlanStep {
  return {
    id,
    title,
    state: 'needed',
    commands: [],
    asRoot: false,
    skippable: false,
    problem: null,
    ...more,
  };
}

export function blocked(
  code: ErrorCode,
  message: string,
  remedy: string,
): Partial<PlanStep> & { why: string } {
  return { state: 'blocked', why: message, problem: new WorkshopError(code, message, { remedy }).toInfo() };
}

/** As `blocked`, but it stops nothing: the host is told, in the plan and again when all is done. */
export function warned(...said: Parameters<typeof blocked>): Partial<PlanStep> & { why: string } {
  return { ...blocked(...said), state: 'warned' };
}

/** A step for root: blocked where nobody can become root. */
export function installing(
  found: Findings,
  id: StepId,
  title: string,
  why: string,
  commands: string[],
): PlanStep {
  const able = found.sudo !== 'none' && found.packages !== null;
  const wanted = { commands, asRoot: true, skippable: true };
  if (able) return step(id, title, { ...wanted, why });
  return step(id, title, {
    ...wanted,
    ...blocked(
      found.sudo === 'none' ? 'HOST_NO_SUDO' : 'HOST_UNSUITABLE',
      found.sudo === 'none'
        ? `${why} ${found.user} may not become root on this machine (no sudo).`
        : `${why} This system (${found.os.name || found.os.id}) has no apt, so it is not installed from here.`,
      'Log in as root or as a user with sudo, have it installed by whoever runs the machine, or skip this.',
    ),
  });
}
