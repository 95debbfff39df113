import {
  IconBadge3d,
  IconFileText,
  IconMovie,
  IconMusic,
  IconPhoto,
  IconSparkles,
} from '@tabler/icons-react';
import type { RoomKind, RoomMaking } from '../../../../src-main/api/types.ts';
import styles from './room.module.css';
import { KIND_WORDS, progressText, silenceText } from './words.ts';

const ICONS = {
  image: IconPhoto,
  video: IconMovie,
  sound: IconMusic,
  '3d': IconBadge3d,
  text: IconFileText,
};

/** One job in the making: whose, what, and how far. A low tile says it in one line. */
export function MakingTile({ made, compact, asOf }: { made: RoomMaking; compact: boolean; asOf: number }) {
  const silent = silenceText(made, asOf);
  const known = made.fraction !== null && made.phase === 'making';
  const kind = made.kind && KIND_WORDS[made.kind];
  const progress = <span className={known ? styles.percent : styles.phase}>{progressText(made)}</span>;
  return (
    <li
      className={styles.tile}
      data-tone={made.kind ?? 'other'}
      data-compact={compact}
      data-silent={silent !== undefined}
    >
      <div className={styles.tileLine}>
        {compact && <KindIcon kind={made.kind} />}
        <b className={styles.tileName} dir="auto" data-name>
          {made.name}
        </b>
        {compact && <span className={styles.tileKind}>{silent ?? kind}</span>}
        {compact && progress}
      </div>
      {!compact && (
        <div className={styles.tileLine}>
          <KindIcon kind={made.kind} />
          <span className={styles.tileSub}>{silent ?? kind}</span>
          {progress}
        </div>
      )}
      <Bar made={made} known={known} />
    </li>
  );
}

function KindIcon({ kind }: { kind: RoomKind }) {
  const Icon = kind === null ? IconSparkles : ICONS[kind];
  return (
    <span className={styles.kind} role="img" aria-label={kind === null ? 'work' : KIND_WORDS[kind]}>
      <Icon aria-hidden size="100%" stroke={1.8} />
    </span>
  );
}

function Bar({ made, known }: { made: RoomMaking; known: boolean }) {
  const percent = made.phase === 'finishing' ? 100 : Math.floor((made.fraction ?? 0) * 100);
  const told = known || made.phase === 'finishing';
  return (
    <div
      className={styles.bar}
      role="progressbar"
      aria-label={`Progress of ${made.name}`}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(told ? { 'aria-valuenow': percent } : {})}
    >
      {told ? <i style={{ transform: `scaleX(${percent / 100})` }} /> : <i className={styles.unknown} />}
    </div>
  );
}
