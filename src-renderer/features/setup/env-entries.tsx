import type { ImportDraft } from '../../../src-main/api/types.ts';
import { plural } from '../../components/format.ts';
import { EnvValue } from './env-value.tsx';
import styles from './setup.module.css';

type Entry = ImportDraft['review']['entries'][number];

const GROUPS: readonly { id: Entry['group']; title: string; open: boolean }[] = [
  { id: 'rewritten', title: 'Rewritten for the GPU host', open: true },
  { id: 'copied', title: 'Taken over as it is', open: false },
  { id: 'kept-away', title: 'Kept away from the GPU host', open: false },
  { id: 'left-out', title: 'Left out, of no use there', open: false },
];

/** Every key with what becomes of it and why; secrets stay masked until they are asked for. */
export function EnvEntries({ draft }: { draft: ImportDraft }) {
  const differs = draft.review.changes.filter(({ kind }) => kind !== 'same');
  return (
    <>
      {GROUPS.map(({ id, title, open }) => {
        const entries = draft.review.entries.filter(({ group }) => group === id);
        if (entries.length === 0) return null;
        return (
          <details key={id} className={styles.group} open={open}>
            <summary>{`${title} (${plural(entries.length, 'key')})`}</summary>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">Key</th>
                  <th scope="col">On the VPS</th>
                  <th scope="col">On the GPU host</th>
                  <th scope="col">Why</th>
                </tr>
              </thead>
              <tbody>
                {entries.map((entry) => (
                  <tr key={entry.key}>
                    <th scope="row">
                      <code>{entry.key}</code>
                    </th>
                    <td>
                      <EnvValue
                        draft={draft}
                        name={entry.key}
                        secret={entry.secret}
                        of="source"
                        value={entry.from}
                      />
                    </td>
                    <td>
                      <EnvValue
                        draft={draft}
                        name={entry.key}
                        secret={entry.secret}
                        of="target"
                        value={entry.to}
                      />
                    </td>
                    <td className={styles.dim}>{entry.why}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </details>
        );
      })}
      {draft.target?.exists && (
        <details className={styles.group} open={differs.length > 0}>
          <summary>{`Against what stands there (${plural(differs.length, 'difference')})`}</summary>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">Key</th>
                <th scope="col">Before</th>
                <th scope="col">After</th>
              </tr>
            </thead>
            <tbody>
              {differs.map(({ key, before, after, kind, secret }) => (
                <tr key={key}>
                  <th scope="row">
                    <code>{key}</code> {kind}
                  </th>
                  <td>
                    <EnvValue draft={draft} name={key} secret={secret} of="before" value={before} />
                  </td>
                  <td>
                    <EnvValue
                      draft={draft}
                      name={key}
                      secret={secret}
                      of="target"
                      value={after}
                      where="as it will be"
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </>
  );
}
