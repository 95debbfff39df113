import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { compareNames, plural } from '../../components/format.ts';
import { Age, Panel, PanelPart } from '../../components/panel.tsx';
import { useClock } from '../../live/clock.ts';
import { useSetCount } from '../../live/fleet-verbs.ts';
import { useIsStale } from '../../live/speaks.ts';
import { type LiveState, liveStore, useLive } from '../../live/store.ts';
import { CountStepper } from './count-stepper.tsx';
import { factsOf } from './facts.ts';
import { GpuCards } from './gpu-cards.tsx';
import { GpusFrom, gpuTitle, useHostName } from './gpu-panel.tsx';
import { useGpuCards, useGpusStale, useGpuTeller } from './gpu-word.ts';
import { healthOf, lastHeard, wantedOf } from './host-health.ts';
import { Recently } from './recent-events.tsx';
import { WorkerCard } from './worker-card.tsx';
import styles from './workers-panel.module.css';

/** The workers of the one host. */
export function WorkersPanel({ hostId }: { hostId: string }) {
  const stale = useIsStale(hostId);
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

/** One of several hosts with its own stepper. @param props.dense GPUs in a few lines each, workers in small. */
export function HostPanel({ hostId, dense }: { hostId: string; dense: boolean }) {
  const stale = useIsStale(hostId);
  const there = useLive(({ hosts }) => hosts[hostId] !== undefined);
  const name = useHostName(hostId);
  const gpus = useGpuCards(hostId);
  const [only] = gpus;
  const model = gpus.length === 1 && only ? gpuTitle(only) : '';
  const gpusStale = useGpusStale(hostId);
  const byMachine = useGpuTeller(hostId) === 'machine';
  const trouble = useClock((now) => {
    const state = liveStore.getState();
    const host = state.hosts[hostId];
    return host ? healthWords(healthOf(host, factsOf(state), now).kind) : 'no agent yet';
  });
  return (
    <Panel
      title={name}
      aside={
        <>
          {trouble}
          <Age read={heardFrom(hostId)} />
          {there && <CountStepper hostId={hostId} small />}
        </>
      }
    >
      <PanelPart stale={gpusStale} className={dense ? styles.bar : styles.gpus}>
        {(byMachine || (model && !dense)) && (
          <div className={dense ? `${styles.from} ${styles.together}` : styles.from}>
            <span className={styles.model}>{(!dense && model) || 'GPU'}</span>
            {byMachine && <GpusFrom hostId={hostId} />}
          </div>
        )}
        <GpuCards hostId={hostId} gpus={gpus} dense={dense} />
      </PanelPart>
      <PanelPart stale={stale} className={styles.workers}>
        <Cards hostId={hostId} dense={dense} />
      </PanelPart>
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
  const known = useLive(({ hosts }) => (hosts[hostId]?.status ?? null) !== null);
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
        Start one worker
      </Button>
    </div>
  );
}
