import { cardGigabytes, gigabytes, UNKNOWN, withUnit } from '../../components/format.ts';
import { useLive } from '../../live/store.ts';
import styles from './gpu-panel.module.css';
import { type GpuCard, useGpuTeller, useMachineTrouble } from './gpu-word.ts';
import { VramBar } from './vram-bar.tsx';
import { useGuard, VramChart, VramStrip } from './vram-chart.tsx';

/** The cards of a host: one in full where there is room, else a few lines each; none with the reason. */
export function GpuCards(props: { hostId: string; gpus: readonly GpuCard[]; dense: boolean }) {
  const { hostId, gpus, dense } = props;
  const [only] = gpus;
  if (!only) return <NoGpu hostId={hostId} dense={dense} />;
  return (
    <>
      {gpus.length === 1 && !dense ? (
        <FullGpu hostId={hostId} gpu={only} />
      ) : (
        <div className={styles.rows}>
          {gpus.map((gpu) => (
            <GpuRow key={gpu.index} hostId={hostId} gpu={gpu} />
          ))}
        </div>
      )}
      <Trouble hostId={hostId} />
    </>
  );
}

function NoGpu({ hostId, dense }: { hostId: string; dense: boolean }) {
  const status = useLive(({ hosts }) => hosts[hostId]?.status);
  const trouble = useMachineTrouble(hostId);
  const error = status?.gpuError;
  // A card that is not there is an error; without one, none was read yet or the reader hangs.
  const words = status ? 'The agent has no figures of its GPU now.' : 'Nothing is known of its GPU yet.';
  return (
    <div className={dense ? styles.noneDense : styles.none}>
      <div>{trouble || (error ? error.message : words)}</div>
      {!trouble && error?.remedy && <div>{error.remedy}</div>}
    </div>
  );
}

/** The last figures stay; why there are no newer ones stands below. */
function Trouble({ hostId }: { hostId: string }) {
  const trouble = useMachineTrouble(hostId);
  return trouble === '' ? null : <p className={styles.trouble}>{trouble}</p>;
}

function FullGpu({ hostId, gpu }: { hostId: string; gpu: GpuCard }) {
  return (
    <>
      <GpuBar hostId={hostId} gpu={gpu} small={false} />
      <div className={styles.figures}>
        <Figure
          name="VRAM"
          value={gigabytes(gpu.usedMiB)}
          small={gpu.totalMiB === null ? ' GB' : ` of ${cardGigabytes(gpu.totalMiB)} GB`}
          width="8.5rem"
        />
        <Figure name="utilisation" value={withUnit(gpu.utilization, '%')} />
        <Figure name="temperature" value={withUnit(gpu.temperatureC, '°C')} />
        <Figure
          name="power"
          value={gpu.powerW === null ? UNKNOWN : `${Math.round(gpu.powerW)}`}
          small={gpu.powerW === null ? '' : limitText(gpu) || ' W'}
        />
      </div>
      <VramChart hostId={hostId} index={gpu.index} totalMiB={gpu.totalMiB} />
    </>
  );
}

const limitText = ({ powerLimitW }: GpuCard) =>
  powerLimitW === null ? '' : ` of ${Math.round(powerLimitW)} W`;

function Figure(props: { name: string; value: string; small?: string; width?: string }) {
  return (
    <div className={styles.figure} style={{ minWidth: props.width }}>
      <div className={styles.value}>
        {props.value}
        {props.small && <span className={styles.small}>{props.small}</span>}
      </div>
      <div className={styles.name}>{props.name}</div>
    </div>
  );
}

function GpuRow({ hostId, gpu }: { hostId: string; gpu: GpuCard }) {
  const model = gpu.name === null ? '' : gpu.name.replace(/^NVIDIA /, '');
  return (
    <div className={styles.row}>
      <div className={styles.line}>
        <span title={gpu.name ?? undefined}>
          GPU {gpu.index}
          {model && ` · ${model}`}
        </span>
        <span>
          <b>{gigabytes(gpu.usedMiB)}</b> of {cardGigabytes(gpu.totalMiB)} GB ·{' '}
          <b>{withUnit(gpu.utilization, '%')}</b> · {withUnit(gpu.temperatureC, '°C')} ·{' '}
          {withUnit(gpu.powerW, 'W')}
        </span>
      </div>
      <GpuBar hostId={hostId} gpu={gpu} small />
      <VramStrip hostId={hostId} index={gpu.index} totalMiB={gpu.totalMiB} />
    </div>
  );
}

function GpuBar({ hostId, gpu, small }: { hostId: string; gpu: GpuCard; small: boolean }) {
  const guardMiB = useGuard(hostId, gpu.index);
  const by = useGpuTeller(hostId) === 'machine' ? 'program' : 'worker';
  const { totalMiB, usedMiB, parts, otherMiB } = gpu;
  return <VramBar {...{ totalMiB, usedMiB, guardMiB, otherMiB, parts, by, small }} />;
}
