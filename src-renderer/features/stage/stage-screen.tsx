import { useLive } from '../../live/store.ts';
import { EventLine } from './event-line.tsx';
import { FirstRun } from './first-run.tsx';
import { GpuPanel } from './gpu-panel.tsx';
import { GpusOverSsh } from './gpus-over-ssh.tsx';
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
      {known && set && <Panels />}
      <GpusOverSsh />
    </div>
  );
}

function Panels() {
  const hostIds = useLive((state) => state.hostIds);
  const [only] = hostIds;
  if (hostIds.length > 1)
    return (
      <div className={styles.many}>
        <div className={styles.hosts}>
          {hostIds.map((id) => (
            <HostPanel key={id} hostId={id} />
          ))}
        </div>
        <div className={styles.beside}>
          <QueuePanel />
          <NextUp />
        </div>
      </div>
    );
  if (only === undefined)
    return (
      <div className={styles.many}>
        <div className={styles.middle}>
          <NoAgent />
        </div>
        <div className={styles.beside}>
          <QueuePanel />
          <NextUp />
        </div>
      </div>
    );
  return (
    <div className={styles.grid}>
      <GpuPanel hostId={only} />
      <QueuePanel />
      <WorkersPanel hostId={only} />
      <NextUp />
    </div>
  );
}
