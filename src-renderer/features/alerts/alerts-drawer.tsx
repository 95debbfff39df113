import { Button, Drawer, Menu, Tabs } from '@mantine/core';
import { IconBell, IconBellOff, IconCircleCheck } from '@tabler/icons-react';
import type { Alert } from '../../../src-main/api/types.ts';
import { AlertActionButton } from '../../components/alert-action.tsx';
import { clockText, spanText } from '../../components/format.ts';
import { ToneIcon } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import { useAlertRules, useQuiet, useSnooze } from '../../live/alert-verbs.ts';
import { useNow } from '../../live/clock.ts';
import { useLive } from '../../live/store.ts';
import { AlertHistory } from './alert-history.tsx';
import { AlertRules } from './alert-rules.tsx';
import styles from './alerts-drawer.module.css';
import { closeAlerts, useAlertsOpen } from './alerts-panel.ts';
import { useAskedAlerts, useRinging } from './ring.ts';

const NOTHING: Alert[] = [];

/** All about alerts: those that stand, those that were, and the rules. Stands once, in the shell. */
export function AlertsDrawer() {
  useRinging();
  useAskedAlerts();
  const open = useAlertsOpen();
  const count = useLive(({ alerts }) => alerts?.alerts.length ?? 0);
  return (
    <Drawer
      opened={open}
      onClose={closeAlerts}
      title="Alerts"
      position="right"
      size="34rem"
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ content: styles.content, title: styles.title, body: styles.body }}
    >
      <Tabs defaultValue="now" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="now">Now {count > 0 && <b className={styles.count}>{count}</b>}</Tabs.Tab>
          <Tabs.Tab value="earlier">Earlier</Tabs.Tab>
          <Tabs.Tab value="rules">Rules</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="now" pt="sm">
          <Standing />
        </Tabs.Panel>
        <Tabs.Panel value="earlier" pt="sm">
          <AlertHistory />
        </Tabs.Panel>
        <Tabs.Panel value="rules" pt="sm">
          <AlertRules />
        </Tabs.Panel>
      </Tabs>
    </Drawer>
  );
}

function Standing() {
  const alerts = useLive((state) => state.alerts?.alerts ?? NOTHING);
  const speaking = alerts.filter(({ snoozedUntil }) => snoozedUntil === null);
  const snoozed = alerts.filter(({ snoozedUntil }) => snoozedUntil !== null);
  return (
    <>
      <QuietLine />
      {speaking.length === 0 ? (
        <p className={styles.empty}>
          <IconCircleCheck size="1.25rem" aria-hidden color="var(--ok)" />
          {snoozed.length === 0 ? 'Nothing needs you now.' : 'Nothing but what is snoozed needs you now.'}
        </p>
      ) : (
        <ul className={styles.list} aria-label="Alerts that stand">
          {speaking.map((alert) => (
            <AlertCard key={alert.id} alert={alert} />
          ))}
        </ul>
      )}
      {snoozed.length > 0 && (
        <>
          <h3 className={styles.heading}>Snoozed</h3>
          <ul className={styles.list} aria-label="Snoozed alerts">
            {snoozed.map((alert) => (
              <AlertCard key={alert.id} alert={alert} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function AlertCard({ alert }: { alert: Alert }) {
  const now = useNow();
  const rules = useAlertRules();
  const snooze = useSnooze();
  const title = rules?.find(({ id }) => id === alert.rule)?.title ?? 'Alert';
  const { snoozedUntil, unknownSince } = alert;
  return (
    <li
      className={`${styles.card} ${snoozedUntil === null ? styles[alert.severity] : ''}`}
      style={{ '--tone': toneColor(alert.severity) } as React.CSSProperties}
    >
      <div className={styles.head}>
        <span className={styles.icon}>
          <ToneIcon tone={alert.severity} size="1rem" />
        </span>
        <b>{title}</b>
        <span className={styles.when}>
          since {clockText(alert.raisedAt, now)}, {spanText(now - alert.raisedAt)}
        </span>
      </div>
      <p className={styles.text}>{alert.text}</p>
      {unknownSince !== null && (
        <p className={styles.note}>
          Since {clockText(unknownSince, now)} it is not known whether this still holds.
        </p>
      )}
      <div className={styles.acts}>
        {alert.action && <AlertActionButton action={alert.action} done={closeAlerts} />}
        {snoozedUntil === null ? (
          <SnoozeMenu alertKey={alert.key} title={title} />
        ) : (
          <>
            <span className={styles.note}>snoozed until {clockText(snoozedUntil, now)}</span>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => snooze.mutate({ key: alert.key, minutes: null })}
            >
              Wake
            </Button>
          </>
        )}
      </div>
    </li>
  );
}

const SNOOZES: readonly [string, number][] = [
  ['For 5 minutes', 5],
  ['For 15 minutes', 15],
  ['For an hour', 60],
  ['For the rest of the day', 12 * 60],
];

function SnoozeMenu({ alertKey, title }: { alertKey: string; title: string }) {
  const snooze = useSnooze();
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button size="compact-sm" variant="subtle" aria-label={`Snooze: ${title}`}>
          Snooze…
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {SNOOZES.map(([words, minutes]) => (
          <Menu.Item key={minutes} onClick={() => snooze.mutate({ key: alertKey, minutes })}>
            {words}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function QuietLine() {
  const now = useNow();
  const until = useLive(({ alerts }) => alerts?.quietUntil ?? null);
  const quiet = useQuiet();
  return (
    <div className={styles.quiet}>
      {until === null ? <IconBell size="1rem" aria-hidden /> : <IconBellOff size="1rem" aria-hidden />}
      <span className={styles.grow}>
        {until === null ? 'New alerts ring.' : `Nothing rings until ${clockText(until, now)}.`}
      </span>
      {until === null ? (
        <Button size="compact-sm" variant="default" onClick={() => quiet.mutate({ minutes: 30 })}>
          Quiet for 30 minutes
        </Button>
      ) : (
        <Button size="compact-sm" variant="default" onClick={() => quiet.mutate({ minutes: null })}>
          Ring again
        </Button>
      )}
    </div>
  );
}
