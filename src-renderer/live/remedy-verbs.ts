import type { ErrorInfo, RemedyId, RemedyPlan, RemedyResult } from '../../src-main/api/types.ts';
import { sayFailed } from '../components/notice.tsx';
import { useVerb } from './command.ts';

/** What the host lets the console mend on a machine. */

export interface RemedyAt {
  machineId: string;
  remedy: RemedyId;
  /** The import that it is about. */
  draftId: string | null;
  /** As in `RemedyOffer`. */
  subject: string | null;
}

export function usePlanRemedy(done: (plan: RemedyPlan) => void) {
  return useVerb<RemedyAt, RemedyPlan>({
    run: (client, input) => client.remedies.plan.mutate(input),
    done,
    failed: (error, again) => sayFailed('The machine was not looked at', error, again),
  });
}

/** The caller shows what came of it where it was asked for. */
export function useCarryOutRemedy(done: (result: RemedyResult) => void, failed: (error: ErrorInfo) => void) {
  return useVerb<RemedyAt & { commands: string[]; sudoPassword: string | null }, RemedyResult>({
    run: (client, input) => client.remedies.carryOut.mutate(input),
    done,
    failed,
  });
}
