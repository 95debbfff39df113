import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import type { DeployChoices } from '../../domain/deploy/agent-settings.ts';
import type { BegunRun } from '../../domain/deploy/begun-run.ts';

/** What deploying needs of the rest; app/compose.ts hands it in. */

/** A machine that an agent can be deployed to. */
export interface DeployTarget {
  id: string;
  /** As the host calls it. */
  name: string;
  /** In words: "root@100.64.0.7" or "this computer". */
  where: string;
  /** What other hosts read; default `name (where)`. */
  toldAs?: string;
  /** AGENT_HOST_ID of its agent. */
  hostId: string;
  /** Install folder; default domain/deploy/layout.ts. */
  root?: string | undefined;
}

export interface Vps {
  /** As this console logs in to it: an address, a name, or an alias of ~/.ssh/config. */
  login: string;
  /** May wait while a question is open. @throws WorkshopError when it cannot be reached. */
  open(): Promise<RemoteHost>;
}

export interface DeployTargets {
  /** As last read. */
  list(): readonly DeployTarget[];
  /** Reads the list anew: a machine that was added a moment ago is in it afterwards. */
  refresh(): Promise<void>;
  /** @returns a function that ends it. */
  onChange(listener: () => void): () => void;
  /** @throws WorkshopError when the machine cannot be reached; NOT_FOUND for an unknown one. */
  open(targetId: string): Promise<RemoteHost>;
  /** The workshop's VPS, where participants' files are; null where it has no login to one. */
  vps(): Promise<Vps | null>;
  /** What this console knows of its agent.env: how to reach Redis. What was imported to the machine goes over it. */
  configuration(targetId: string): Promise<Readonly<Record<string, string>>>;
}

/** The agent that this console brings along. */
export interface AgentBundle {
  path: string;
  version: string;
  sha256: string;
  units: { system: string; user: string };
  /** Of our ComfyUI image. */
  dockerfile: string;
}

/** An agent's last word as this console heard it. `at`: local epoch ms. */
export interface Heard {
  instance: string;
  at: number;
  running: boolean;
  version: string;
  workers: number;
}

export interface AgentEar {
  heard(hostId: string): Heard | null;
  /** Worker ids of the agents on other machines that live now, the machine's own left out. */
  workersElsewhere(hostId: string): string[];
  /** Why this console does not hear agents now; null while it does. */
  deaf(): { why: string; remedy: string } | null;
}

/** How ComfyUI is to run on each machine, as the host chose. */
export interface ChoicesStore {
  /** Never throws: choices that cannot be read are none. */
  load(): Promise<Record<string, DeployChoices>>;
  /** @throws WorkshopError CONFIG when they cannot be kept. */
  save(choices: Record<string, DeployChoices>): Promise<void>;
}

/** Runs that have begun and not ended, by machine. */
export interface RunsStore {
  /** Never throws: what cannot be read is none. */
  load(): Promise<Record<string, BegunRun>>;
  /** @throws WorkshopError CONFIG when they cannot be kept. */
  save(runs: Record<string, BegunRun>): Promise<void>;
}
