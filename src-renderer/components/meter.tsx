import styles from './meter.module.css';

/**
 * A bar that fills up in the current text colour.
 * @param glides moves smoothly to its new length; not for dozens at a time, each is a layer of its own while it moves.
 * @param share 0 to 1; null when under way but not known how far.
 */
export function Meter({ share, label, glides }: { share: number | null; label: string; glides: boolean }) {
  return (
    <div
      className={styles.track}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(share === null ? {} : { 'aria-valuenow': Math.round(share * 100) })}
    >
      <Fill share={share} glides={glides} />
    </div>
  );
}

/** What glides is scaled, which the compositor does; what does not has a plain width, which needs no layer. */
function Fill({ share, glides }: { share: number | null; glides: boolean }) {
  if (share === null) return <div className={`${styles.fill} ${styles.unknown}`} />;
  if (!glides) return <div className={styles.fill} style={{ width: `${share * 100}%` }} />;
  return <div className={`${styles.fill} ${styles.glides}`} style={{ transform: `scaleX(${share})` }} />;
}
