import { Button, SegmentedControl, Table } from '@mantine/core';
import type { CapacitySettings, WorkerAdvice } from '../../../src-main/api/types.ts';
import { fitWords } from '../../components/fit-words.ts';
import { plural } from '../../components/format.ts';
import { Panel } from '../../components/panel.tsx';
import { SharedWithHosts } from '../../components/shared-with-hosts.tsx';
import { useCatalogue, useSetGuard, useSetPlan } from '../../live/capacity-verbs.ts';
import { useSetCounts } from '../../live/fleet-verbs.ts';
import { atStart, usePeopleWords } from '../../live/people-words.ts';
import { isReached } from '../../live/reached.ts';
import { useLive, useLiveData } from '../../live/store.ts';
import { adviceWords, spreadWords } from './advice-words.ts';
import styles from './capacity.module.css';
import { OwnNumber } from './own-number.tsx';

type Preset = CapacitySettings['preset'];
const PRESETS = [
  { value: 'none', label: 'Not said' },
  { value: 'image', label: 'Pictures' },
  { value: 'video', label: 'Video' },
];
const presetOf = (value: string): Preset => (value === 'image' || value === 'video' ? value : null);

/** What kind of workshop with how many people, and the number of workers that follows. */
export function PlanPanel() {
  const plan = useLiveData(
    ({ capacity }) => capacity && { advice: capacity.advice, settings: capacity.settings },
  );
  const setPlan = useSetPlan();
  const people = usePeopleWords();
  if (!plan) return null;
  const { settings } = plan;
  return (
    <Panel title="Plan">
      <SharedWithHosts of="capacity" />
      <div className={styles.fields}>
        <div>
          <div className={styles.fieldName} id="preset-label">
            Kind of workshop
          </div>
          <SegmentedControl
            aria-labelledby="preset-label"
            data={PRESETS}
            value={settings.preset ?? 'none'}
            onChange={(value) => setPlan.mutate({ preset: presetOf(value), users: settings.users })}
          />
        </div>
        <OwnNumber
          label={atStart(people.many)}
          value={settings.users}
          max={1000}
          suffix=""
          set={(users) => setPlan.mutate({ preset: settings.preset, users })}
        />
        <Guard guardMiB={settings.guardMiB} />
      </div>
      <p className={styles.text} role="status">
        {adviceWords(plan, people)}
      </p>
      {plan.advice && <Apply {...plan.advice} />}
      <GuideTable users={settings.users} />
    </Panel>
  );
}

function Guard({ guardMiB }: { guardMiB: number | null }) {
  const setGuard = useSetGuard();
  return (
    <OwnNumber
      label="Guard"
      value={guardMiB === null ? null : Math.round(guardMiB / 1024)}
      max={9000}
      suffix=" GB"
      placeholder="agent's"
      set={(gb) => setGuard.mutate({ hostId: null, guardMiB: gb === null ? null : gb * 1024 })}
    />
  );
}

/** One click to the advised number, on the hosts whose agents speak. */
function Apply({ spread, workers }: WorkerAdvice) {
  const reached = useLive(isReached);
  const met = useLive(({ hosts }) =>
    spread.every((one) => hosts[one.hostId]?.desired?.workers === one.workers),
  );
  const [only] = spread;
  const words = useLiveData(({ capacity }) =>
    only && spread.length === 1 ? fitWords(capacity?.hosts[only.hostId], only.workers) : null,
  );
  const setCounts = useSetCounts();
  // Nobody speaks who could run them.
  if (spread.reduce((sum, one) => sum + one.workers, 0) < workers) return null;
  if (met) return <p className={styles.text}>That many are wanted already.</p>;
  return (
    <div className={styles.apply}>
      <Button
        loading={setCounts.isPending}
        aria-disabled={!reached}
        data-disabled={!reached || undefined}
        title={reached ? undefined : 'Redis is not reached now, so nothing can be asked of the workers.'}
        onClick={() => reached && setCounts.mutate({ counts: spread })}
      >
        Run {spread.length === 1 ? plural(workers, 'worker') : spreadWords(spread)}
      </Button>
      {words && (
        <span className={styles.dim}>
          {words.verdict}: {words.figures}
        </span>
      )}
    </div>
  );
}

function GuideTable({ users }: { users: number | null }) {
  const catalogue = useCatalogue();
  const people = usePeopleWords();
  if (!catalogue) return null;
  const row =
    users === null
      ? undefined
      : (catalogue.scaling.find((one) => users <= one.users[1]) ?? catalogue.scaling.at(-1));
  return (
    <Table verticalSpacing={5} mt="sm" className={styles.table}>
      <Table.Caption className={styles.caption}>
        What the deployment guide says; a guess for this workshop.
      </Table.Caption>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{atStart(people.many)}</Table.Th>
          <Table.Th scope="col">Workers</Table.Th>
          <Table.Th scope="col">Wait at the peak</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {catalogue.scaling.map((one) => (
          <Table.Tr key={one.workers} className={one === row ? styles.chosen : undefined}>
            <Table.Td>
              {one.users[0] === 0 ? `fewer than ${one.users[1] + 1}` : one.users.join(' to ')}
            </Table.Td>
            <Table.Td>{one.workers}</Table.Td>
            <Table.Td>{one.waitMin[0] === 0 ? 'minimal' : `${one.waitMin.join(' to ')} min`}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
