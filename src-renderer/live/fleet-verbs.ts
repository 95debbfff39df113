import type { ErrorInfo, FleetReceipt, QueueMode } from '../../src-main/api/types.ts';
import { listText, plural } from '../components/format.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { errorInfoOf, useVerb } from './command.ts';
import { liveStore, noteRevision, revisionOf } from './store.ts';

/**
 * What the host does to workers and the queue. Each verb acts on the newest revision known at the moment it runs, so
 * that "Apply again" after a conflict applies to what holds by then.
 */

interface WorkersInput {
  hostId: string;
  /** Empty means every worker of the host. */
  workerIds: string[];
}

const revision = (hostId: string) => revisionOf(liveStore.getState(), { hostId });
const controlRevision = () => revisionOf(liveStore.getState(), 'control');
const lastWriter = (hostId: string) => liveStore.getState().hosts[hostId]?.desired?.by;

function failedAtHost(title: string) {
  return (error: Parameters<typeof sayFailed>[1], again: () => void, input: { hostId: string }) => {
    if (error.code === 'CONFLICT') noteRevision(input, null);
    sayFailed(title, error, again, lastWriter(input.hostId));
  };
}

function failedAtQueue(title: string) {
  return (error: Parameters<typeof sayFailed>[1], again: () => void) => {
    if (error.code === 'CONFLICT') noteRevision('control', null);
    sayFailed(title, error, again, liveStore.getState().control?.by);
  };
}

/** Sets how many workers a host shall run. One click either way; the notice takes it back. */
export function useSetCount() {
  const verb = useVerb({
    run: (client, input: { hostId: string; workers: number }) =>
      client.fleet.setCount.mutate({ ...input, revision: revision(input.hostId) }),
    done: (receipt, input) => {
      noteRevision(input, receipt.revision);
      const { before, wanted } = receipt;
      if (before.workers === wanted.workers) return;
      sayDone(
        `${plural(wanted.workers, 'worker')} wanted on ${input.hostId}, was ${before.workers}.`,
        () => verb.mutate({ hostId: input.hostId, workers: before.workers }),
        `count/${input.hostId}`,
      );
    },
    failed: failedAtHost('The number of workers was not changed'),
  });
  return verb;
}

type Count = { hostId: string; workers: number };
type Counted = { asked: Count; receipt: FleetReceipt } | { asked: Count; error: ErrorInfo };

/**
 * Sets how many workers each of several hosts shall run. Every host answers for itself: what was done is told with
 * its way back, and what was not is told with the reason, and is all that is tried again.
 */
export function useSetCounts() {
  const verb = useVerb({
    run: (client, { counts }: { counts: Count[] }) =>
      Promise.all(
        counts.map(
          (asked): Promise<Counted> =>
            client.fleet.setCount.mutate({ ...asked, revision: revision(asked.hostId) }).then(
              (receipt) => ({ asked, receipt }),
              (cause: unknown) => ({ asked, error: errorInfoOf(cause) }),
            ),
        ),
      ),
    done: (outcomes) => {
      const changed = outcomes.flatMap((one) => ('receipt' in one ? one.receipt : []));
      for (const { hostId, revision: written } of changed) noteRevision({ hostId }, written);
      const other = changed.filter(({ before, wanted }) => before.workers !== wanted.workers);
      if (other.length > 0)
        sayDone(
          `Wanted: ${other.map(({ hostId, before, wanted }) => `${plural(wanted.workers, 'worker')} on ${hostId}, was ${before.workers}`).join('; ')}.`,
          () =>
            verb.mutate({
              counts: other.map(({ hostId, before }) => ({ hostId, workers: before.workers })),
            }),
          `counts/${other.map(({ hostId }) => hostId).join('/')}`,
        );
      for (const one of outcomes) {
        if (!('error' in one)) continue;
        const { asked, error } = one;
        if (error.code === 'CONFLICT') noteRevision(asked, null);
        sayFailed(
          `The number of workers was not changed on ${asked.hostId}`,
          error,
          () => verb.mutate({ counts: [asked] }),
          lastWriter(asked.hostId),
        );
      }
    },
    failed: (error, again) => sayFailed('The number of workers was not changed', error, again),
  });
  return verb;
}

