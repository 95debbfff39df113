import { Button } from '@mantine/core';
import type { AlertAction } from '../../src-main/api/types.ts';
import { useFreeVram, useHoldQueue, useRestartWorker, useResume, useSetCount } from '../live/fleet-verbs.ts';
import { askToInterrupt, useCancel } from '../live/job-verbs.ts';
import { useReconnectNow } from '../live/settings-verbs.ts';
import { liveStore, useLive } from '../live/store.ts';
import { plural } from './format.ts';
import { goTo, showHost, showJobs } from './navigate.ts';
import { askRedisPassword } from './redis-password/redis-password-open.ts';

/** The one click that mends what an alert is about, or opens the place where it can be mended. */
export function AlertActionButton({ action, done }: { action: AlertAction; done?: () => void }) {
  const restart = useRestartWorker();
  const free = useFreeVram();
  const setCount = useSetCount();
  const resume = useResume();
  const hold = useHoldQueue();
  const reconnect = useReconnectNow();
  const cancel = useCancel();
  const wanted = useLive(({ hosts }) =>
    action.kind === 'set-count' ? (hosts[action.hostId]?.desired?.workers ?? null) : null,
  );
  const busy = [restart, free, setCount, resume, hold, reconnect, cancel].some(({ isPending }) => isPending);
  const act = () => {
    switch (action.kind) {
      case 'restart-worker':
      case 'free-vram': {
        const { hostId, workerId } = action;
        (action.kind === 'free-vram' ? free : restart).mutate({ hostId, workerId });
        return;
      }
      case 'set-count':
        return setCount.mutate({ hostId: action.hostId, workers: action.workers });
      case 'resume-workers':
        return resume.mutate({ hostId: action.hostId, workerIds: [] });
      case 'release-queue':
        return hold.mutate({ held: false });
      case 'reconnect':
        return reconnect.mutate();
      case 'enter-redis-password':
        done?.();
        return askRedisPassword();
      case 'interrupt-job': {
        done?.();
        const job = liveStore.getState().jobs.get(action.jobId);
        if (!job) return showJobs('running');
        return askToInterrupt(job, () => cancel.mutate({ job }));
      }
      case 'show-jobs':
        showJobs(action.status);
        return done?.();
      case 'open':
        goTo(action.place);
        return done?.();
      case 'show-host':
        showHost(action.hostId);
        return done?.();
    }
  };
  return (
    <Button size="compact-sm" variant="default" loading={busy} onClick={act} style={{ flex: 'none' }}>
      {wordsOf(action, wanted)}
    </Button>
  );
}

function wordsOf(action: AlertAction, wanted: number | null): string {
  switch (action.kind) {
    case 'restart-worker':
      return 'Restart it';
    case 'free-vram':
      return 'Free VRAM of the idle worker';
    case 'set-count':
      if (wanted !== null && action.workers === wanted + 1) return 'One worker more';
      return action.workers === wanted ? 'Ask again' : `Run ${plural(action.workers, 'worker')}`;
    case 'resume-workers':
      return 'Resume all workers';
    case 'release-queue':
      return 'Release the queue';
    case 'reconnect':
      return 'Connect again';
    case 'enter-redis-password':
      return 'Enter the password…';
    case 'interrupt-job':
      return 'Interrupt it…';
    case 'show-jobs':
      return 'Show them';
    case 'open':
      return action.place === 'capacity' ? 'Open Capacity' : 'Open the Recap';
    case 'show-host':
      return action.hostId === null ? 'Open Hosts' : 'Show the host';
  }
}
