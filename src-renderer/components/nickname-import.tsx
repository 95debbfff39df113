import { Button, Checkbox, FileButton, Group, List, Stack, Text, Textarea } from '@mantine/core';
import { IconFileDownload, IconFileUpload } from '@tabler/icons-react';
import { useState } from 'react';
import { usePeopleWords } from '../live/people-words.ts';
import { useNicknames, useSaveNicknames } from '../live/room-verbs.ts';

/** Largest list that is read from a file, bytes. */
const LARGEST = 1_000_000;

/** Takes nicknames from a file or from the clipboard, says what could not be used, and gives them away as a file. */
export function NicknameImport({ known }: { known: number }) {
  const [text, setText] = useState('');
  const [replace, setReplace] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const set = useNicknames();
  const save = useSaveNicknames();
  const words = usePeopleWords();
  const take = async (file: File | null) => {
    if (!file) return;
    if (file.size > LARGEST) return setFault(`${file.name} is too large for a list of nicknames.`);
    setFault(null);
    setText(await file.text());
  };
  return (
    <Stack gap={8}>
      <Textarea
        label={`Nicknames${known > 0 ? ` (${words.count(known)} so far)` : ''}`}
        description="One person a line: user, nickname. A spreadsheet's columns can be pasted."
        placeholder={'user004, Lynx\nuser009, Heron'}
        minRows={3}
        maxRows={8}
        autosize
        value={text}
        error={fault}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
      />
      <Group>
        <FileButton onChange={take} accept=".csv,.tsv,.txt,text/csv,text/plain">
          {(props) => (
            <Button {...props} variant="default" leftSection={<IconFileUpload size="1.125rem" aria-hidden />}>
              Read a CSV file…
            </Button>
          )}
        </FileButton>
        <Button
          disabled={text.trim() === ''}
          loading={set.isPending}
          onClick={() => set.mutate({ csv: text, replace }, { onSuccess: () => setText('') })}
        >
          Set nicknames
        </Button>
        <Button
          variant="default"
          disabled={known === 0}
          loading={save.isPending}
          leftSection={<IconFileDownload size="1.125rem" aria-hidden />}
          onClick={() => save.mutate()}
        >
          Save as CSV
        </Button>
        <Checkbox
          label="Drop all others"
          checked={replace}
          onChange={({ currentTarget }) => setReplace(currentTarget.checked)}
        />
      </Group>
      {(set.data?.problems.length ?? 0) > 0 && (
        <List size="sm" aria-label="What was left out">
          {set.data?.problems.map((problem) => (
            <List.Item key={problem} style={{ overflowWrap: 'anywhere' }}>
              <Text size="sm" component="span">
                {problem}
              </Text>
            </List.Item>
          ))}
        </List>
      )}
    </Stack>
  );
}
