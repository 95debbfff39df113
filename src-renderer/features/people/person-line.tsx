import { memo, type ReactNode } from 'react';
import { cut } from '../../components/format.ts';
import styles from './people.module.css';
import { type PersonRow, shownName } from './people-rows.ts';
import { PersonActions } from './person-actions.tsx';
import { Figure, GpuTime, Marks, Running, Seen, Wait, Waiting } from './person-cells.tsx';

interface PersonLineProps {
  row: PersonRow;
  doneIsLeast: boolean;
  failedIsLeast: boolean;
  gpuIsLeast: boolean;
  /** This row is on Tab's way. */
  tabbable: boolean;
  /** Its menu is open. */
  opened: boolean;
  /** Must stay the same function: rows are compared without it. */
  onOpen: (userId: string, opened: boolean) => void;
}

/** The cells of one person. Built anew only when a figure of theirs changes, not with everybody's once a second. */
export const PersonLine = memo(
  function PersonLine({
    row,
    doneIsLeast,
    failedIsLeast,
    gpuIsLeast,
    tabbable,
    opened,
    onOpen,
  }: PersonLineProps) {
    const name = cut(shownName(row), 60);
    return (
      <>
        {/* biome-ignore lint/a11y/useSemanticElements: a real table cannot be virtualised with absolute rows. */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: rows take the focus. */}
        <div role="rowheader" className={styles.person}>
          <bdi className={styles.name} title={name}>
            {name}
          </bdi>
          {row.nickname !== '' && <bdi className={styles.id}>{cut(row.userId, 40)}</bdi>}
          <Marks row={row} />
        </div>
        <Cell figure>
          <Waiting row={row} />
        </Cell>
        <Cell figure>
          <Running row={row} />
        </Cell>
        <Cell figure>
          <Figure value={row.done} least={doneIsLeast} />
        </Cell>
        <Cell figure>
          <Figure value={row.failed} least={failedIsLeast} tone={row.failed > 0 ? styles.fail : undefined} />
        </Cell>
        <Cell figure>
          <GpuTime ms={row.gpuMs} least={gpuIsLeast} />
        </Cell>
        <Cell>
          <Wait row={row} />
        </Cell>
        <Cell>
          <Seen at={row.seenAt} />
        </Cell>
        <Cell>
          <PersonActions
            row={row}
            name={name}
            tabbable={tabbable}
            opened={opened}
            onOpen={(open) => onOpen(row.userId, open)}
          />
        </Cell>
      </>
    );
  },
  (before, after) => JSON.stringify(before) === JSON.stringify(after),
);

function Cell({ figure, children }: { figure?: boolean; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a real table cannot be virtualised with absolute rows.
    // biome-ignore lint/a11y/useFocusableInteractive: rows take the focus.
    <div role="gridcell" className={`${styles.cell} ${figure ? styles.figure : ''}`}>
      {children}
    </div>
  );
}
