import type { ErrorInfo } from '../../../worker-agent/src/contract/errors.ts';
import type { LocalDay } from '../../domain/history/local-day.ts';
import type { Recap } from '../../domain/history/recap.ts';
import type { RecapTable } from '../../domain/history/recap-csv.ts';

/** What is kept of the workshop on this laptop's disk. */
export interface HistoryService {
  /** How the keeping goes. */
  state(): HistoryState;
  /** Days of which something is kept, newest first; empty before a workshop is set up. */
  days(): Promise<{ day: LocalDay; bytes: number }[]>;
  /** @throws WorkshopError BAD_INPUT for text that names no day. */
  recap(input: { day: LocalDay }): Promise<Recap>;
  /** One table of a day as a CSV file. */
  table(input: { day: LocalDay; table: RecapTable }): Promise<{ fileName: string; text: string }>;
}

/** Asks the person for a place and puts the page there as a PDF. `browser`: the shell cannot, the page prints itself. */
export type Print = (fileName: string) => Promise<Printed>;

export type Printed = { kind: 'saved'; path: string } | { kind: 'cancelled' } | { kind: 'browser' };

export interface HistoryState {
  /** Everything until then is safely on the disk, local epoch ms; null before the first. */
  savedUntil: number | null;
  /** `part`: something of this day is left out, and stays so; `nothing`: the disk takes none at the moment. */
  keeps: 'all' | 'part' | 'nothing';
  /** Why not all is kept; null while it is. */
  fault: ErrorInfo | null;
}
