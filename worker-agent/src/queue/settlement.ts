import { type JobStatus, MAX_ERROR_LENGTH } from '../contract/job.ts';
import type { JobEdit } from './edit.ts';
import type { Settlement } from './roles.ts';

/** What a settle has to do, given the status that stands in Redis. */
export interface SettlementPlan {
  status: 'completed' | 'failed' | 'cancelled';
  /** False when somebody else ended the job and only leftovers are cleared. */
  ours: boolean;
  edit: JobEdit;
}

/**
 * Decides who wins (contract 1.7 to 1.9): a cancellation or an end written by somebody else stands; otherwise the
 * settlement is written.
 */
export function planSettlement(
  standing: { status: JobStatus; completed: boolean },
  settlement: Settlement,
): SettlementPlan {
  if (standing.status === 'cancelled' || settlement.status === 'cancelled') {
    if (standing.status === 'completed' || standing.status === 'failed')
      return { status: standing.status, ours: false, edit: { changes: {} } };
    const dated = standing.status === 'cancelled' && standing.completed;
    return {
      status: 'cancelled',
      ours: settlement.status === 'cancelled',
      edit: {
        changes: standing.status === 'cancelled' ? {} : { status: 'cancelled' },
        now: dated ? [] : ['completed_at'],
      },
    };
  }
  if (standing.status === 'completed' || standing.status === 'failed')
    return { status: standing.status, ours: false, edit: { changes: {} } };
  const changes =
    settlement.status === 'completed'
      ? { status: settlement.status, result: settlement.result }
      : { status: settlement.status, error: errorText(settlement.error), result: settlement.result };
  return { status: settlement.status, ours: true, edit: { changes, now: ['completed_at'] } };
}

/** The platform's own limits on an error: 1 to 10000 characters, not blank (contract 1.3). */
function errorText(error: string): string {
  const text = [...error.slice(0, MAX_ERROR_LENGTH * 2)].slice(0, MAX_ERROR_LENGTH).join('');
  return text.trim() === '' ? 'The job failed without a message' : text;
}
