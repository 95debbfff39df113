import { Select } from '@mantine/core';
import { cut } from '../../components/format.ts';
import { showLog } from '../../components/navigate.ts';
import styles from './logs.module.css';
import type { Sources } from './use-sources.ts';

/** The machines and their logs, to choose one. */
export function SourceList({ sources: { machines, machine, sources, source } }: { sources: Sources }) {
  return (
    <nav className={styles.sources} aria-label="Logs">
      {machines.length > 1 ? (
        <Select
          aria-label="Machine"
          data={machines.map(({ id, name }) => ({ value: id, label: cut(name, 60) }))}
          value={machine?.id ?? null}
          allowDeselect={false}
          onChange={(machineId) => machineId !== null && showLog(machineId, null)}
        />
      ) : (
        <div className={styles.where} style={{ padding: '0.5rem 0.75rem 0' }}>
          {machine?.name ?? ''}
        </div>
      )}
      <ul className={styles.list}>
        {sources.map(({ id, where }) => (
          <li key={id}>
            <button
              type="button"
              className={styles.source}
              aria-current={id === source?.id}
              onClick={() => machine && showLog(machine.id, id)}
            >
              <b>{id}</b>
              <span className={styles.where} title={where}>
                {where}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}
