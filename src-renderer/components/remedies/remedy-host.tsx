import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { RemedyPlan, RemedyResult } from '../../../src-main/api/types.ts';
import { useCarryOutRemedy } from '../../live/remedy-verbs.ts';
import { CopyButton } from '../copy-button.tsx';
import { TailscaleLogin } from '../machines/tailscale-login.tsx';
import styles from './remedy-host.module.css';
import { useRemedy } from './remedy-store.ts';

/**
 * The dialog behind every `RemedyButton`; stands once, in the shell. It shows the exact commands and who is hit, and
 * does that and nothing else. A password for sudo lives in here only.
 */
export function RemedyHost() {
  const { shown, opened, result, problem } = useRemedy();
  const [password, setPassword] = useState('');
  const act = useCarryOutRemedy(
    (came) => {
      useRemedy.setState({ result: came });
      if (came.kind === 'done') useRemedy.getState().shown?.mended();
    },
    (error) => useRemedy.setState({ problem: error }),
  );
  const close = () => {
    setPassword('');
    useRemedy.setState({ opened: false });
  };
  const plan = shown?.plan;
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (!shown) return;
    const { at, plan: seen } = shown;
    useRemedy.setState({ problem: null });
    act.mutate({ ...at, commands: seen.commands, sudoPassword: seen.wantsPassword ? password : null });
    setPassword('');
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      size="lg"
      title={plan?.title ?? ''}
      closeButtonProps={{ 'aria-label': 'Close' }}
      styles={{ title: { fontWeight: 650, overflowWrap: 'anywhere' } }}
    >
      {plan && (
        <form onSubmit={send}>
          <Stack gap="sm">
            {result ? <Result result={result} /> : <Plan plan={plan} />}
            {!result && !plan.able && (
              <Text size="sm" role="alert">
                This console cannot do it: its user there may not become root. Another login on Setup can, or
                whoever runs the machine with these commands.
              </Text>
            )}
            {!result && plan.wantsPassword && (
              <PasswordInput
                label="Password for sudo there"
                description="Used for this once and kept nowhere."
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
                autoComplete="off"
                data-autofocus
                required
              />
            )}
            {problem && (
              <div className={styles.failed} role="alert">
                {problem.message} {problem.remedy}
              </div>
            )}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {result || plan.commands.length === 0 ? 'Good' : 'Leave it'}
              </Button>
              {!result && !plan.able && (
                <CopyButton text={plan.commands.join('\n')} label="Copy the commands" />
              )}
              {!result && plan.able && plan.commands.length > 0 && (
                <Button type="submit" loading={act.isPending}>
                  Run this there
                </Button>
              )}
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

function Plan({ plan }: { plan: RemedyPlan }) {
  return (
    <>
      {plan.hits.map((hit) => (
        <Text key={hit} size="sm" style={{ overflowWrap: 'anywhere' }}>
          {hit}
        </Text>
      ))}
      {plan.commands.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard as well
        <section className={styles.commands} tabIndex={0} aria-label="What will be run">
          <pre>
            {plan.asRoot && <span className={styles.root}>as root:{'\n'}</span>}
            {plan.commands.join('\n')}
          </pre>
        </section>
      )}
    </>
  );
}

function Result({ result }: { result: RemedyResult }) {
  return (
    <div role="status">
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {result.sentence}
        {result.kind === 'login' && ' It goes on there by itself once you have logged in.'}
      </Text>
      {result.kind === 'login' && <TailscaleLogin url={result.url} />}
    </div>
  );
}
