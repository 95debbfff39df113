import { Button, NumberInput, TextInput } from '@mantine/core';
import { useId, useState } from 'react';
import type { HostMeter, Rental } from '../../../src-main/api/types.ts';
import { compareNames } from '../../components/format.ts';
import { Panel } from '../../components/panel.tsx';
import { ToneIcon } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import { useSetRental } from '../../live/capacity-verbs.ts';
import { useNow } from '../../live/clock.ts';
import { useLiveData } from '../../live/store.ts';
import styles from './capacity.module.css';
import { rentalWords, totalWords } from './rental-words.ts';

/** What the rented machines have cost, how much of it for nothing, and until when submitting is safe. */
export function RentalPanel() {
  const rentals = useLiveData(({ capacity }) => capacity?.rentals ?? []);
  const hostIds = useLiveData((state) => state.hostIds);
  const names = [...new Set([...hostIds, ...rentals.flatMap(({ hostId }) => hostId ?? [])])].sort(
    compareNames,
  );
  const ofHost = (name: string | null) => rentals.find(({ hostId }) => hostId === name);
  if (names.length > 1)
    return (
      <Panel title="Rental">
        {rentals.length > 1 && <Total rentals={rentals} />}
        {names.map((name) => (
          <OneOfSeveral key={name} hostId={name} meter={ofHost(name)} />
        ))}
      </Panel>
    );
  return <OnlyRental hostId={names[0] ?? null} meter={rentals[0]} />;
}

function OnlyRental({ hostId, meter }: { hostId: string | null; meter: HostMeter | undefined }) {
  const [editing, setEditing] = useState(false);
  return (
    <Panel
      title="Rental"
      aside={
        meter &&
        !editing && (
          <Button size="compact-sm" variant="subtle" onClick={() => setEditing(true)}>
            Change…
          </Button>
        )
      }
    >
      {meter && !editing ? (
        <Meter {...meter} />
      ) : (
        <RentalForm hostId={hostId} rental={meter?.rental ?? null} close={() => setEditing(false)} />
      )}
    </Panel>
  );
}

/** Each host has its own price and its own end. */
function OneOfSeveral({ hostId, meter }: { hostId: string; meter: HostMeter | undefined }) {
  const [editing, setEditing] = useState(false);
  const id = useId();
  return (
    <section aria-labelledby={id} className={styles.part}>
      <header className={styles.partHead}>
        <h3 id={id} className={styles.partName}>
          {hostId}
        </h3>
        {!editing && (
          <Button
            size="compact-sm"
            variant="subtle"
            aria-label={`${meter ? 'Change' : 'Enter'} the rental of ${hostId}`}
            onClick={() => setEditing(true)}
          >
            {meter ? 'Change…' : 'Enter…'}
          </Button>
        )}
      </header>
      {editing ? (
        <RentalForm hostId={hostId} rental={meter?.rental ?? null} cancel close={() => setEditing(false)} />
      ) : meter ? (
        <Meter {...meter} />
      ) : (
        <p className={styles.text}>What it costs is not entered.</p>
      )}
    </section>
  );
}

function Total({ rentals }: { rentals: readonly HostMeter[] }) {
  const { spent, idle } = totalWords(rentals, useNow());
  return (
    <div className={styles.part}>
      <Figures spent={spent} idle={idle} so="so far, all hosts" />
    </div>
  );
}

function Figures({ spent, idle, so }: { spent: string; idle: string; so: string }) {
  return (
    <div className={styles.figures}>
      <div>
        <div className={styles.big}>{spent}</div>
        <div className={styles.dim}>{so}</div>
      </div>
      <div>
        <div className={styles.big}>{idle}</div>
        <div className={styles.dim}>while no job ran</div>
      </div>
    </div>
  );
}

function Meter({ rental, meter }: HostMeter) {
  const now = useNow();
  const words = rentalWords(rental, meter, now);
  return (
    <>
      <Figures spent={words.spent} idle={words.idle} so="so far" />
      <p className={styles.text}>{words.busyShare}</p>
      <p className={styles.safe}>
        <span style={{ color: toneColor(words.tone) }}>
          <ToneIcon tone={words.tone} size="1rem" />
        </span>
        <span>
          {words.end} {words.safe}
        </span>
      </p>
    </>
  );
}

/** As the field of the browser writes a moment: local, to the minute. */
const toField = (at: number | null): string =>
  at === null ? '' : new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
const fromField = (text: string): number | null => {
  const at = text === '' ? Number.NaN : new Date(text).getTime();
  return Number.isFinite(at) ? at : null;
};

function RentalForm(props: {
  hostId: string | null;
  rental: Rental | null;
  close: () => void;
  /** It may be left although nothing is entered. */
  cancel?: boolean;
}) {
  const { hostId, rental, close, cancel = false } = props;
  const [price, setPrice] = useState<string | number>(rental?.pricePerHour ?? '');
  const [currency, setCurrency] = useState(rental?.currency ?? '€');
  const [start, setStart] = useState(() => toField(rental?.startedAt ?? Date.now()));
  const [end, setEnd] = useState(() => toField(rental?.endsAt ?? null));
  const [wrong, setWrong] = useState<string | null>(null);
  const set = useSetRental();
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    const startedAt = fromField(start);
    const endsAt = fromField(end);
    const pricePerHour = Number(price);
    if (price === '' || !Number.isFinite(pricePerHour) || pricePerHour < 0)
      return setWrong('Enter what an hour costs, 0 if it costs nothing.');
    if (currency.trim() === '') return setWrong('Enter the currency, such as € or USD.');
    if (startedAt === null) return setWrong('Enter when the rental began.');
    if (endsAt !== null && endsAt <= startedAt) return setWrong('The rental must end after it began.');
    setWrong(null);
    set.mutate(
      { hostId, rental: { pricePerHour, currency: currency.trim(), startedAt, endsAt } },
      { onSuccess: close },
    );
  };
  return (
    <form onSubmit={submit} noValidate>
      <div className={styles.fields}>
        <NumberInput
          label="Price an hour"
          value={price}
          onChange={setPrice}
          min={0}
          decimalScale={4}
          hideControls
          w="7rem"
        />
        <TextInput
          label="Currency"
          value={currency}
          maxLength={8}
          w="5rem"
          onChange={(event) => setCurrency(event.currentTarget.value)}
        />
        <TextInput
          label="Began"
          type="datetime-local"
          value={start}
          onChange={(event) => setStart(event.currentTarget.value)}
        />
        <TextInput
          label="Ends (if known)"
          type="datetime-local"
          value={end}
          onChange={(event) => setEnd(event.currentTarget.value)}
        />
      </div>
      {wrong && (
        <p className={styles.wrong} role="alert">
          {wrong}
        </p>
      )}
      <div className={styles.apply}>
        <Button type="submit" loading={set.isPending}>
          {rental === null ? 'Start the meter' : 'Save'}
        </Button>
        {(rental !== null || cancel) && (
          <Button variant="default" onClick={close}>
            {rental !== null ? 'Keep it' : 'Cancel'}
          </Button>
        )}
        {rental !== null && (
          <Button variant="subtle" onClick={() => set.mutate({ hostId, rental: null }, { onSuccess: close })}>
            Switch the meter off
          </Button>
        )}
      </div>
    </form>
  );
}
