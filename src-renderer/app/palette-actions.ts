import { askFirst } from '../components/confirm.tsx';
import { showConsoleName } from '../components/console-name-panel.ts';
import { plural } from '../components/format.ts';
import { goTo, showJobs, showLog } from '../components/navigate.ts';
import { askRedisPassword } from '../components/redis-password/redis-password-open.ts';
import { bulkOffers } from '../features/jobs/bulk-offers.ts';
import { useBulk } from '../live/bulk-verbs.ts';
import { useStaggered } from '../live/clock.ts';
import {
  useDrain,
  useFreeVram,
  useHoldQueue,
  useRestartWorker,
  useResume,
  useSetCount,
  useSetMode,
} from '../live/fleet-verbs.ts';
import { useCap, useLineCap } from '../live/people-verbs.ts';
import { atStart, usePeopleWords } from '../live/people-words.ts';
import { useDisconnect, useReconnectNow } from '../live/settings-verbs.ts';
import { liveStore, useLive } from '../live/store.ts';
import { useAlertActions } from './alert-actions.ts';
import { useCapacityActions } from './capacity-actions.ts';
import { useFailureActions } from './failure-actions.ts';
import { useJobViewActions } from './job-view-actions.ts';
import type { PaletteAction } from './palette-action.ts';
import { usePeopleActions } from './people-actions.ts';
import { useRecapActions } from './recap-actions.ts';
import { useRoomActions } from './room-actions.ts';
import { screens } from './screens.ts';
import { useLook } from './use-look.ts';

export interface PaletteGroup {
  group: string;
  actions: PaletteAction[];
}

/** All actions that make sense now, by group. @param open somebody looks: what is dear to read is read. */
export function usePaletteActions(showKeys: () => void, open: boolean): PaletteGroup[] {
  const groups = [
    { group: 'Workers', actions: useWorkerActions() },
    { group: 'Queue', actions: useQueueActions() },
    { group: 'Failures', actions: useFailureActions(open) },
    { group: 'Room view', actions: useRoomActions() },
    { group: 'Capacity', actions: useCapacityActions() },
    { group: 'Alerts', actions: useAlertActions() },
    { group: 'Recap', actions: useRecapActions() },
    { group: 'Go to', actions: goToActions() },
    { group: 'Views of the jobs', actions: useJobViewActions() },
    { group: 'Console', actions: useConsoleActions(showKeys) },
    // Last, so that of the many the others are seen before anything is typed.
    { group: atStart(usePeopleWords().many), actions: usePeopleActions() },
  ];
  return groups.filter(({ actions }) => actions.length > 0);
}

function useWorkerActions(): PaletteAction[] {
  // Only what the labels need, so that progress ten times a second does not rebuild the palette.
  const text = useLive(({ hosts }) =>
    JSON.stringify(
      Object.values(hosts).map((host) => ({
        id: host.id,
        wanted: host.desired?.workers ?? host.status?.workers.length ?? 0,
        most: host.status?.maxWorkers ?? 0,
        drained: host.desired?.drained ?? [],
        workers: host.status?.workers.map(({ id }) => id) ?? [],
      })),
    ),
  );
  const hosts = JSON.parse(text) as {
    id: string;
    wanted: number;
    most: number;
    drained: string[];
    workers: string[];
  }[];
  const setCount = useSetCount();
  const drain = useDrain();
  const resume = useResume();
  const restart = useRestartWorker();
  const free = useFreeVram();
  return hosts.flatMap(({ id: hostId, wanted, most, drained, workers }) => {
    const on = hosts.length > 1 ? ` on ${hostId}` : '';
    const counts =
      most > 16 ? [wanted - 1, wanted + 1] : Array.from({ length: most + 1 }, (_, count) => count);
    const actions: PaletteAction[] = counts
      .filter((count) => count !== wanted && count >= 0 && count <= most)
      .map((count) => ({
        id: `${hostId}/count/${count}`,
        label:
          count === 0
            ? `Stop all workers${on}`
            : `${wanted === 0 ? 'Start' : 'Scale to'} ${count} ${count === 1 ? 'worker' : 'workers'}${on}`,
        description: count < wanted ? 'Running jobs are finished first.' : undefined,
        act: () => setCount.mutate({ hostId, workers: count }),
      }));
    if (workers.length > 0)
      actions.push({
        id: `${hostId}/drain`,
        label: `Drain all workers${on}`,
        act: () => drain.mutate({ hostId, workerIds: [] }),
      });
    if (drained.length > 0)
      actions.push({
        id: `${hostId}/resume`,
        label: `Resume all workers${on}`,
        act: () => resume.mutate({ hostId, workerIds: [] }),
      });
    for (const workerId of workers) {
      const one = { hostId, workerIds: [workerId] };
      actions.push(
        drained.includes(workerId)
          ? {
              id: `${hostId}/${workerId}/resume`,
              label: `Resume ${workerId}${on}`,
              act: () => resume.mutate(one),
            }
          : {
              id: `${hostId}/${workerId}/drain`,
              label: `Drain ${workerId}${on}`,
              act: () => drain.mutate(one),
            },
        {
          id: `${hostId}/${workerId}/restart`,
          label: `Restart ${workerId}${on}`,
          description: 'After its job.',
          act: () => restart.mutate({ hostId, workerId }),
        },
        {
          id: `${hostId}/${workerId}/free`,
          label: `Free VRAM of ${workerId}${on}`,
          description: 'As soon as it is idle.',
          act: () => free.mutate({ hostId, workerId }),
        },
        {
          id: `${hostId}/${workerId}/log`,
          label: `Log of ${workerId}${on}`,
          act: () => showLog(hostId, workerId),
        },
      );
    }
    return actions;
  });
}

