import styles from './jobs.module.css';

/**
 * The box by which a row is chosen, as large as a finger needs it. In a row the keys go to the row, and its click is
 * handled there, since Shift draws a range.
 */
export function ChooseBox(props: {
  label: string;
  checked: boolean;
  /** Some of what it stands for is chosen. */
  some?: boolean;
  press?: () => void;
}) {
  const { label, checked, some, press } = props;
  return (
    <label className={styles.choose}>
      <input
        ref={(box) => {
          if (box) box.indeterminate = some === true && !checked;
        }}
        type="checkbox"
        aria-label={label}
        checked={checked}
        tabIndex={press ? undefined : -1}
        onChange={press ?? (() => {})}
      />
    </label>
  );
}
