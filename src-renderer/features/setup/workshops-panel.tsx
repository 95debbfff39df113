import { Button, Checkbox, FileButton, Group, PasswordInput, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { WorkshopListing, WorkshopsView } from '../../../src-main/api/types.ts';
import { askFirst } from '../../components/confirm.tsx';
import { wantsPassword } from '../../components/describe-link.ts';
import { Panel } from '../../components/panel.tsx';
import { RedisPasswordForm } from '../../components/redis-password/redis-password-form.tsx';
import {
  freshProfile,
  useExportWorkshop,
  useImportWorkshop,
  useKeepInFile,
  useRemoveWorkshop,
  useSaveWorkshop,
  useTurnTo,
} from '../../live/setup-verbs.ts';
import { useLive } from '../../live/store.ts';
import styles from './setup.module.css';

/** The saved workshops: which one is watched, and where their passwords are kept. */
export function WorkshopsPanel({ view }: { view: WorkshopsView }) {
  const [asked, setAsked] = useState<string | null>(null);
  const turnTo = useTurnTo(setAsked);
  const take = useImportWorkshop();
  const add = useSaveWorkshop((profile) => turnTo.mutate({ id: profile.id, name: profile.name }));
  const [name, setName] = useState('');
  const create = (event: FormEvent) => {
    event.preventDefault();
    const trimmed = name.trim();
    if (trimmed === '') return;
    add.mutate({ profile: freshProfile(trimmed), password: null });
    setName('');
  };
  const readFile = async (file: File | null) => {
    if (file) take.mutate({ text: await file.text() });
  };
  return (
    <Panel title="Workshops">
      {view.workshops.length > 0 && (
        <ul className={styles.list} aria-label="Saved workshops">
          {view.workshops.map((one) => (
            <Saved
              key={one.profile.id}
              listing={one}
              isCurrent={one.profile.id === view.currentId}
              asked={asked === one.profile.id}
              open={(password) => {
                setAsked(null);
                turnTo.mutate({
                  id: one.profile.id,
                  name: one.profile.name,
                  ...(password !== undefined && { password }),
                });
              }}
            />
          ))}
        </ul>
      )}
      <form onSubmit={create} className={styles.row}>
        <TextInput
          label={view.workshops.length === 0 ? 'Name of the workshop' : 'Another workshop'}
          placeholder="AI film workshop"
          value={name}
          maxLength={100}
          onChange={(event) => setName(event.currentTarget.value)}
          className={styles.wide}
        />
        <Button
          type="submit"
          variant={view.workshops.length === 0 ? 'filled' : 'default'}
          loading={add.isPending}
        >
          Begin
        </Button>
        <FileButton onChange={readFile} accept=".json,application/json">
          {(button) => (
            <Button variant="default" {...button}>
              Take over a workshop file…
            </Button>
          )}
        </FileButton>
      </form>
      <Secrets secrets={view.secrets} />
    </Panel>
  );
}

function Saved(props: {
  listing: WorkshopListing;
  isCurrent: boolean;
  asked: boolean;
  open: (password?: string) => void;
}) {
  const { profile, password } = props.listing;
  const [entered, setEntered] = useState('');
  const give = useExportWorkshop();
  const remove = useRemoveWorkshop();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.open(entered);
    setEntered('');
  };
  return (
    <li>
      <div className={styles.saved}>
        <b>{profile.name}</b>
        <span className={styles.dim}>
          {profile.redis ? `Redis at ${profile.redis.host}:${profile.redis.port}` : 'Redis not known yet'}
          {password === 'asked' ? ', password asked at each start' : ''}
        </span>
      </div>
      <Group gap="xs">
        {props.isCurrent ? (
          <Text size="sm" className={styles.current}>
            Watched now
          </Text>
        ) : (
          <Button size="compact-sm" variant="light" onClick={() => props.open()}>
            Open
          </Button>
        )}
        <Button size="compact-sm" variant="default" onClick={() => give.mutate({ id: profile.id })}>
          Save as file
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          color="fail"
          onClick={() =>
            askFirst({
              title: `Forget ${profile.name} on this computer?`,
              lines: ['Its addresses and its password are removed here. The workshop itself goes on.'],
              act: 'Forget it',
              onAct: () => remove.mutate({ id: profile.id }),
            })
          }
        >
          Forget
        </Button>
      </Group>
      {props.isCurrent && <CurrentPassword listing={props.listing} />}
      {props.asked && (
        <form onSubmit={submit} className={styles.row}>
          <PasswordInput
            label={`Redis password of ${profile.name}`}
            value={entered}
            onChange={(event) => setEntered(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
            className={styles.wide}
          />
          <Button type="submit">Open</Button>
        </form>
      )}
    </li>
  );
}

/** The workshop that is watched, and cannot be without a password that this console does not have. */
function CurrentPassword({ listing: { profile, password } }: { listing: WorkshopListing }) {
  const name = useLive((state) => state.name);
  const wanted = useLive(({ links: { redis } }) =>
    password === 'asked' ? redis.kind !== 'ready' && redis.kind !== 'degraded' : wantsPassword(redis),
  );
  return wanted && name === profile.name ? <RedisPasswordForm /> : null;
}

function Secrets({ secrets }: Pick<WorkshopsView, 'secrets'>) {
  const keep = useKeepInFile();
  if (secrets.keychain)
    return <p className={styles.text}>Passwords are sealed by the keychain of this computer.</p>;
  return (
    <div className={styles.text}>
      <Checkbox
        label={`Keep Redis passwords in clear text in ${secrets.file}`}
        description="This computer offers no keychain. The file is readable by you only; without it, passwords are asked at each start."
        checked={secrets.inFile}
        onChange={(event) => keep.mutate({ inFile: event.currentTarget.checked })}
      />
    </div>
  );
}
