import { Button, Group } from '@mantine/core';
import { cut } from '../components/format.ts';
import { goTo, showHost, showLog, useScreen } from '../components/navigate.ts';
import { askRedisPassword } from '../components/redis-password/redis-password-open.ts';
import { useReconnectNow } from '../live/settings-verbs.ts';
import type { ChipStep } from './chips.ts';

/** What can be done about a link that is no machine's, the next step first. @param done called when one was taken. */
export function ChipSteps({ steps, done }: { steps: readonly ChipStep[]; done: () => void }) {
  const reconnect = useReconnectNow();
  const screen = useScreen();
  const take = (step: ChipStep) => {
    switch (step.kind) {
      case 'redis-now':
        // What comes of it is read where it was pressed.
        return reconnect.mutate();
      case 'redis-password':
        askRedisPassword();
        break;
      case 'setup':
        goTo('setup');
        break;
      case 'host':
        showHost(step.hostId);
        break;
      case 'log':
        showLog(step.hostId, null);
        break;
    }
    done();
  };
  const offered = steps.filter(({ kind }) => kind !== 'setup' || screen !== 'setup');
  if (offered.length === 0) return null;
  return (
    <Group gap="xs" mt="xs">
      {offered.map((step, at) => (
        <Button
          key={JSON.stringify(step)}
          size="compact-sm"
          variant={at === 0 ? 'light' : 'default'}
          loading={step.kind === 'redis-now' && reconnect.isPending}
          onClick={() => take(step)}
        >
          {wordsOf(step, steps)}
        </Button>
      ))}
    </Group>
  );
}

function wordsOf(step: ChipStep, steps: readonly ChipStep[]): string {
  switch (step.kind) {
    case 'redis-now':
      return step.words;
    case 'redis-password':
      return 'Enter the password…';
    case 'setup':
      return 'Open Setup';
    case 'host': {
      const several = steps.filter(({ kind }) => kind === 'host').length > 1;
      if (step.hostId === null) return 'Open Hosts';
      return several ? `Show ${cut(step.hostId, 24)}` : 'Show the host';
    }
    case 'log':
      return 'Read its log';
  }
}
