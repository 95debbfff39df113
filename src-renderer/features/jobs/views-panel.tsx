import { ActionIcon, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { JobView, JobViews } from '../../../src-main/api/types.ts';
import { useRemoveView, useRenameView, useSaveView } from '../../live/job-views.ts';
import { describeView } from './describe-view.ts';

interface ViewsPanelProps extends Pick<JobView, 'filter' | 'sort'> {
  opened: boolean;
  close: () => void;
  kept: JobViews | undefined;
}

/** Saves what the Jobs screen shows now under a name, and keeps the saved ones in order. */
export function ViewsPanel({ opened, close, filter, sort, kept }: ViewsPanelProps) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Views of the jobs"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="md">
        <SaveView filter={filter} sort={sort} kept={kept} close={close} />
        {kept?.fault && (
          <Text size="sm" c="var(--warn)" role="status" style={{ overflowWrap: 'anywhere' }}>
            {kept.fault}
          </Text>
        )}
        {kept && kept.views.length > 0 && (
          <Stack component="ul" gap="xs" aria-label="Saved views" p={0} m={0} style={{ listStyle: 'none' }}>
            {kept.views.map((view) => (
              <KeptView key={view.name} view={view} />
            ))}
          </Stack>
        )}
      </Stack>
    </Modal>
  );
}

function SaveView({ filter, sort, kept, close }: Omit<ViewsPanelProps, 'opened'>) {
  const [name, setName] = useState('');
  const save = useSaveView();
  const wanted = name.trim();
  const replaces = kept?.views.some((view) => view.name.toLowerCase() === wanted.toLowerCase()) ?? false;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (wanted === '') return;
        save.mutate({ name: wanted, filter, sort }, { onSuccess: close });
      }}
    >
      <TextInput
        label="Name of the view"
        description={`Now shown: ${describeView({ filter, sort })}.`}
        placeholder="Failed videos"
        maxLength={40}
        value={name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
        data-autofocus
      />
      <Group justify="flex-end" mt="sm">
        <Button type="submit" disabled={wanted === ''} loading={save.isPending}>
          {replaces ? 'Replace the saved view' : 'Save the view'}
        </Button>
      </Group>
    </form>
  );
}

function KeptView({ view }: { view: JobView }) {
  const [name, setName] = useState(view.name);
  const rename = useRenameView();
  const remove = useRemoveView();
  const finish = () => {
    const to = name.trim();
    if (to === '' || to === view.name) setName(view.name);
    else rename.mutate({ name: view.name, to }, { onError: () => setName(view.name) });
  };
  return (
    <Group component="li" gap="xs" wrap="nowrap" align="flex-end">
      <TextInput
        style={{ flex: 1 }}
        aria-label={`Name of the view ${view.name}`}
        description={describeView(view)}
        inputWrapperOrder={['input', 'description']}
        maxLength={40}
        value={name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
        onBlur={finish}
        onKeyDown={({ key }) => key === 'Enter' && finish()}
      />
      <ActionIcon
        variant="default"
        size="input-sm"
        mb="1.375rem"
        aria-label={`Delete the view ${view.name}`}
        onClick={() => remove.mutate({ view })}
      >
        <IconTrash size="1rem" aria-hidden />
      </ActionIcon>
    </Group>
  );
}
