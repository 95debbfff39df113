import { prefixOf } from '../deploy/worker-prefix.ts';
import type { HostView } from '../workshop.ts';

/**
 * Tells whose a worker is: by the workers that the hosts tell of, also of one that is gone, since all workers of a host
 * are named alike. null where nobody can tell: a name that two hosts have in common, or a worker of no host that is known.
 */
export function hostOfWorker(hosts: Iterable<HostView>): (workerId: string | null) => string | null {
  const owners = new Map<string, string | null>();
  const own = (name: string, hostId: string) =>
    owners.set(name, (owners.get(name) ?? hostId) === hostId && owners.get(name) !== null ? hostId : null);
  for (const { id, status } of hosts) {
    const told = [
      ...(status?.workers ?? []).map((worker) => worker.id),
      ...(status?.finishing ?? []).map(({ workerId }) => workerId),
    ];
    for (const workerId of told) {
      own(workerId, id);
      own(kin(workerId), id);
    }
  }
  return (workerId) =>
    workerId === null ? null : (owners.get(workerId) ?? owners.get(kin(workerId)) ?? null);
}

/** What all workers of a host share, told apart from the name of one. */
const kin = (workerId: string) => `${prefixOf(workerId)}/`;
