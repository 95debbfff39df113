import { Button, NumberInput, SegmentedControl, Table } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { CapacitySettings } from '../../../src-main/api/types.ts';
import { fitWords } from '../../components/fit-words.ts';
import { plural } from '../../components/format.ts';
import { Panel } from '../../components/panel.tsx';
import { SharedWithHosts } from '../../components/shared-with-hosts.tsx';
import { useCatalogue, useSetGuard, useSetPlan } from '../../live/capacity-verbs.ts';
import { useSetCount } from '../../live/fleet-verbs.ts';
import { useLive, useLiveData } from '../../live/store.ts';
import { adviceWords } from './advice-words.ts';
import styles from './capacity.module.css';

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
          label="People"
          value={settings.users}
          max={1000}
          suffix=""
          set={(users) => setPlan.mutate({ preset: settings.preset, users })}
        />
        <Guard guardMiB={settings.guardMiB} />
      </div>
      <p className={styles.text} role="status">
        {adviceWords(plan)}
      </p>
      <Apply workers={plan.advice?.workers ?? null} />
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
      set={(gb) => setGuard.mutate({ guardMiB: gb === null ? null : gb * 1024 })}
    />
  );
}

/** A whole number that may be left empty; taken over on Enter or when the field is left. */
function OwnNumber(props: {
  label: string;
  value: number | null;
  max: number;
  suffix: string;
  placeholder?: string;
  set: (value: number | null) => void;
}) {
  const { label, value, max, suffix, placeholder = 'not said', set } = props;
  const [text, setText] = useState<string | number>(value ?? '');
  useEffect(() => setText(value ?? ''), [value]);
  const commit = () => {
    const number = text === '' ? null : Math.round(Number(text));
    if (number !== null && (!Number.isFinite(number) || number < 1)) return setText(value ?? '');
    if (number !== value) set(number);
  };
  return (
    <NumberInput
      label={label}
      value={text}
      min={1}
      max={max}
      allowDecimal={false}
      suffix={suffix}
      placeholder={placeholder}
      hideControls
      w="5.75rem"
      onChange={setText}
      onBlur={commit}
      onKeyDown={(event) => event.key === 'Enter' && commit()}
    />
  );
}

/** One click to the advised number, where it is clear on which host. */
function Apply({ workers }: { workers: number | null }) {
  const only = useLive(({ hostIds }) => (hostIds.length === 1 ? (hostIds[0] ?? null) : null));
  const wanted = useLive(({ hosts }) => (only === null ? null : (hosts[only]?.desired?.workers ?? null)));
  const capacity = useLive((state) => (only === null ? undefined : state.capacity?.hosts[only]));
  const setCount = useSetCount();
  if (workers === null || only === null) return null;
  const words = fitWords(capacity, workers);
  if (wanted === workers) return <p className={styles.text}>That many are wanted already.</p>;
  return (
    <div className={styles.apply}>
      <Button loading={setCount.isPending} onClick={() => setCount.mutate({ hostId: only, workers })}>
        Run {plural(workers, 'worker')}
      </Button>
      <span className={styles.dim}>
        {words.verdict}: {words.figures}
      </span>
    </div>
  );
}

function GuideTable({ users }: { users: number | null }) {
  const catalogue = useCatalogue();
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
          <Table.Th scope="col">People</Table.Th>
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
