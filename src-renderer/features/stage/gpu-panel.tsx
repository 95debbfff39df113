import { spanText } from '../../components/format.ts';
import { Age, Panel } from '../../components/panel.tsx';
import { useClock } from '../../live/clock.ts';
import { liveStore, useLive } from '../../live/store.ts';
import { GpuCards } from './gpu-cards.tsx';
import styles from './gpu-panel.module.css';
import { type GpuCard, gpusReadAt, useGpuCards, useGpusStale, useGpuTeller } from './gpu-word.ts';

/** All GPUs of the one host: a single card in full, several as rows. */
export function GpuPanel({ hostId }: { hostId: string }) {
  const gpus = useGpuCards(hostId);
  const stale = useGpusStale(hostId);
  const name = useHostName(hostId);
  const [only] = gpus;
  const title = gpus.length === 1 && only ? gpuTitle(only) : `GPUs of ${name}`;
  return (
    <Panel title={title} stale={stale} aside={<GpusFrom hostId={hostId} />}>
      <GpuCards hostId={hostId} gpus={gpus} dense={false} />
    </Panel>
  );
}

export const gpuTitle = ({ index, name }: GpuCard): string => `GPU ${index} · ${name ?? 'unknown model'}`;

/** A host as its agent calls itself; before there is one, as the person called the machine. */
export const useHostName = (hostId: string): string =>
  useLive(
    ({ hosts, machines }) =>
      (hosts[hostId] ? hostId : machines.find(({ id }) => id === hostId)?.name) ?? hostId,
  );

/** How old the figures are; and whose, where they are not the agent's. */
export function GpusFrom({ hostId }: { hostId: string }) {
  const teller = useGpuTeller(hostId);
  const where = useLive(({ machines }) =>
    machines.find(({ id }) => id === hostId)?.local ? 'on this computer' : 'over SSH',
  );
  const age = useClock((now) => {
    const at = gpusReadAt(liveStore.getState(), hostId, now);
    if (at === null) return '';
    return now - at <= 3000 ? 'now' : `${spanText(now - at)} old`;
  });
  const stale = useGpusStale(hostId);
  if (teller === 'agent') return <Age read={(state) => gpusReadAt(state, hostId, Date.now())} />;
  return (
    <span className={styles.from}>
      from nvidia-smi {where}, <span className={stale ? styles.old : undefined}>{age}</span>
    </span>
  );
}
