import { Button, PasswordInput, Switch, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { ErrorInfo } from '../../../src-main/api/types.ts';
import { DemoDoor } from '../../components/demo-door.tsx';
import { cut } from '../../components/format.ts';
import { blameTailnet } from '../../components/machines/describe-tailnet.ts';
import { goTo } from '../../components/navigate.ts';
import { useNow } from '../../live/clock.ts';
import { useConnect } from '../../live/settings-verbs.ts';
import { useKeepForVps } from '../../live/setup-verbs.ts';
import { useLive } from '../../live/store.ts';
import { type CheckedForm, type ConnectionForm, checkConnection, EMPTY_FORM } from './check-connection.ts';
import styles from './first-run.module.css';

/** No workshop yet: where is its Redis. The password goes to main and never comes back. */
export function FirstRun() {
  const [form, setForm] = useState<ConnectionForm>(EMPTY_FORM);
  const [errors, setErrors] = useState<Extract<CheckedForm, { kind: 'wrong' }>['errors']>({});
  const [problem, setProblem] = useState<ErrorInfo | null>(null);
  const connect = useConnect((error) => setProblem(error));
  const keep = useKeepForVps(() => goTo('setup'));

  const set = (change: Partial<ConnectionForm>) => {
    setForm((before) => ({ ...before, ...change }));
    setErrors(({ ...rest }) => {
      for (const key of Object.keys(change)) delete rest[key as keyof ConnectionForm];
      return rest;
    });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const checked = checkConnection(form);
    setErrors(checked.kind === 'wrong' ? checked.errors : {});
    if (checked.kind === 'wrong') return;
    setProblem(null);
    connect.mutate(checked.input);
  };
  const throughVps = () => {
    const checked = checkConnection(form);
    if (checked.kind === 'ok') keep.mutate(checked.input);
  };
  return (
    <section className={styles.card} aria-labelledby="first-run">
      <h2 id="first-run">Connect to your workshop</h2>
      <p>
        The workshop's Redis runs on its server. Its address and password stand in the server's .env file as
        REDIS_HOST and REDIS_PASSWORD.
      </p>
      <p>
        From a bare GPU host?{' '}
        <Button size="compact-sm" variant="light" onClick={() => goTo('setup')}>
          Set it up step by step
        </Button>
      </p>
      <DemoDoor />
      <form className={styles.form} onSubmit={submit} noValidate>
        <TextInput
          label="Name of the workshop"
          placeholder="AI film workshop"
          value={form.name}
          error={errors.name}
          maxLength={200}
          data-autofocus
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <div className={styles.row}>
          <TextInput
            label="Redis host"
            placeholder="100.64.0.7"
            value={form.host}
            error={errors.host}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => set({ host: event.currentTarget.value })}
          />
          <TextInput
            label="Port"
            inputMode="numeric"
            value={form.port}
            error={errors.port}
            autoComplete="off"
            onChange={(event) => set({ port: event.currentTarget.value })}
          />
        </div>
        <PasswordInput
          label="Redis password"
          description="Leave it empty if Redis has none. It is kept by the console, never shown again."
          value={form.password}
          error={errors.password}
          autoComplete="off"
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          onChange={(event) => set({ password: event.currentTarget.value })}
        />
        <Switch
          label="Redis speaks TLS (rediss://)"
          checked={form.tls}
          onChange={(event) => set({ tls: event.currentTarget.checked })}
        />
        {problem && <Problem problem={problem} />}
        {problem?.code === 'REDIS_UNREACHABLE' && (
          <div>
            <Button variant="light" loading={keep.isPending} onClick={throughVps}>
              Reach it through the VPS
            </Button>
            <p className={styles.aside}>
              You enter the login to the VPS next; this computer then needs no Tailscale.
            </p>
          </div>
        )}
        <Button type="submit" loading={connect.isPending} size="md">
          Connect
        </Button>
      </form>
    </section>
  );
}

/** Why it failed; what Tailscale knows of it is nearer to the cause than what the connection felt. */
function Problem({ problem }: { problem: ErrorInfo }) {
  const now = useNow();
  const tailnet = useLive((state) => state.tailnet);
  const blamed = problem.code === 'REDIS_UNREACHABLE' ? blameTailnet(tailnet, [], now) : null;
  return (
    <div className={styles.problem} role="alert">
      {cut(problem.message, 400)}{' '}
      <span>{blamed ? `${blamed.sentence} ${blamed.remedy}` : problem.remedy}</span>
    </div>
  );
}
