import { Button, Group } from '@mantine/core';
import { useNow } from '../../live/clock.ts';
import { useConnectMachine, useDisconnectMachine, useForgetHostKey } from '../../live/machine-verbs.ts';
import { useLive } from '../../live/store.ts';
import { askFirst } from '../confirm.tsx';
import { goTo, useScreen } from '../navigate.ts';
import { describeMachine, type MachineAct } from './describe-machine.ts';
import { bringBack } from './question-open.ts';

const WORDS: Record<MachineAct, string> = {
  connect: 'Connect',
  retry: 'Try again now',
  renew: 'Connect anew',
  disconnect: 'Disconnect',
  answer: 'Answer',
  'trust-new-key': 'Look at the new key',
  setup: 'Its login in Setup',
};

/** What leads to a dialog or to another screen. */
const LEADS: readonly MachineAct[] = ['answer', 'trust-new-key', 'setup'];

/**
 * Buttons for what can be done about the way to one machine, the next step first.
 * @param left called when one led elsewhere.
 */
export function MachineActs({ id, left }: { id: string; left?: () => void }) {
  const now = useNow();
  const machine = useLive(({ machines }) => machines.find((one) => one.id === id));
  const connect = useConnectMachine();
  const disconnect = useDisconnectMachine();
  const forget = useForgetHostKey();
  const screen = useScreen();
  if (!machine) return null;
  const run: Record<MachineAct, () => void> = {
    connect: () => connect.mutate({ id }),
    retry: () => connect.mutate({ id }),
    renew: () => connect.mutate({ id }),
    setup: () => goTo('setup'),
    disconnect: () => disconnect.mutate({ id }),
    answer: () => machine.link.kind === 'asking' && bringBack(machine.link.question.id),
    'trust-new-key': () => {
      const stranger = machine.link.kind === 'refused' ? machine.link.stranger : undefined;
      if (stranger === undefined) return;
      askFirst({
        title: `Has ${stranger} really got a new key?`,
        lines: [
          'A rented machine that was set up anew has one; so has a stranger between you and it.',
          `The old key of ${stranger} is removed from known_hosts; other machines, also those on the way to ${machine.name}, stay known. The new fingerprint is shown to you before anything is sent.`,
        ],
        act: 'Remove the old key',
        onAct: () => forget.mutate({ id, machine: stranger }),
      });
    },
  };
  const acts = describeMachine(machine, now).acts.filter((act) => act !== 'setup' || screen !== 'setup');
  const take = (act: MachineAct) => {
    run[act]();
    if (LEADS.includes(act)) left?.();
  };
  return (
    <Group gap="xs" mt="xs">
      {acts.map((act, at) => (
        <Button
          key={act}
          size="compact-sm"
          variant={at === 0 ? 'light' : 'default'}
          onClick={() => take(act)}
        >
          {WORDS[act]}
        </Button>
      ))}
    </Group>
  );
}
