import { Button, Popover } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown } from '@tabler/icons-react';
import type { AgentEvent } from '../../../src-main/api/types.ts';
import { showConsoleName } from '../../components/console-name-panel.ts';
import { clockText, cut } from '../../components/format.ts';
import { toLocal } from '../../live/clock.ts';
import { useLive } from '../../live/store.ts';
import styles from './recent-events.module.css';

/** Lines that a tall window has room for below the cards. */
const BELOW_CARDS = 8;
const LISTED = 50;

/** When it happened, on this laptop's clock; nothing while the clocks are not compared. */
export function EventTime({ event }: { event: AgentEvent }) {
  const at = toLocal(
    event.at,
    useLive((state) => state.clockOffsetMs),
  );
  return <span className={styles.time}>{at === null ? '' : clockText(at, Date.now())}</span>;
}

/** The last acts and events, newest first, on request. */
export function RecentButton() {
  const [opened, { toggle, close }] = useDisclosure(false);
  return (
    <Popover
      opened={opened}
      onChange={(open) => !open && close()}
      width={460}
      position="bottom-end"
      trapFocus
    >
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="subtle"
          c="var(--dim)"
          onClick={toggle}
          rightSection={<IconChevronDown size="0.8125rem" />}
        >
          Recent
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <RecentList />
        <OwnName
          change={() => {
            close();
            showConsoleName();
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function RecentList() {
  const events = useLive((state) => state.events);
  if (events.length === 0) return <>Nothing has happened yet.</>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling list must be reachable by keyboard.
    <ul className={styles.list} tabIndex={0} aria-label="Recent events">
      {events.slice(0, LISTED).map((event) => (
        <Item key={keyOf(event)} event={event} />
      ))}
    </ul>
  );
}

/** Whom others read beside what is done here. */
function OwnName({ change }: { change: () => void }) {
  const name = useLive((state) => state.console?.name ?? null);
  if (name === null) return null;
  return (
    <p className={styles.own}>
      <span>
        This console is called <b>{cut(name, 60)}</b>.
      </span>
      <Button size="compact-sm" variant="default" onClick={change}>
        Change…
      </Button>
    </p>
  );
}

/** An act of a host is told with who did it; what an agent tells names whom it needs. */
export function eventText({ kind, by, message }: AgentEvent): string {
  const whose = kind === 'control-changed' || kind === 'host-act';
  return cut(whose ? `${cut(by, 60)}: ${message}` : message, 300);
}

/** What happened before the newest event, in the room that the cards leave. */
export function Recently() {
  const events = useLive((state) => state.events);
  return (
    <div className={styles.rest}>
      <ul aria-label="Earlier events">
        {events.slice(1, BELOW_CARDS + 1).map((event) => (
          <Item key={keyOf(event)} event={event} />
        ))}
      </ul>
    </div>
  );
}

/** Events have no id; all that tells them apart together. */
const keyOf = ({ at, kind, jobId, workerId, message }: AgentEvent) =>
  `${at}/${kind}/${jobId}/${workerId}/${message}`;

function Item({ event }: { event: AgentEvent }) {
  return (
    <li>
      <EventTime event={event} />
      <span>{eventText(event)}</span>
    </li>
  );
}
