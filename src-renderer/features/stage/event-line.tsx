import { Button, Popover } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { memo } from 'react';
import { cut } from '../../components/format.ts';
import { showJobs } from '../../components/navigate.ts';
import { ToneIcon } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import { useNow } from '../../live/clock.ts';
import { useFreeVram, useRestartWorker } from '../../live/fleet-verbs.ts';
import { useLive } from '../../live/store.ts';
import { type Alert, alertsOf } from './alerts.ts';
import styles from './event-line.module.css';
import { factsOf } from './facts.ts';
import { EventTime, RecentButton } from './recent-events.tsx';

/** One line of fixed height: what needs a person, else what happened last. */
export function EventLine() {
  const now = useNow();
  const alerts = useLive((state) => JSON.stringify(alertsOf(factsOf(state), now)));
  return <Line alerts={alerts} />;
}

const Line = memo(function Line({ alerts: text }: { alerts: string }) {
  const alerts = JSON.parse(text) as Alert[];
  const [first, ...others] = alerts;
  return (
    <section className={`${styles.line} ${first ? styles[first.tone] : ''}`} aria-label="Alerts and events">
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
      <RecentButton />
    </section>
  );
});

function AlertText({ alert }: { alert: Alert }) {
  return (
    <>
      <span className={styles.icon} style={{ color: toneColor(alert.tone) }}>
        <ToneIcon tone={alert.tone} size="1rem" />
      </span>
      <span className={styles.text} title={alert.text} role="alert">
        {alert.text}
      </span>
      <AlertAction alert={alert} />
    </>
  );
}

function AlertAction({ alert: { action } }: { alert: Alert }) {
  const restart = useRestartWorker();
  const free = useFreeVram();
  if (!action) return null;
  const act = () => {
    if (action.kind === 'show-jobs') showJobs(action.status);
    else if (action.kind === 'free-vram') free.mutate({ hostId: action.hostId, workerId: action.workerId });
    else restart.mutate({ hostId: action.hostId, workerId: action.workerId });
  };
  const words = {
    'show-jobs': 'Show them',
    'free-vram': 'Free VRAM of the idle worker',
    'restart-worker': 'Restart it',
  };
  return (
    <Button
      size="compact-sm"
      variant="default"
      loading={restart.isPending || free.isPending}
      onClick={act}
      style={{ flex: 'none' }}
    >
      {words[action.kind]}
    </Button>
  );
}

function LastEvent() {
  const event = useLive(({ events }) => events[0]);
  if (!event) return <span className={styles.text}>Nothing has happened yet in this workshop.</span>;
  return (
    <span className={styles.text} data-event-at={event.at}>
      <EventTime event={event} /> {cut(event.message, 300)}
    </span>
  );
}
