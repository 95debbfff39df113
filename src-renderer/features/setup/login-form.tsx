import { Button, Group, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { MachineLogin } from '../../../src-main/api/types.ts';
import styles from './setup.module.css';
import { checkLogin, type LoginText, NO_LOGIN, readSshCommand } from './ssh-command.ts';

type Errors = Extract<ReturnType<typeof checkLogin>, { kind: 'wrong' }>['errors'];

/** How to log in to a machine. What a provider offers for copying may be pasted whole into the first field. */
export function LoginForm(props: {
  login: MachineLogin | null;
  /** Filled in where nothing else is known. */
  defaults?: Partial<LoginText>;
  hint?: string;
  /** Words on the button. */
  act: string;
  busy: boolean;
  save: (login: MachineLogin) => void;
}) {
  const { login } = props;
  const [text, setText] = useState<LoginText>(() => ({
    ...NO_LOGIN,
    ...props.defaults,
    ...(login && {
      host: login.host,
      user: login.user ?? '',
      port: login.port === null ? '' : String(login.port),
      keyFile: login.keyFile ?? '',
    }),
  }));
  const [errors, setErrors] = useState<Errors>({});
  const set = (change: Partial<LoginText>) => setText((before) => ({ ...before, ...change }));
  const send = (event: FormEvent) => {
    event.preventDefault();
    const checked = checkLogin(text);
    setErrors(checked.kind === 'wrong' ? checked.errors : {});
    if (checked.kind === 'ok') props.save(checked.login);
  };
  return (
    <form onSubmit={send} noValidate className={styles.form}>
      <div className={styles.row}>
        <TextInput
          label="Address"
          description={
            props.hint ?? 'A name, an IP address, a Host of ~/.ssh/config, or a whole ssh command.'
          }
          placeholder="100.64.0.7, or ssh root@203.0.113.7 -p 2222"
          value={text.host}
          error={errors.host}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => {
            const typed = event.currentTarget.value;
            set(readSshCommand(typed) ?? { host: typed });
          }}
          className={styles.wide}
        />
      </div>
      <div className={styles.row}>
        <TextInput
          label="User"
          placeholder="as ~/.ssh/config says"
          value={text.user}
          error={errors.user}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => set({ user: event.currentTarget.value })}
        />
        <TextInput
          label="Port"
          inputMode="numeric"
          placeholder="22"
          value={text.port}
          error={errors.port}
          autoComplete="off"
          onChange={(event) => set({ port: event.currentTarget.value })}
        />
        <TextInput
          label="Key file"
          placeholder="your usual keys"
          value={text.keyFile}
          error={errors.keyFile}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => set({ keyFile: event.currentTarget.value })}
        />
      </div>
      <Group>
        <Button type="submit" loading={props.busy}>
          {props.act}
        </Button>
      </Group>
    </form>
  );
}
