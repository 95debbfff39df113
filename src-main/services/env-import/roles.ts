import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import type { ImportReview } from '../../domain/env-file/import-review.ts';

/** What the import needs of the rest; app/compose.ts hands it in. */
export interface ImportMachines {
  /** This computer, for files that lie here. */
  local: RemoteHost;
  /** @throws WorkshopError WRONG_STATE when no VPS is set up, or why it cannot be reached. */
  vps(): Promise<RemoteHost>;
  /** @throws WorkshopError NOT_FOUND for an unknown one, or why it cannot be reached. */
  gpuHost(id: string): Promise<RemoteHost>;
}

/** An import under way, as the renderer may know it: secrets are masked. */
export interface ImportDraft {
  id: string;
  /** Where the file came from, in words. */
  source: string;
  /** Null when the VPS was not asked. */
  askedVps: boolean;
  /** A sentence when the VPS could not be asked. */
  notice: string | null;
  review: ImportReview;
  /** The GPU host that it goes to; null while none is chosen. */
  target: { hostId: string; where: string; path: string; exists: boolean } | null;
}

export interface ImportReceipt {
  where: string;
  path: string;
  bytes: number;
  /** Where the file that stood there went; null when there was none. */
  backup: string | null;
  changed: number;
}
