import { Button, NumberInput, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { WorkshopProfile } from '../../../src-main/api/types.ts';
import { Panel } from '../../components/panel.tsx';
import { useSaveWorkshop } from '../../live/setup-verbs.ts';
import styles from './setup.module.css';

const MIB = 1024;

/** What holds for this workshop wherever nothing else is said: how its people are called, and its guard line. */
export function AboutPanel({ profile }: { profile: WorkshopProfile }) {
  const save = useSaveWorkshop();
  const [people, setPeople] = useState(profile.wording.people);
  const [guard, setGuard] = useState<string | number>(
    profile.guardMiB === null ? '' : Math.round(profile.guardMiB / MIB),
  );
  const send = (event: FormEvent) => {
    event.preventDefault();
    const gb = guard === '' ? null : Math.round(Number(guard));
    const wording = { people: people.trim() || 'people' };
    save.mutate({ profile: { ...profile, wording, guardMiB: gb === null || gb < 1 ? null : gb * MIB } });
  };
  return (
    <Panel title="About this workshop">
      <form onSubmit={send} className={styles.row}>
        <TextInput
          label="What its people are called"
          description="In the plural, as the screens say it."
          placeholder="people"
          value={people}
          maxLength={30}
          onChange={(event) => setPeople(event.currentTarget.value)}
          className={styles.wide}
        />
        <NumberInput
          label="Guard line of a card"
          description="Above it the console warns, unless Capacity sets another for the day."
          placeholder="as the agent has it"
          value={guard}
          min={1}
          max={9000}
          allowDecimal={false}
          suffix=" GB"
          hideControls
          onChange={setGuard}
          className={styles.wide}
        />
        <Button type="submit" variant="default" loading={save.isPending}>
          Keep it
        </Button>
      </form>
    </Panel>
  );
}
