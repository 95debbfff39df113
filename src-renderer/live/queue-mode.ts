import type { QueueMode } from '../../src-main/api/types.ts';
import type { LiveState } from './store.ts';

/** The order in which jobs start: the hosts' choice, else the agents' own; null while it is not known. */
export function modeOf({ control, hosts }: Pick<LiveState, 'control' | 'hosts'>): QueueMode | 'mixed' | null {
  if (control?.mode) return control.mode;
  const modes = new Set(Object.values(hosts).flatMap(({ status }) => (status ? [status.queueMode] : [])));
  if (modes.size > 1) return 'mixed';
  return [...modes][0] ?? null;
}
