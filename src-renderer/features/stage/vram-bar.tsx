import { memo } from 'react';
import { gigabytes } from '../../components/format.ts';
import styles from './vram-bar.module.css';

export interface VramBarProps {
  /** MiB, all of them. */
  totalMiB: number | null;
  /** Used by whomever; null = not known, which is drawn as such and not as empty. */
  usedMiB: number | null;
  guardMiB: number | null;
  otherMiB: number | null;
  parts: readonly { id: string; name: string; mib: number; hue: string }[];
  /** Who the parts are. */
  by: 'worker' | 'program';
  small?: boolean;
}

/** What is held by none of the parts. */
const OTHER = {
  worker: {
    name: 'other',
    why: 'are held by none of the workers: other programs, or not attributed by the driver',
  },
  program: { name: 'in use', why: 'are in use; the driver does not say by which program' },
} as const;

/** A card's memory, split by who holds it, with the guard line. Unknown parts are hatched, never left out. */
export const VramBar = memo(
  function VramBar({ totalMiB, usedMiB, guardMiB, otherMiB, parts, by, small }: VramBarProps) {
    if (totalMiB === null || totalMiB === 0) return null;
    const share = (mib: number) => `${Math.min(100, (mib / totalMiB) * 100)}%`;
    const guard = guardMiB === null ? null : share(guardMiB);
    return (
      <div className={[styles.frame, small && styles.small].filter(Boolean).join(' ')}>
        <ul className={styles.bar} aria-label={`VRAM by ${by}`}>
          {usedMiB === null && parts.length === 0 && (
            <li className={`${styles.part} ${styles.unknown}`}>
              <span className={styles.name}>how much is used is not known</span>
            </li>
          )}
          {parts.map(({ id, name, mib, hue }) => (
            <li
              key={id}
              title={`${by === 'worker' || name === id ? id : `${name}, ${id},`} holds ${gigabytes(mib)} GB`}
              className={styles.part}
              style={{ width: share(mib), background: hue }}
            >
              <span className={styles.name}>{name}</span>
              <span className={styles.figure}>{gigabytes(mib)}</span>
              <span className="visually-hidden"> GB</span>
            </li>
          ))}
          {otherMiB !== null && otherMiB > totalMiB * 0.004 && (
            <li
              title={`${gigabytes(otherMiB)} GB ${OTHER[by].why}`}
              className={`${styles.part} ${styles.other}`}
              style={{ width: share(otherMiB) }}
            >
              <span className={styles.name}>{OTHER[by].name}</span>
              <span className={styles.figure}>{gigabytes(otherMiB)}</span>
              <span className="visually-hidden"> GB</span>
            </li>
          )}
        </ul>
        {guard !== null && (
          <>
            <i className={styles.guard} style={{ left: guard }} />
            {!small && (
              <span className={styles.guardLabel} style={{ left: guard }}>
                guard {gigabytes(guardMiB).replace('.0', '')} GB
              </span>
            )}
          </>
        )}
      </div>
    );
  },
  (a, b) => JSON.stringify(a) === JSON.stringify(b),
);
