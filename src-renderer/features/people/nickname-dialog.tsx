import { Button, Modal, TextInput } from '@mantine/core';
import { useState } from 'react';
import { cut } from '../../components/format.ts';
import { NicknameImport } from '../../components/nickname-import.tsx';
import { closeNicknames, useAskedNickname } from '../../components/nickname-panel.ts';
import { nicknameOf } from '../../live/names.ts';
import { useNickname } from '../../live/people-verbs.ts';
import { liveStore, useLive } from '../../live/store.ts';

/** One person's nickname, or a list of them. Stands once, in the shell. */
export function NicknameDialog() {
  const asked = useAskedNickname((state) => state.asked);
  const named = useLive(({ room }) => Object.keys(room?.nicknames ?? {}).length);
  return (
    <Modal
      opened={asked !== null}
      onClose={closeNicknames}
      title={asked?.kind === 'person' ? `Nickname of ${cut(asked.userId, 40)}` : 'Nicknames'}
      size={asked?.kind === 'person' ? 'md' : 'lg'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {asked?.kind === 'person' && <Rename key={asked.userId} userId={asked.userId} />}
      {asked?.kind === 'list' && <NicknameImport known={named} />}
    </Modal>
  );
}

function Rename({ userId }: { userId: string }) {
  const [text, setText] = useState(() => nicknameOf(liveStore.getState().room, userId));
  const set = useNickname();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        set.mutate({ userId, nickname: text }, { onSuccess: closeNicknames });
      }}
    >
      <TextInput
        data-autofocus
        label="Nickname"
        description="What the room view and this console call them; empty for none."
        value={text}
        maxLength={200}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
      />
      <Button type="submit" mt="md" loading={set.isPending}>
        Set nickname
      </Button>
    </form>
  );
}
