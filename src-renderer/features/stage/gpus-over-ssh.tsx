import type { MachineGpus } from '../../../src-main/api/types.ts';
import { ageText, cardGigabytes, gigabytes, withUnit } from '../../components/format.ts';
import { Panel } from '../../components/panel.tsx';
import { useNow } from '../../live/clock.ts';
import { useLiveData } from '../../live/store.ts';
import styles from './gpus-over-ssh.module.css';

/** GPUs of hosts whose agent does not tell of them now, as nvidia-smi says over SSH or here. Nothing while every agent tells. */
export function GpusOverSsh() {
  const read = useLiveData(({ machines }) =>
    machines.flatMap(({ id, name, gpus, local }) => (gpus ? [{ id, name, gpus, local }] : [])),
  );
  const now = useNow();
  return read.map(({ id, name, gpus, local }) => (
    <Panel
      key={id}
      title={`GPU of ${name}, seen ${local ? 'on this computer' : 'over SSH'}`}
      stale={gpus.at !== null && now - gpus.at > 5000}
      aside={ageText(gpus.at, now)}
    >
      <Cards gpus={gpus} />
    </Panel>
  ));
}

function Cards({ gpus: { gpus, at, error } }: { gpus: MachineGpus }) {
  if (error !== null) return <p className={styles.text}>{error}</p>;
  if (at === null) return <p className={styles.text}>nvidia-smi is being asked …</p>;
  return (
    <ul className={styles.cards}>
      {gpus.map((gpu) => (
        <li key={gpu.index}>
          <b>{`GPU ${gpu.index} · ${gpu.name ?? 'unknown model'}`}</b>
          <span>
            {gigabytes(gpu.memoryUsedMiB)}
            {gpu.memoryTotalMiB === null ? ' GB' : ` of ${cardGigabytes(gpu.memoryTotalMiB)} GB`} VRAM
          </span>
          <span>{withUnit(gpu.utilization, '%')} busy</span>
          <span>{withUnit(gpu.temperatureC, '°C')}</span>
        </li>
      ))}
    </ul>
  );
}
