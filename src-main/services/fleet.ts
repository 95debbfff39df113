import type { Verb } from '../../worker-agent/src/contract/command.ts';
import type { DesiredState, QueueControl } from '../../worker-agent/src/contract/desired.ts';
import { isErrorCode, WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { PROTOCOL_VERSION } from '../../worker-agent/src/contract/protocol.ts';
import type { FleetReceipt, FleetService } from '../api/roles/fleet.ts';
import type { HostView, WorkshopSnapshot } from '../domain/workshop.ts';
import { conflict } from './conflict.ts';
import { noOrders } from './people.ts';
import type { ControlStore } from './roles.ts';

export interface FleetNeeds {
  /** @throws WorkshopError when no workshop is set up. */
  control(): ControlStore;
  now(): Readonly<WorkshopSnapshot>;
  /** Name of this console as others read it. */
  by(): string;
}

type Wanted = Pick<DesiredState, 'workers' | 'drained'>;

/**
 * Steers workers and queue. It only writes what should be, at the revision the person saw; the agents converge on it
 * and the effect is seen as desired versus observed (decision 1 of the architecture).
 */
export function createFleetService({ control, now, by }: FleetNeeds): FleetService {
  const change = async (
    hostId: string,
    revision: number | null,
    next: (before: Wanted, host: HostView) => Wanted,
  ): Promise<FleetReceipt> => {
    const host = fittingHost(now(), hostId);
    const store = control();
    const current = await store.desired(hostId);
    if ((current?.revision ?? null) !== revision)
      throw conflict(desiredInWords(current), current, await store.time());
    const before: Wanted = current ?? { workers: host.status?.workers.length ?? 0, drained: [] };
    const wanted = next(before, host);
    const written: DesiredState = {
      protocol: PROTOCOL_VERSION,
      revision: (current?.revision ?? 0) + 1,
      at: await store.time(),
      by: by(),
      workers: wanted.workers,
      drained: [...new Set(wanted.drained)],
    };
    const outcome = await store.writeDesired(hostId, written);
    if (outcome.kind === 'conflict')
      throw conflict(desiredInWords(outcome.current), outcome.current, await store.time());
    return {
      hostId,
      revision: outcome.revision,
      before: { workers: before.workers, drained: before.drained },
      wanted: { workers: written.workers, drained: written.drained },
    };
  };

  const changeControl = async (
    revision: number | null,
    next: (before: Pick<QueueControl, 'held' | 'mode'>) => Partial<QueueControl>,
  ) => {
    const store = control();
    const current = await store.control();
    if ((current?.revision ?? null) !== revision)
      throw conflict(controlInWords(current), current, await store.time());
    const before = current ?? noOrders();
    const written: QueueControl = {
      ...before,
      ...next(before),
      protocol: PROTOCOL_VERSION,
      revision: (current?.revision ?? 0) + 1,
      at: await store.time(),
      by: by(),
    };
    const outcome = await store.writeControl(written);
    if (outcome.kind === 'conflict')
      throw conflict(controlInWords(outcome.current), outcome.current, await store.time());
    // No agent tells of it, since it concerns them all. The act is done; a lost note changes nothing.
    const message = sentence(controlInWords(written));
    await store
      .note({ kind: 'control-changed', by: by(), jobId: null, userId: null, workerId: null, message })
      .catch(() => {});
    return { revision: outcome.revision };
  };

  const command = async (hostId: string, request: Verb, act: string) => {
    fittingHost(now(), hostId);
    const store = control();
    const reply = await store.command(hostId, request, by());
    if (reply?.kind === 'done') {
      const workerId = 'workerId' in request ? request.workerId : null;
      const message = `Asked for ${act}.`;
      await store
        .note({ kind: 'host-act', by: by(), jobId: null, userId: null, workerId, message })
        .catch(() => {});
      return { message: reply.message };
    }
    if (reply?.kind === 'refused')
      throw new WorkshopError(isErrorCode(reply.code) ? reply.code : 'WRONG_STATE', reply.message);
    throw new WorkshopError('AGENT_SILENT', `The agent on ${hostId} did not answer about ${act}.`, {
      remedy:
        'The order has expired: an agent that was away will not carry it out later. Check that it runs, then try again.',
    });
  };

  return {
    setCount: ({ hostId, workers, revision }) =>
      change(hostId, revision, (before, host) => {
        const most = host.status?.maxWorkers;
        if (most !== undefined && workers > most)
          throw new WorkshopError(
            'BAD_INPUT',
            `${hostId} can run at most ${most} workers; ${workers} were asked for.`,
            {
              remedy: 'Give the agent more endpoints, or raise its limit in its configuration.',
            },
          );
        return { workers, drained: stillThere(before.drained, workers, host) };
      }),
    drain: ({ hostId, workerIds, revision }) =>
      change(hostId, revision, (before, host) => ({
        workers: before.workers,
        drained: [...before.drained, ...(workerIds.length > 0 ? workerIds : allWorkers(host))],
      })),
    resume: ({ hostId, workerIds, revision }) =>
      change(hostId, revision, (before) => ({
        workers: before.workers,
        drained: workerIds.length > 0 ? before.drained.filter((id) => !workerIds.includes(id)) : [],
      })),
    restartWorker: ({ hostId, workerId }) =>
      command(hostId, { verb: 'restart-worker', workerId }, `the restart of ${workerId}`),
    freeVram: ({ hostId, workerId }) =>
      command(hostId, { verb: 'free-vram', workerId }, `freeing the VRAM of ${workerId}`),
    holdQueue: ({ held, revision }) => changeControl(revision, () => ({ held })),
    setMode: ({ mode, revision }) => changeControl(revision, () => ({ mode })),
  };
}

/** @throws WorkshopError NOT_FOUND for a host nobody heard of, PROTOCOL_MISMATCH for one that speaks differently. */
function fittingHost(snapshot: Readonly<WorkshopSnapshot>, hostId: string): HostView {
  const host = snapshot.hosts[hostId];
  if (!host)
    throw new WorkshopError('NOT_FOUND', `No agent has reported from a GPU host named ${hostId}.`, {
      remedy: 'Start the worker-agent there; it appears here by itself.',
    });
  if (host.mismatch !== null) throw new WorkshopError('PROTOCOL_MISMATCH', host.mismatch);
  return host;
}

function allWorkers(host: HostView): string[] {
  if (!host.status)
    throw new WorkshopError('WRONG_STATE', `It is not known yet which workers ${host.id} has.`, {
      remedy: 'Wait until its agent reports.',
    });
  return host.status.workers.map((worker) => worker.id);
}

/** A worker that is scaled away comes back undrained: nobody remembers why it was drained. */
function stillThere(drained: readonly string[], workers: number, host: HostView): string[] {
  if (!host.status) return [...drained];
  const staying = host.status.workers.slice(0, workers).map((worker) => worker.id);
  return drained.filter((id) => staying.includes(id));
}

function desiredInWords(desired: DesiredState | null): string {
  if (!desired) return 'the wanted state was removed';
  const drained = desired.drained.length > 0 ? `, ${desired.drained.join(' and ')} drained` : '';
  return `${desired.workers} ${desired.workers === 1 ? 'worker' : 'workers'} wanted${drained}`;
}

function controlInWords(control: QueueControl | null): string {
  if (!control) return 'the queue control was removed';
  return `the queue is ${control.held ? 'held' : 'not held'}, mode ${control.mode ?? 'left to the agents'}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
