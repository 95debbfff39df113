import { create } from 'zustand';
import type { ErrorInfo, ImportDraft, ImportReceipt, RedisProof } from '../../../src-main/api/types.ts';

/**
 * The import under way, so that it is still there after a look at another screen. Holds what main gives out: masked
 * values only.
 */
export interface ImportState {
  draft: ImportDraft | null;
  accepted: string[];
  receipt: ImportReceipt | null;
  proof: RedisProof | null;
  problem: ErrorInfo | null;
}

const FRESH: ImportState = { draft: null, accepted: [], receipt: null, proof: null, problem: null };

export const useImport = create<ImportState>(() => FRESH);

export const beginImport = (draft: ImportDraft) => useImport.setState({ ...FRESH, draft });
export const endImport = () => useImport.setState(FRESH);
