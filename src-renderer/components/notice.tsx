import { Button, Group, Text } from '@mantine/core';
import { type NotificationData, notifications, notificationsStore } from '@mantine/notifications';
import { IconAlertTriangle, IconCheck, IconUsers } from '@tabler/icons-react';
import type { ErrorInfo } from '../../src-main/api/types.ts';
import { cut } from './format.ts';

/** Something the reader can press in a notice. It closes the notice. */
export interface NoticeAction {
  label: string;
  act: () => void;
}

/** The notice that now speaks about something, by what it is about. */
const standing = new Map<string, string>();

/** Longest text shown; messages may quote what came from outside. */
const LONGEST = 400;

let shown = 0;

/**
 * The newest notice is seen at once. Where there is no room for all, an older receipt is dropped, since a late one
 * would tell of a moment that has passed; a failure comes back as soon as there is room.
 */
function show(notice: NotificationData): void {
  shown += 1;
  notifications.show({
    ...notice,
    priority: shown,
    withCloseButton: true,
    closeButtonProps: { 'aria-label': 'Close this notice' },
  });
  for (const { id, autoClose } of notificationsStore.getState().queue)
    if (id !== undefined && autoClose !== false) notifications.hide(id);
}

/**
 * Says that an act was carried out; offers the way back where there is one. Goes away by itself.
 * @param about what it changed; a newer notice about the same replaces it, so that no stale way back stays.
 */
export function sayDone(message: string, undo?: () => void, about: string = crypto.randomUUID()): void {
  const id = `${about}/${crypto.randomUUID()}`;
  if (standing.has(about)) notifications.hide(standing.get(about) ?? '');
  standing.set(about, id);
  show({
    id,
    color: 'var(--ok)',
    icon: <IconCheck size="1.125rem" aria-hidden />,
    message: <NoticeBody id={id} message={message} actions={undo ? [{ label: 'Undo', act: undo }] : []} />,
    // Longer words take longer to read.
    autoClose: undo || message.length > 120 ? 8_000 : 4_000,
    onClose: () => {
      if (standing.get(about) === id) standing.delete(about);
    },
  });
}

/**
 * Says what another host has just changed. Goes away by itself; it can be read back among the recent events.
 * @param about a newer notice about the same replaces it.
 */
export function sayForeign(by: string, message: string, about: string): void {
  const id = `foreign/${about}`;
  notifications.hide(id);
  show({
    id,
    color: 'var(--busy)',
    icon: <IconUsers size="1.125rem" aria-hidden />,
    title: by,
    message: <NoticeBody id={id} message={message} actions={[]} />,
    autoClose: 10_000,
  });
}

/**
 * Says what failed, why, and the next step; stays until it is closed.
 * @param title what was not done, e.g. "The workers were not scaled".
 * @param changedBy who made the change that a conflict speaks of, if known.
 */
export function sayFailed(
  title: string,
  error: ErrorInfo,
  again: () => void,
  changedBy?: string | null,
): void {
  const id = crypto.randomUUID();
  const conflict = error.code === 'CONFLICT';
  const by =
    conflict && changedBy && !error.message.includes(changedBy)
      ? ` The last change was made by ${changedBy}.`
      : '';
  const remedy =
    error.remedy ??
    (conflict ? 'The screen now shows what holds. Apply yours again if you still want it.' : undefined);
  show({
    id,
    color: conflict ? 'var(--warn)' : 'var(--fail)',
    icon: conflict ? (
      <IconUsers size="1.125rem" aria-hidden />
    ) : (
      <IconAlertTriangle size="1.125rem" aria-hidden />
    ),
    title,
    message: (
      <NoticeBody
        id={id}
        message={cut(error.message, LONGEST) + cut(by, LONGEST)}
        remedy={remedy}
        actions={
          conflict
            ? [{ label: 'Apply again', act: again }]
            : error.retryable
              ? [{ label: 'Try again', act: again }]
              : []
        }
      />
    ),
    autoClose: false,
  });
}

function NoticeBody(props: {
  id: string;
  message: string;
  remedy?: string | undefined;
  actions: NoticeAction[];
}) {
  return (
    <>
      <Text size="sm" c="var(--text)" style={{ overflowWrap: 'anywhere' }}>
        {props.message}
      </Text>
      {props.remedy && (
        <Text size="sm" c="var(--dim)" mt={2} style={{ overflowWrap: 'anywhere' }}>
          {props.remedy}
        </Text>
      )}
      {props.actions.length > 0 && (
        <Group gap="xs" mt="xs">
          {props.actions.map(({ label, act }) => (
            <Button
              key={label}
              size="compact-sm"
              variant="default"
              onClick={() => {
                notifications.hide(props.id);
                act();
              }}
            >
              {label}
            </Button>
          ))}
        </Group>
      )}
    </>
  );
}
