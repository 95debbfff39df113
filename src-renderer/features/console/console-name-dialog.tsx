import { Button, Group, Modal, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { closeConsoleName, useConsoleNameOpen } from '../../components/console-name-panel.ts';
import { useRenameConsole } from '../../live/console-verbs.ts';
import { useLive } from '../../live/store.ts';

/** Under which name other hosts read what is done here. Stands once, in the shell. */
export function ConsoleNameDialog() {
  const open = useConsoleNameOpen();
  return (
    <Modal
      opened={open}
      onClose={closeConsoleName}
      title="Name of this console"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <NameForm />
    </Modal>
  );
}

function NameForm() {
  const known = useLive((state) => state.console);
  const [text, setText] = useState(known?.name ?? '');
  const rename = useRenameConsole();
  const save = (name: string | null) => rename.mutate({ name }, { onSuccess: closeConsoleName });
  const usual = known?.usual ?? '';
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save(text.trim() === '' || text.trim() === usual ? null : text);
      }}
    >
      <Text size="sm" c="var(--dim)" mb="sm">
        Other hosts of this workshop read it beside everything that is done here.
      </Text>
      <TextInput
        label="Name"
        placeholder={usual}
        value={text}
        maxLength={60}
        data-autofocus
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Group justify="flex-end" mt="md">
        {known !== null && known.name !== usual && (
          <Button variant="default" onClick={() => save(null)} style={{ maxWidth: '100%' }}>
            Use {usual}
          </Button>
        )}
        <Button type="submit" loading={rename.isPending}>
          Save
        </Button>
      </Group>
    </form>
  );
}
