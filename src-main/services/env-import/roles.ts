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

/** What would become of a .env on a machine. Its texts hold secrets and stay in main. */
export interface EnvEdit {
  /** Where it lies, absolute. */
  file: string;
  /** The keys that change, with their values as they may be shown. */
  added: (readonly [key: string, shown: string])[];
  before: string;
  after: string;
  /** Compose services that take it over only by being made anew. */
  services: string[];
}

/** What an import of today would add to what was imported to a GPU host earlier. */
export interface Completion extends EnvEdit {
  /** Where it was read, in words. */
  source: string;
  /** @returns where the old file went; null when there was none. @throws WorkshopError CONFLICT, HOST_FILE. */
  write(): Promise<string | null>;
}
