import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { compareNames, plural } from '../../components/format.ts';
import { Age, Panel } from '../../components/panel.tsx';
import { useClock } from '../../live/clock.ts';
import { useSetCount } from '../../live/fleet-verbs.ts';
import { type LiveState, liveStore, useLive } from '../../live/store.ts';
import { CountStepper } from './count-stepper.tsx';
import { factsOf } from './facts.ts';
import { GpuRows, useStale } from './gpu-panel.tsx';
import { healthOf, lastHeard, wantedOf } from './host-health.ts';
import { Recently } from './recent-events.tsx';
import { WorkerCard } from './worker-card.tsx';
import styles from './workers-panel.module.css';

/** The workers of the one host. */
export function WorkersPanel({ hostId }: { hostId: string }) {
  const stale = useStale(hostId);
  const wanted = useLive(({ hosts }) => (hosts[hostId] ? wantedOf(hosts[hostId]) : null));
  return (
    <Panel
      title="Workers"
      stale={stale}
      aside={
        <>
          <Age read={heardFrom(hostId)} />
          {wanted !== null && <span>{wanted} wanted</span>}
        </>
      }
    >
      <Cards hostId={hostId} dense={false} />
      <Recently />
    </Panel>
  );
}

/** One of several hosts: its own stepper, GPUs in a line each, workers in small. */
export function HostPanel({ hostId }: { hostId: string }) {
  const stale = useStale(hostId);
  const trouble = useClock((now) => {
    const state = liveStore.getState();
    const there = state.hosts[hostId];
    return there ? healthWords(healthOf(there, factsOf(state), now).kind) : '';
  });
  return (
    <Panel
      title={hostId}
      stale={stale}
      aside={
        <>
          {trouble}
          <Age read={heardFrom(hostId)} />
          <CountStepper hostId={hostId} small />
        </>
      }
    >
      <div className={styles.bar}>
        <GpuRows hostId={hostId} />
      </div>
      <Cards hostId={hostId} dense />
    </Panel>
  );
}

const heardFrom =
  (hostId: string) =>
  ({ hosts, clockOffsetMs }: LiveState) =>
    hosts[hostId] ? lastHeard(hosts[hostId], clockOffsetMs) : null;

function healthWords(kind: ReturnType<typeof healthOf>['kind']): string {
  switch (kind) {
    case 'reporting':
    case 'unreachable':
      return '';
    case 'unheard':
      return 'not reported yet';
    case 'mismatch':
      return 'other version';
    default:
      return kind;
  }
}

function Cards({ hostId, dense }: { hostId: string; dense: boolean }) {
  const ids = useLive(({ hosts }) =>
    (hosts[hostId]?.status?.workers ?? [])
      .map(({ id }) => id)
      .sort(compareNames)
      .join('\n'),
  );
  if (ids === '') return <NoWorker hostId={hostId} />;
  return (
    <div className={`${styles.cards} ${dense ? styles.dense : ''}`}>
      {ids.split('\n').map((workerId) => (
        <WorkerCard key={workerId} hostId={hostId} workerId={workerId} dense={dense} />
      ))}
    </div>
  );
}

function NoWorker({ hostId }: { hostId: string }) {
  const known = useLive(({ hosts }) => hosts[hostId]?.status !== null);
  const wanted = useLive(({ hosts }) => (hosts[hostId] ? (wantedOf(hosts[hostId]) ?? 0) : 0));
  const stopped = useLive(({ hosts }) => hosts[hostId]?.status?.phase === 'stopped');
  const setCount = useSetCount();
  if (!known) return <div className={styles.none}>Its workers appear here once the agent reports.</div>;
  if (wanted > 0)
    return (
      <div className={styles.none}>
        {plural(wanted, 'worker')} wanted;{' '}
        {stopped ? 'the agent starts them when it runs again.' : 'the agent has not started any yet.'}
      </div>
    );
  return (
    <div className={styles.none}>
      <strong>No worker</strong>
      <span>Jobs wait in the queue until one runs. Nothing is lost.</span>
      <Button
        mt="xs"
        leftSection={<IconPlus size="1rem" />}
        loading={setCount.isPending}
        onClick={() => setCount.mutate({ hostId, workers: 1 })}
      >
        Start worker-1
      </Button>
    </div>
  );
}