function whom({ hostId, workerIds }: WorkersInput): string {
  return workerIds.length === 0 ? `All workers on ${hostId}` : listText(workerIds);
}

/** Lets workers finish their job and take no more. */
export function useDrain() {
  const back = useResumeQuietly();
  return useVerb({
    run: (client, input: WorkersInput) =>
      client.fleet.drain.mutate({ ...input, revision: revision(input.hostId) }),
    done: (receipt, input) => {
      noteRevision(input, receipt.revision);
      const added = newlyDrained(receipt);
      const many = input.workerIds.length !== 1;
      sayDone(
        `${whom(input)} ${many ? 'finish their jobs and take' : 'finishes its job and takes'} no more.`,
        added.length > 0 ? () => back.mutate({ hostId: input.hostId, workerIds: added }) : undefined,
        `drain/${input.hostId}`,
      );
    },
    failed: failedAtHost('Draining did not start'),
  });
}

function newlyDrained({ before, wanted }: FleetReceipt): string[] {
  return wanted.drained.filter((id) => !before.drained.includes(id));
}

function useResumeQuietly() {
  return useVerb({
    run: (client, input: WorkersInput) =>
      client.fleet.resume.mutate({ ...input, revision: revision(input.hostId) }),
    done: (receipt, input) => noteRevision(input, receipt.revision),
    failed: failedAtHost('The workers were not resumed'),
  });
}

/** Lets drained workers take jobs again. */
export function useResume() {
  return useVerb({
    run: (client, input: WorkersInput) =>
      client.fleet.resume.mutate({ ...input, revision: revision(input.hostId) }),
    done: (receipt, input) => {
      noteRevision(input, receipt.revision);
      const words = `${whom(input)} ${input.workerIds.length === 1 ? 'takes' : 'take'} jobs again.`;
      sayDone(words, undefined, `drain/${input.hostId}`);
    },
    failed: failedAtHost('The workers were not resumed'),
  });
}

interface WorkerInput {
  hostId: string;
  workerId: string;
}

/** Restarts a worker's ComfyUI server after its job. */
export function useRestartWorker() {
  return useVerb({
    run: (client, input: WorkerInput) => client.fleet.restartWorker.mutate(input),
    done: ({ message }) => sayDone(message),
    failed: (error, again, { workerId }) => sayFailed(`${workerId} was not restarted`, error, again),
  });
}

/** Unloads a worker's models as soon as it is idle. */
export function useFreeVram() {
  return useVerb({
    run: (client, input: WorkerInput) => client.fleet.freeVram.mutate(input),
    done: ({ message }) => sayDone(message),
    failed: (error, again, { workerId }) => sayFailed(`VRAM of ${workerId} was not freed`, error, again),
  });
}

/** Holds or releases the queue of all hosts. Running jobs go on. */
export function useHoldQueue() {
  const verb = useVerb({
    run: (client, { held }: { held: boolean }) =>
      client.fleet.holdQueue.mutate({ held, revision: controlRevision() }),
    done: (receipt, { held }) => {
      noteRevision('control', receipt.revision);
      const words = held ? 'The queue is held. Running jobs go on.' : 'The queue goes on.';
      sayDone(words, () => verb.mutate({ held: !held }), 'held');
    },
    failed: failedAtQueue('The queue was neither held nor released'),
  });
  return verb;
}

/** Chooses who is served next; null leaves it to each agent's configuration. */
export function useSetMode() {
  const verb = useVerb({
    run: (client, { mode }: { mode: QueueMode | null }) =>
      client.fleet.setMode.mutate({ mode, revision: controlRevision() }),
    done: (receipt) => noteRevision('control', receipt.revision),
    failed: failedAtQueue('The order of the queue was not changed'),
  });
  return verb;
}
