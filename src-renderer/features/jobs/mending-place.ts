import type { FailureCause } from '../../../worker-agent/src/contract/failure-cause.ts';
import { goTo, showHost } from '../../components/navigate.ts';

/** Where the host goes on with what mends a failure; undefined where only the participant can mend it. */
export interface MendingPlace {
  /** Words of the button. */
  label: string;
  go: () => void;
}

const HOSTS: MendingPlace = { label: 'Open Hosts', go: () => showHost(null) };
const LOGS: MendingPlace = { label: 'Open Logs', go: () => goTo('logs') };
const CAPACITY: MendingPlace = { label: 'Open Capacity', go: () => goTo('capacity') };
const STAGE: MendingPlace = { label: 'Open the Stage', go: () => goTo('stage') };

const PLACES: Partial<Record<FailureCause, MendingPlace>> = {
  'missing-model': HOSTS,
  'missing-node': HOSTS,
  'disk-full': HOSTS,
  'damaged-model': HOSTS,
  delivery: HOSTS,
  'gpu-memory': CAPACITY,
  memory: CAPACITY,
  'gpu-fault': STAGE,
  'server-died': LOGS,
  unknown: LOGS,
};

export const mendingPlace = (cause: FailureCause): MendingPlace | undefined => PLACES[cause];
