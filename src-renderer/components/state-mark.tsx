import {
  IconAlertCircleFilled,
  IconAlertTriangleFilled,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconClockHour4,
  IconHourglassHigh,
  IconLoader2,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
} from '@tabler/icons-react';
import { memo } from 'react';
import styles from './state-mark.module.css';
import { type Tone, toneColor } from './tone.ts';

const ICONS = {
  ok: IconCircleCheckFilled,
  busy: IconPlayerPlayFilled,
  wait: IconLoader2,
  queued: IconClockHour4,
  warn: IconAlertCircleFilled,
  fail: IconAlertTriangleFilled,
  off: IconCircleDashed,
};

/** Words whose icon says more than that of their tone. */
const OWN_ICONS: Readonly<Record<string, typeof IconLoader2>> = {
  draining: IconHourglassHigh,
  drained: IconPlayerPauseFilled,
};

/** A state as word, icon and colour together; never colour alone. */
export const StateMark = memo(function StateMark({ tone, word }: { tone: Tone; word: string }) {
  const Own = OWN_ICONS[word];
  return (
    <span className={styles.mark} style={{ color: toneColor(tone) }}>
      {Own ? <Own size="0.875rem" aria-hidden /> : <ToneIcon tone={tone} size="0.875rem" />}
      {word}
    </span>
  );
});

/** The icon of a tone, in the current colour; decoration beside words. */
export function ToneIcon({ tone, size }: { tone: Tone; size: string }) {
  const Icon = ICONS[tone];
  return <Icon size={size} aria-hidden className={tone === 'wait' ? styles.turning : undefined} />;
}
