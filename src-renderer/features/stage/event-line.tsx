import { Button, Popover } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { memo } from 'react';
import type { Alert } from '../../../src-main/api/types.ts';
import { AlertActionButton } from '../../components/alert-action.tsx';
import { RoomHeld } from '../../components/room-held.tsx';
import { ToneIcon } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import { useLive, useLiveData } from '../../live/store.ts';
import { alertsInLine } from './alerts.ts';
import styles from './event-line.module.css';
import { EventTime, eventText, RecentButton } from './recent-events.tsx';

/** One line of fixed height: what needs a person, else what happened last. */
export function EventLine() {
  const alerts = useLiveData((state) => alertsInLine(state.alerts, state.notice));
  return <Line alerts={alerts} />;
}

const Line = memo(function Line({ alerts }: { alerts: Alert[] }) {
  const [first, ...others] = alerts;
  return (
    <section
      className={`${styles.line} ${first ? styles[first.severity] : ''}`}
      aria-label="Alerts and events"
    >
      {first ? <AlertText alert={first} /> : <LastEvent />}
      {others.length > 0 && (
        <Popover width={480} position="bottom-end" withinPortal>
          <Popover.Target>
            <Button size="compact-sm" variant="default" rightSection={<IconChevronDown size="0.8125rem" />}>
              {others.length} more
            </Button>
          </Popover.Target>
          <Popover.Dropdown>
            <ul className={styles.more}>
              {others.map((alert) => (
                <li key={alert.key}>
                  <AlertText alert={alert} />
                </li>
              ))}
            </ul>
          </Popover.Dropdown>
        </Popover>
      )}
      <RoomHeld />
      <RecentButton />
    </section>
  );
});

function AlertText({ alert }: { alert: Alert }) {
  return (
    <>
      <span className={styles.icon} style={{ color: toneColor(alert.severity) }}>
        <ToneIcon tone={alert.severity} size="1rem" />
      </span>
      <span className={styles.text} title={alert.text} role="alert">
        {alert.text}
      </span>
      {alert.action && <AlertActionButton action={alert.action} />}
    </>
  );
}

function LastEvent() {
  const event = useLive(({ events }) => events[0]);
  if (!event) return <span className={styles.text}>Nothing has happened yet in this workshop.</span>;
  return (
    <span className={styles.text} data-event-at={event.at}>
      <EventTime event={event} /> {eventText(event)}
    </span>
  );
}