function useQueueActions(): PaletteAction[] {
  const set = useLive((state) => state.known && state.name !== null);
  const held = useLive(({ control }) => control?.held ?? false);
  const hold = useHoldQueue();
  const setMode = useSetMode();
  const bulk = useBulk();
  const waiting = useStaggered(1000, () => liveStore.getState().jobs.waitingCount);
  const everybody = useLive(({ control }) => control?.caps?.everybody ?? null);
  const inLine = useLive(({ control }) => control?.lineCaps?.everybody ?? null);
  const cap = useCap();
  const lineCap = useLineCap();
  if (!set) return [];
  return [
    {
      id: 'hold',
      label: held ? 'Release the queue' : 'Hold the queue',
      act: () => hold.mutate({ held: !held }),
    },
    { id: 'mode/fifo', label: 'Order: first in, first out', act: () => setMode.mutate({ mode: 'fifo' }) },
    { id: 'mode/priority', label: 'Order: by priority', act: () => setMode.mutate({ mode: 'priority' }) },
    { id: 'mode/round_robin', label: 'Order: in turns', act: () => setMode.mutate({ mode: 'round_robin' }) },
    { id: 'mode/fair', label: 'Order: fair shares', act: () => setMode.mutate({ mode: 'fair' }) },
    ...[1, 2, 3, 4]
      .filter((limit) => limit !== everybody)
      .map((limit) => ({
        id: `cap/${limit}`,
        label: `Limit for everybody: ${plural(limit, 'running job')} each`,
        act: () => cap.mutate({ userId: null, cap: limit }),
      })),
    ...[1, 2, 3]
      .filter((limit) => limit !== inLine)
      .map((limit) => ({
        id: `line/${limit}`,
        label: `Limit in line, for everybody: ${limit} each`,
        act: () => lineCap.mutate({ userId: null, cap: limit }),
      })),
    ...(inLine === null
      ? []
      : [
          {
            id: 'line/none',
            label: 'Limit in line, for everybody: none',
            act: () => lineCap.mutate({ userId: null, cap: null }),
          },
        ]),
    ...(everybody === null
      ? []
      : [
          {
            id: 'cap/none',
            label: 'Limit for everybody: none',
            act: () => cap.mutate({ userId: null, cap: null }),
          },
        ]),
    ...(waiting === 0
      ? []
      : [
          {
            id: 'cancel-waiting',
            label: `Cancel all ${plural(waiting, 'waiting job')}…`,
            description: 'Asks first; can be taken back for 15 minutes.',
            act: () => {
              const jobs = [...liveStore.getState().jobs.all()];
              bulkOffers(jobs, bulk.mutate)
                .find(({ kind, count }) => kind === 'cancel' && count > 0)
                ?.take();
            },
          },
        ]),
  ];
}

function goToActions(): PaletteAction[] {
  return [
    ...screens.map(({ id, name }, at) => ({
      id: `go/${id}`,
      label: name,
      description: `Key ${at + 1}`,
      act: () => goTo(id),
    })),
    { id: 'go/pending', label: 'Waiting jobs', act: () => showJobs('pending') },
    { id: 'go/running', label: 'Running jobs', act: () => showJobs('running') },
    { id: 'go/failed', label: 'Failed jobs', act: () => showJobs('failed') },
  ];
}

function useConsoleActions(showKeys: () => void): PaletteAction[] {
  const set = useLive((state) => state.known && state.name !== null);
  const name = useLive((state) => state.name);
  const { dark, toggle } = useLook();
  const reconnect = useReconnectNow();
  const disconnect = useDisconnect();
  const actions: PaletteAction[] = [
    { id: 'look', label: dark ? 'Light look' : 'Dark look', act: toggle },
    { id: 'keys', label: 'Show all keys', act: showKeys },
  ];
  if (!set) return actions;
  return [
    ...actions,
    { id: 'console-name', label: 'Name of this console…', act: showConsoleName },
    { id: 'reconnect', label: 'Connect to Redis again now', act: () => reconnect.mutate() },
    {
      id: 'redis-password',
      label: 'Redis password…',
      description: 'Tries another one; it is kept only when Redis has taken it.',
      act: askRedisPassword,
    },
    {
      id: 'disconnect',
      label: 'Forget this workshop on this laptop…',
      act: () =>
        askFirst({
          title: `Forget ${name ?? 'this workshop'}?`,
          lines: [
            'The console forgets the address and password of its Redis; you enter them again to come back.',
            'The workshop itself goes on: workers, jobs and participants are not touched.',
          ],
          act: 'Forget it',
          onAct: () => disconnect.mutate(),
        }),
    },
  ];
}
