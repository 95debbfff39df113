import { useMediaQuery } from '@mantine/hooks';
import { useLive, useLiveData } from '../../live/store.ts';
import { EventLine } from './event-line.tsx';
import { FirstRun } from './first-run.tsx';
import { GpuPanel } from './gpu-panel.tsx';
import { NextUp } from './next-up.tsx';
import { NoAgent } from './no-agent.tsx';
import { QueuePanel } from './queue-panel.tsx';
import styles from './stage.module.css';
import { VerbBar } from './verb-bar.tsx';
import { HostPanel, WorkersPanel } from './workers-panel.tsx';

/** The home screen: is it running, who waits, is something wrong, what to press. */
export function StageScreen() {
  const known = useLive((state) => state.known);
  const set = useLive((state) => state.name !== null);
  const noticed = useLive((state) => state.notice !== null);
  return (
    <div className={styles.stage}>
      <VerbBar />
      {known && !set && (
        <div className={styles.middle}>
          <FirstRun />
        </div>
      )}
      {known && (set || noticed) && <EventLine />}
      {known && (set ? <Panels /> : <MachinesOnly />)}
    </div>
  );
}

/** A window in which two hosts of a few workers find place side by side in full. */
const ROOMY = '(min-width: 106em) and (min-height: 56em)';
const FEW = 4;

/** GPU hosts of which no agent has spoken, and whose GPUs are read on the machine itself. */
const useMachinesOnly = (): string[] =>
  useLiveData(({ machines, hosts }) =>
    machines.flatMap(({ id, gpus }) => (gpus && hosts[id] === undefined ? [id] : [])),
  );

function MachinesOnly() {
  const ids = useMachinesOnly();
  return ids.length === 0 ? null : (
    <div className={styles.machines}>
      {ids.map((id) => (
        <GpuPanel key={id} hostId={id} />
      ))}
    </div>
  );
}

function Panels() {
  const agents = useLive((state) => state.hostIds);
  const machines = useMachinesOnly();
  const roomy = useMediaQuery(ROOMY, false, { getInitialValueInEffect: false });
  const few = useLive(({ hosts }) =>
    Object.values(hosts).every(({ status }) => (status?.workers.length ?? 0) <= FEW),
  );
  const dense = !roomy || !few || agents.length + machines.length > 2;
  const [only] = agents;
  if (agents.length === 1 && only !== undefined && machines.length === 0)
    return (
      <div className={styles.grid}>
        <GpuPanel hostId={only} />
        <QueuePanel />
        <WorkersPanel hostId={only} />
        <NextUp />
      </div>
    );
  return (
    <div className={dense ? styles.many : `${styles.many} ${styles.full}`}>
      {agents.length === 0 ? (
        <div className={styles.before}>
          <MachinesOnly />
          <div className={styles.middle}>
            <NoAgent />
          </div>
        </div>
      ) : (
        <div className={styles.hosts}>
          {[...agents, ...machines].map((id) => (
            <HostPanel key={id} hostId={id} dense={dense} />
          ))}
        </div>
      )}
      <div className={styles.beside}>
        <QueuePanel />
        <NextUp />
      </div>
    </div>
  );
}
