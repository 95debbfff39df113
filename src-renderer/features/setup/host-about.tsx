import { Button, NativeSelect, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { GpuHostProfile } from '../../../src-main/api/types.ts';
import { PROVIDERS } from './providers.ts';
import styles from './setup.module.css';

/** Name and place of a GPU host that is there already. Its id stays: folders and the agent are called by it. */
export function HostAbout({
  host,
  busy,
  save,
}: {
  host: GpuHostProfile;
  busy: boolean;
  save: (host: GpuHostProfile) => void;
}) {
  const [name, setName] = useState(host.name);
  const [provider, setProvider] = useState(host.provider);
  const isNamed = name.trim() !== '';
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (isNamed) save({ ...host, name: name.trim(), provider });
  };
  // A machine that is logged in to does not become this computer, nor the other way round.
  const places = PROVIDERS.filter(({ id }) => (id === 'local') === (host.login === null));
  const moves = (provider === 'runpod') !== (host.provider === 'runpod');
  return (
    <form onSubmit={send} className={styles.form} noValidate>
      <div className={styles.row}>
        <TextInput
          label="What you call it"
          value={name}
          maxLength={100}
          error={isNamed ? undefined : 'Give it a name.'}
          onChange={(event) => setName(event.currentTarget.value)}
          className={styles.wide}
        />
        {places.length > 1 && (
          <NativeSelect
            label="Where it is rented"
            data={places.map(({ id, name: label }) => ({ value: id, label }))}
            value={provider}
            onChange={(event) => {
              const chosen = places.find(({ id }) => id === event.currentTarget.value);
              if (chosen) setProvider(chosen.id);
            }}
          />
        )}
        <Button type="submit" variant="default" loading={busy}>
          Keep it
        </Button>
      </div>
      {moves && (
        <p className={styles.text}>
          The agent has another folder there than elsewhere: one that was deployed to {host.name} already is
          not found any more. Uninstall it on the Hosts screen first.
        </p>
      )}
    </form>
  );
}
