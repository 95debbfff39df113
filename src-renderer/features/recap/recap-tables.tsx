import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import type { Recap, RecapAct } from '../../../src-main/api/types.ts';
import { FAILURE_CAUSES } from '../../../worker-agent/src/contract/failure-cause.ts';
import { clockText, countText, cut, money, plural, spanText, UNKNOWN } from '../../components/format.ts';
import { Panel } from '../../components/panel.tsx';
import { atStart, usePeopleWords } from '../../live/people-words.ts';
import styles from './recap.module.css';
import { gpuText, idleText, rateText } from './recap-words.ts';

type Whose = 'all' | RecapAct['from'];
const WHOSE: { value: Whose; label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'person', label: 'People' },
  { value: 'agent', label: 'Agents' },
];
/** Acts on the screen; the CSV has more. */
const ACTS_MOST = 100;
/** Longest text from outside in a cell. */
const TEXT_MOST = 300;

/** Who made how much, by GPU time. */
export function PeopleTable({ people }: Pick<Recap, 'people'>) {
  const words = usePeopleWords();
  return (
    <Panel title={`${atStart(words.many)}, by GPU time`} className={styles.wide}>
      {people.length === 0 ? (
        <p className={styles.none}>No job is known that has ended on this day.</p>
      ) : (
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Who</th>
              <th scope="col">Made</th>
              <th scope="col">Failed</th>
              <th scope="col">Cancelled</th>
              <th scope="col">On a GPU</th>
              <th scope="col">Usual wait</th>
            </tr>
          </thead>
          <tbody>
            {people.map((one) => (
              <tr key={one.userId}>
                <th scope="row" dir="auto">
                  {cut(one.name, 60)}
                  {one.name !== one.userId && <small> {cut(one.userId, 40)}</small>}
                </th>
                <td>{countText(one.completed)}</td>
                <td>{countText(one.failed)}</td>
                <td>{countText(one.cancelled)}</td>
                <td>{gpuText(one.gpuMs)}</td>
                <td>{one.waitMs === null ? UNKNOWN : spanText(one.waitMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

/** What each machine cost; with one of them the figure above says it all. */
export function Rents({ costs }: Pick<Recap, 'costs'>) {
  return (
    <Panel title="Rent by GPU host" className={styles.wide}>
      <ul className={styles.rows} aria-label="Rent by GPU host">
        {costs.map((cost) => (
          <li key={cost.hostId ?? ''}>
            <span>{cost.hostId ?? 'All hosts together'}</span>
            <span>
              {money(cost.amount, cost.currency)} · {rateText(cost)}, {idleText([cost])}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** What failed and what mends it. */
export function Failures({ failures, known }: Pick<Recap, 'failures'> & { known: boolean }) {
  return (
    <Panel title="Failures by cause">
      {failures.length === 0 ? (
        <p className={styles.none}>
          {known ? 'No job has failed.' : 'Whether a job has failed is not known.'}
        </p>
      ) : (
        <ul className={styles.list}>
          {failures.map(({ cause, count, example }) => (
            <li key={cause}>
              <b>
                {countText(count)} × {FAILURE_CAUSES[cause].name}
              </b>
              <span>{FAILURE_CAUSES[cause].step}</span>
              <small dir="auto">{cut(example, TEXT_MOST)}</small>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** What was made, by kind of workflow. */
export function Kinds({ kinds }: Pick<Recap, 'kinds'>) {
  return (
    <Panel title="By kind of workflow">
      {kinds.length === 0 && <p className={styles.none}>No job is known of this day.</p>}
      <ul className={styles.rows}>
        {kinds.slice(0, 12).map(({ kind, count, gpuMs }) => (
          <li key={kind}>
            <span dir="auto">{cut(kind, 80)}</span>
            <span>
              {plural(count, 'job')} · {gpuText(gpuMs)}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Who changed what from a console, and what agents did by themselves. */
export function Acts({ acts }: Pick<Recap, 'acts'>) {
  const [whose, setWhose] = useState<Whose>('all');
  const own = acts.filter(({ from }) => whose === 'all' || from === whose);
  const earlier = own.length - ACTS_MOST;
  return (
    <Panel
      title="What happened"
      className={styles.wide}
      aside={
        acts.length > 0 && (
          <SegmentedControl
            aria-label="Whose acts"
            className={styles.whose}
            size="xs"
            value={whose}
            data={WHOSE}
            onChange={(value) => setWhose(value as Whose)}
          />
        )
      }
    >
      {own.length === 0 ? (
        <p className={styles.none}>No act is known of this day.</p>
      ) : (
        <ul className={styles.acts} aria-label="What happened">
          {earlier > 0 && <li>{plural(earlier, 'act')} before these, see the CSV.</li>}
          {own.slice(-ACTS_MOST).map(({ at, from, by, message }, place) => (
            // Acts only come at the end, and two of them may be alike.
            // biome-ignore lint/suspicious/noArrayIndexKey: nothing else tells them apart.
            <li key={place}>
              <time>{clockText(at, at)}</time>
              <span dir="auto">{cut(message, TEXT_MOST)}</span>
              <small dir="auto" data-from={from}>
                {from === 'agent' ? 'agent ' : ''}
                {cut(by, 80)}
              </small>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
