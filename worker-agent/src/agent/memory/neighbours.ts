import type { Fleet } from '../fleet.ts';
import type { Neighbour } from './roles.ts';

/** The workers of a fleet as the sense of memory sees them. */
export function neighboursOf(fleet: Pick<Fleet, 'workers' | 'servers'>): Neighbour[] {
  const workers = new Map(fleet.workers().map((worker) => [worker.workerId, worker]));
  return fleet.servers().map((server) => {
    const { slot } = server;
    const state = server.state();
    return {
      workerId: slot.workerId,
      gpu: slot.gpu,
      endpoint: state.kind === 'ready' ? state.endpoint : null,
      idleComfy: () => workers.get(slot.workerId)?.idleComfy(),
    };
  });
}
