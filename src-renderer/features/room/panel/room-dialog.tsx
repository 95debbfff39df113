import {
  Button,
  CopyButton,
  Group,
  Modal,
  NativeSelect,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core';
import { IconCheck, IconCopy, IconPresentation } from '@tabler/icons-react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { clockText, plural } from '../../../components/format.ts';
import { NicknameImport } from '../../../components/nickname-import.tsx';
import { SharedWithHosts } from '../../../components/shared-with-hosts.tsx';
import { useNow } from '../../../live/clock.ts';
import { usePeopleWords } from '../../../live/people-words.ts';
import {
  useBlank,
  useBreak,
  useFreeze,
  useJoinCard,
  useOpenRoom,
  useRoomLight,
  useRoomMessage,
  useRoomPlaces,
  useRoomUrl,
} from '../../../live/room-verbs.ts';
import { useLive } from '../../../live/store.ts';
import { closeRoomPanel, useRoomPanelOpen } from './room-panel.ts';

const MINUTE = 60_000;
const BREAKS = [5, 10, 15, 30, 60];
const MESSAGE_MAX = 140;

/** What the host sets for the room: where it is shown, what it says, what it hides. Stands once, in the shell. */
export function RoomDialog() {
  const opened = useRoomPanelOpen();
  return (
    <Modal
      opened={opened}
      onClose={closeRoomPanel}
      title="Room view"
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
      styles={{ title: { fontWeight: 650 } }}
    >
      {opened && <RoomPanel />}
    </Modal>
  );
}

function RoomPanel() {
  const room = useLive((state) => state.room);
  if (room === null)
    return <Text size="sm">Set up a workshop first; the room view shows what happens in it.</Text>;
  return (
    <Stack gap="lg">
      <Where />
      <Group gap="lg" align="flex-start">
        <Freeze frozen={room.frozen} />
        <Blank blank={room.blank} />
        <Light light={room.light} />
      </Group>
      {/* What is above is about this projector alone. */}
      <SharedWithHosts of="room" />
      <Message message={room.message} />
      <Break until={room.breakUntil} />
      <Address url={room.url} join={room.join} />
      <NicknameImport known={Object.keys(room.nicknames).length} />
    </Stack>
  );
}

/** Text in a field: follows what is set, also by another host, but never under somebody's typing. */
function useDraft(set: string): [string, (text: string) => void] {
  const [draft, setDraft] = useState(set);
  const before = useRef(set);
  useEffect(() => {
    const was = before.current;
    before.current = set;
    setDraft((text) => (text === was ? set : text));
  }, [set]);
  return [draft, setDraft];
}

function Where() {
  const places = useRoomPlaces();
  const open = useOpenRoom();
  const [asked, ask] = useState<string | null>(null);
  const screens = places?.screens ?? [];
  const chosen = screens.find(({ id }) => id === asked) ?? screens.find((one) => one.chosen);
  return (
    <Group align="flex-end">
      {screens.length > 1 && (
        <NativeSelect
          label="Display"
          value={chosen?.id ?? ''}
          onChange={({ currentTarget }) => ask(currentTarget.value)}
          data={screens.map(({ id, name, primary }) => ({
            value: id,
            label: primary ? `${name} (this one)` : name,
          }))}
        />
      )}
      <Button
        leftSection={<IconPresentation size="1.125rem" aria-hidden />}
        onClick={() => open.mutate({ screenId: asked })}
        loading={open.isPending}
      >
        Open room view
      </Button>
      {places?.link != null && <CopyLink link={places.link} />}
      {screens.length > 0 && (
        <Text size="sm" c="var(--dim)">
          Esc closes it.
        </Text>
      )}
    </Group>
  );
}

function CopyLink({ link }: { link: string }) {
  return (
    <CopyButton value={link} timeout={2000}>
      {({ copied, copy }) => (
        <Button
          variant="default"
          onClick={copy}
          leftSection={
            copied ? <IconCheck size="1.125rem" aria-hidden /> : <IconCopy size="1.125rem" aria-hidden />
          }
        >
          {copied ? 'Link copied' : 'Copy its read-only link'}
        </Button>
      )}
    </CopyButton>
  );
}

function Freeze({ frozen }: { frozen: boolean }) {
  const freeze = useFreeze();
  return (
    <Switch
      label="Freeze"
      description="Holds the picture as it is."
      checked={frozen}
      onChange={({ currentTarget }) => freeze.mutate({ frozen: currentTarget.checked })}
    />
  );
}

function Blank({ blank }: { blank: boolean }) {
  const act = useBlank();
  return (
    <Switch
      label="Blank"
      description="Shows nothing at all."
      checked={blank}
      onChange={({ currentTarget }) => act.mutate({ blank: currentTarget.checked })}
    />
  );
}

function Light({ light }: { light: boolean }) {
  const act = useRoomLight();
  return (
    <Switch
      label="Light"
      description="For a bright room."
      checked={light}
      onChange={({ currentTarget }) => act.mutate({ light: currentTarget.checked })}
    />
  );
}

function Message({ message }: { message: string }) {
  const [text, setText] = useDraft(message);
  const send = useRoomMessage();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate({ message: text });
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" wrap="nowrap">
        <TextInput
          flex={1}
          label="Message for the room"
          placeholder="Show and tell at half past three"
          maxLength={MESSAGE_MAX}
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={text.trim() === message}>
          Show it
        </Button>
        <Button variant="default" disabled={message === ''} onClick={() => send.mutate({ message: '' })}>
          Clear
        </Button>
      </Group>
    </form>
  );
}

function Break({ until }: { until: number | null }) {
  const set = useBreak();
  const now = useNow();
  const on = until !== null && until > now;
  return (
    <Stack gap={6} role="group" aria-label="Break">
      <Text size="sm" fw={500}>
        {on ? `Break: the room reads “Back at ${clockText(until, now)}”` : 'Break'}
      </Text>
      <Group gap="xs">
        {BREAKS.map((minutes) => (
          <Button
            key={minutes}
            variant="default"
            onClick={() => set.mutate({ until: Date.now() + minutes * MINUTE })}
          >
            {plural(minutes, 'minute')}
          </Button>
        ))}
        <Button variant="default" disabled={!on} onClick={() => set.mutate({ until: null })}>
          End break
        </Button>
      </Group>
    </Stack>
  );
}

function Address({ url, join }: { url: string | null; join: boolean }) {
  const [text, setText] = useDraft(url ?? '');
  const set = useRoomUrl();
  const card = useJoinCard();
  const words = usePeopleWords();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate({ url: text.trim() === '' ? null : text.trim() });
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" wrap="nowrap">
        <TextInput
          flex={1}
          label={`Address where ${words.many} join`}
          placeholder="https://workshop.example.org"
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={text.trim() === (url ?? '')}>
          {text.trim() === '' && url !== null ? 'Hide it' : 'Show it'}
        </Button>
      </Group>
      <Switch
        mt="xs"
        label="Fill the screen with it"
        description="Address and QR code, to be read and scanned from the last row."
        disabled={url === null}
        checked={join}
        onChange={({ currentTarget }) => card.mutate({ join: currentTarget.checked })}
      />
    </form>
  );
}
