import type { RemoteHost } from '../../connections/hosts/remote-host.ts';

/** What the import needs of the rest; app/compose.ts hands it in. */
export interface ImportMachines {
  /** This computer, for files that lie here. */
  local: RemoteHost;
  /** @throws WorkshopError WRONG_STATE when no VPS is set up, or why it cannot be reached. */
  vps(): Promise<RemoteHost>;
  /** @throws WorkshopError NOT_FOUND for an unknown one, or why it cannot be reached. */
  gpuHost(id: string): Promise<RemoteHost>;
  /** The folder that its agent is preferably deployed to. */
  agentRoot(id: string): Promise<string>;
}
