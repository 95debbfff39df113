import type { BulkReceipt } from './jobs.ts';

/** What holds for single people. Each act changes only what it names, so two hosts do not collide by chance. */
export interface PeopleService {
  hold(input: { userId: string; held: boolean }): Promise<{ revision: number }>;
  /** `was`: whose turn the person who clicked saw; another one by now gives CONFLICT. */
  nextTurn(input: { userId: string | null; was: string | null }): Promise<{ revision: number }>;
  /** `userId` null: everybody's. `was` as above. */
  cap(input: {
    userId: string | null;
    cap: number | null;
    was: number | null;
  }): Promise<{ revision: number }>;
  /** How many of their waiting jobs stand in line; as `cap`. */
  lineCap(input: {
    userId: string | null;
    cap: number | null;
    was: number | null;
  }): Promise<{ revision: number }>;
  /** All waiting jobs of one person; what runs goes on. */
  cancelWaiting(input: { userId: string }): Promise<BulkReceipt>;
}
