import { Table } from '@mantine/core';
import { gigabytes, UNKNOWN } from '../../components/format.ts';
import { Panel } from '../../components/panel.tsx';
import { useCatalogue } from '../../live/capacity-verbs.ts';
import { useLiveData } from '../../live/store.ts';
import styles from './capacity.module.css';

/** The catalogue beside what was seen here: figures of the guide are guesses, and say so. */
export function ModelsPanel() {
  const catalogue = useCatalogue();
  const seen = useLiveData(({ hosts }) =>
    Object.values(hosts).flatMap(({ status }) =>
      (status?.needs ?? []).map(({ kind, needMiB }) => ({ kind, needMiB })),
    ),
  );
  if (!catalogue) return null;
  const seenOf = (part: string) => {
    const needs = seen.filter(({ kind }) => kind.toLowerCase().includes(part)).map(({ needMiB }) => needMiB);
    return needs.length === 0 ? null : Math.max(...needs);
  };
  return (
    <Panel title="Models">
      <Table verticalSpacing={5} className={styles.table}>
        <Table.Caption className={styles.caption}>
          VRAM and times are guesses from the deployment guide; “seen here” is what the agents watched.
        </Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Model</Table.Th>
            <Table.Th scope="col">For</Table.Th>
            <Table.Th scope="col">VRAM, guide</Table.Th>
            <Table.Th scope="col">Seen here</Table.Th>
            <Table.Th scope="col">One takes</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {catalogue.models.map(({ id, name, media, vramGB, seconds, kind }) => {
            const own = seenOf(kind);
            return (
              <Table.Tr key={id}>
                <Table.Th scope="row" fw={580}>
                  {name}
                </Table.Th>
                <Table.Td>{media}</Table.Td>
                <Table.Td>≈ {vramGB} GB</Table.Td>
                <Table.Td>{own === null ? UNKNOWN : `${gigabytes(own)} GB`}</Table.Td>
                <Table.Td>{seconds === null ? UNKNOWN : durationText(seconds)}</Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Panel>
  );
}

const durationText = ([low, high]: readonly [number, number]) =>
  low >= 60 ? `≈ ${low / 60} to ${high / 60} min` : `≈ ${low} to ${high} s`;
