import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';

/** Asks for the password that sudo wants on a machine. It lives in this dialog only. */
export function SudoQuestion(props: {
  name: string;
  opened: boolean;
  close: () => void;
  answer: (password: string) => void;
}) {
  const [password, setPassword] = useState('');
  const close = () => {
    setPassword('');
    props.close();
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    props.answer(password);
    close();
  };
  return (
    <Modal
      opened={props.opened}
      onClose={close}
      title={`Password for sudo on ${props.name}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
      styles={{ title: { fontWeight: 650, overflowWrap: 'anywhere' } }}
    >
      <form onSubmit={send}>
        <Stack gap="sm">
          <Text size="sm">
            Some steps run as root there. The password is used for this run and kept nowhere; the commands
            stand in the plan.
          </Text>
          <PasswordInput
            label="Password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
            required
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Not now
            </Button>
            <Button type="submit">Begin</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
