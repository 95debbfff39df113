import { Button, Checkbox, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { ErrorInfo, WorkshopsView } from '../../../src-main/api/types.ts';
import { useEnterPassword } from '../../live/settings-verbs.ts';
import { useWorkshops } from '../../live/setup-verbs.ts';
import { useLive } from '../../live/store.ts';
import { cut } from '../format.ts';

/** The password of the Redis that is watched: tried at once, and kept only when Redis has taken it. */
export function RedisPasswordForm({ done }: { done?: () => void }) {
  const name = useLive((state) => state.name);
  const view = useWorkshops();
  const [text, setText] = useState('');
  const [keep, setKeep] = useState(true);
  const [problem, setProblem] = useState<ErrorInfo | null>(null);
  const enter = useEnterPassword({ done, failed: setProblem });
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (text === '' || enter.isPending) return;
    setProblem(null);
    enter.mutate({ password: text, keep });
  };
  const place = placeOf(view, name);
  return (
    <form onSubmit={send} style={{ width: '100%', maxWidth: '36rem' }}>
      <Stack gap="sm">
        <PasswordInput
          label={`Redis password of ${name ?? 'the workshop'}`}
          value={text}
          maxLength={1000}
          error={problem ? sentenceOf(problem) : undefined}
          autoComplete="off"
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          onChange={(event) => setText(event.currentTarget.value)}
          data-autofocus
        />
        {place === null ? (
          <Text size="sm" c="var(--dim)">
            It is remembered until this console is closed.
          </Text>
        ) : (
          <Checkbox label={place} checked={keep} onChange={(event) => setKeep(event.currentTarget.checked)} />
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={enter.isPending} disabled={text === ''}>
            Connect
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Where the password may outlast this process; null for nowhere. One given from outside belongs to no saved workshop. */
function placeOf(view: WorkshopsView | undefined, name: string | null): string | null {
  if (!view) return null;
  const { currentId, workshops, secrets } = view;
  const current = workshops.find(({ profile }) => profile.id === currentId);
  if (current?.profile.name !== name) return null;
  if (secrets.keychain) return 'Keep it in the keychain of this computer';
  return secrets.inFile ? `Keep it in clear text in ${secrets.file}` : null;
}

/** A password that could not be tried is neither right nor wrong. */
function sentenceOf({ code, message, remedy }: ErrorInfo): string {
  const tried = code === 'REDIS_AUTH' ? '' : 'The password was not tried. ';
  return `${tried}${cut(message, 400)} ${remedy ?? ''}`.trim();
}
