import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import type { Findings } from '../../domain/deploy/findings.ts';
import type { Wanted } from '../../domain/deploy/plan-step.ts';
import type { Machine } from './machine.ts';
import type { AgentBundle, AgentEar } from './roles.ts';

/** All that a step may need. */
export interface Work {
  machine: Machine;
  found: Findings;
  wanted: Wanted;
  bundle: AgentBundle;
  /** What agent.env should hold. */
  envText: string;
  hostId: string;
  /** The VPS as it was opened for this run; null where it is away or there is none. */
  vps: RemoteHost | null;
  /** `host:port` there that the agent's key is let through to; null for none. */
  permit: string | null;
  /** Where the VPS's sshd reads the agent's key: absolute, or '' for the usual file. */
  keyFile: string;
  ear: AgentEar;
  signal: AbortSignal;
  say(line: string): void;
  /** The step waits until a person has logged in there; null: no longer. */
  login(url: string | null): void;
  /** 0 to 1 of the present step. */
  progress(fraction: number): void;
  /** Instance of the agent that was heard before this run; null for none. */
  heardBefore: string | null;
}
