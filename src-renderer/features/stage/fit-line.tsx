import { fitWords } from '../../components/fit-words.ts';
import { ageText } from '../../components/format.ts';
import { ToneIcon } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import { useClock } from '../../live/clock.ts';
import { useIsStale } from '../../live/speaks.ts';
import { liveStore, useLive, useLiveData } from '../../live/store.ts';
import styles from './verb-bar.module.css';

/** Under the stepper: whether one worker more would fit, before anybody presses. */
export function FitLine({ hostId }: { hostId: string }) {
  const wanted = useLive(
    ({ hosts }) => hosts[hostId]?.desired?.workers ?? hosts[hostId]?.status?.workers.length ?? null,
  );
  const most = useLive(({ hosts }) => hosts[hostId]?.status?.maxWorkers ?? null);
  const stale = useIsStale(hostId);
  const age = useClock((now) =>
    stale ? ageText(liveStore.getState().hosts[hostId]?.heardAt ?? null, now) : undefined,
  );
  const words = useLiveData((state) =>
    wanted === null || most === null
      ? null
      : fitWords(state.capacity?.hosts[hostId], wanted < most ? wanted + 1 : wanted, stale),
  );
  if (!words || most === 0) return <div className={styles.fit} />;
  return (
    <div className={styles.fit} title={words.reason}>
      <span className={styles.fitIcon} style={{ color: toneColor(words.tone) }}>
        <ToneIcon tone={words.tone} size="0.8125rem" />
      </span>
      <span className={styles.fitText}>
        {stale && (age ? `${age}: ` : 'Last known: ')}
        {words.figures} · {stale ? words.verdict : <b>{words.verdict}</b>}
      </span>
    </div>
  );
}
