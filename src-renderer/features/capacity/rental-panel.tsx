import { Button, NumberInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { CapacitySettings } from '../../../src-main/api/types.ts';
import { Panel } from '../../components/panel.tsx';
import { ToneIcon } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import { useSetRental } from '../../live/capacity-verbs.ts';
import { useNow } from '../../live/clock.ts';
import { useLiveData } from '../../live/store.ts';
import styles from './capacity.module.css';
import { rentalWords } from './rental-words.ts';

type Rental = NonNullable<CapacitySettings['rental']>;

/** What the rented machine has cost, how much of it for nothing, and until when submitting is safe. */
export function RentalPanel() {
  const rental = useLiveData(({ capacity }) => capacity?.settings.rental ?? null);
  const [editing, setEditing] = useState(false);
  return (
    <Panel
      title="Rental"
      aside={
        rental !== null &&
        !editing && (
          <Button size="compact-sm" variant="subtle" onClick={() => setEditing(true)}>
            Change…
          </Button>
        )
      }
    >
      {rental !== null && !editing ? (
        <Meter rental={rental} />
      ) : (
        <RentalForm rental={rental} close={() => setEditing(false)} />
      )}
    </Panel>
  );
}

function Meter({ rental }: { rental: Rental }) {
  const now = useNow();
  const meter = useLiveData(({ capacity }) => capacity?.rental ?? null);
  if (!meter) return <p className={styles.text}>The meter is being read.</p>;
  const words = rentalWords(rental, meter, now);
  return (
    <>
      <div className={styles.figures}>
        <div>
          <div className={styles.big}>{words.spent}</div>
          <div className={styles.dim}>so far</div>
        </div>
        <div>
          <div className={styles.big}>{words.idle}</div>
          <div className={styles.dim}>while no job ran</div>
        </div>
      </div>
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

function RentalForm({ rental, close }: { rental: Rental | null; close: () => void }) {
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
      { rental: { pricePerHour, currency: currency.trim(), startedAt, endsAt } },
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
        {rental !== null && (
          <>
            <Button variant="default" onClick={close}>
              Keep it
            </Button>
            <Button variant="subtle" onClick={() => set.mutate({ rental: null }, { onSuccess: close })}>
              Switch the meter off
            </Button>
          </>
        )}
      </div>
    </form>
  );
}
