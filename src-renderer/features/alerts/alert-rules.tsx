import { Button, NumberInput, Switch } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { RuleInForce } from '../../../src-main/api/types.ts';
import { SharedWithHosts } from '../../components/shared-with-hosts.tsx';
import { useAlertRules, useSetChannels, useSetRule } from '../../live/alert-verbs.ts';
import { useLive } from '../../live/store.ts';
import styles from './alerts-drawer.module.css';
import { pageNotifies, playTone } from './ring.ts';

/** How alerts reach the host, and what raises them. */
export function AlertRules() {
  const rules = useAlertRules();
  return (
    <>
      <Channels />
      <h3 className={styles.heading}>What raises an alert</h3>
      <SharedWithHosts of="capacity" />
      <ul className={styles.rules} aria-label="Rules">
        {rules?.map((rule) => (
          <Rule key={rule.id} rule={rule} />
        ))}
      </ul>
    </>
  );
}

function Channels() {
  const sound = useLive(({ alerts }) => alerts?.sound ?? true);
  const desktop = useLive(({ alerts }) => alerts?.desktop ?? true);
  const set = useSetChannels();
  return (
    <div className={styles.channels}>
      <div className={styles.channel}>
        <Switch
          label="Sound"
          checked={sound}
          onChange={(event) => set.mutate({ sound: event.currentTarget.checked })}
        />
        <Button size="compact-sm" variant="default" onClick={() => playTone('warn')}>
          Hear it
        </Button>
      </div>
      <div className={styles.channel}>
        <Switch
          label="Notifications of this computer"
          checked={desktop}
          onChange={(event) => set.mutate({ desktop: event.currentTarget.checked })}
        />
        {desktop && pageNotifies() && <Permission />}
      </div>
    </div>
  );
}

/** A browser asks before a page may notify; the desktop app needs no leave. */
function Permission() {
  const [permission, setPermission] = useState(() => Notification.permission);
  if (permission === 'granted') return null;
  if (permission === 'denied')
    return <span className={styles.note}>This browser blocks them; allow them in its site settings.</span>;
  return (
    <Button
      size="compact-sm"
      variant="default"
      onClick={() => void Notification.requestPermission().then(setPermission)}
    >
      Allow in this browser
    </Button>
  );
}

function Rule({ rule }: { rule: RuleInForce }) {
  const set = useSetRule();
  const { threshold, usual } = rule;
  const change = (next: { enabled?: boolean; threshold?: number | null }) =>
    set.mutate({
      rule: rule.id,
      enabled: next.enabled ?? rule.enabled,
      threshold:
        next.threshold === undefined
          ? threshold && threshold.value !== usual
            ? threshold.value
            : null
          : next.threshold,
    });
  return (
    <li className={styles.rule}>
      <Switch
        aria-label={rule.title}
        checked={rule.enabled}
        onChange={(event) => change({ enabled: event.currentTarget.checked })}
      />
      <div>
        <b>{rule.title}</b>
        <p className={styles.text}>{rule.help}</p>
      </div>
      {threshold && <Threshold rule={rule} set={(value) => change({ threshold: value })} />}
    </li>
  );
}

function Threshold({ rule, set }: { rule: RuleInForce; set: (value: number | null) => void }) {
  const { threshold, usual, title } = rule;
  const known = threshold?.value ?? 0;
  const [text, setText] = useState<string | number>(known);
  useEffect(() => setText(known), [known]);
  if (!threshold) return null;
  const commit = () => {
    const value = typeof text === 'number' ? text : Number.parseFloat(text);
    if (!Number.isFinite(value)) return setText(known);
    const bounded = Math.min(threshold.max, Math.max(threshold.min, value));
    setText(bounded);
    if (bounded !== known) set(bounded === usual ? null : bounded);
  };
  return (
    <NumberInput
      className={styles.threshold}
      aria-label={`${title}: threshold in ${threshold.unit}`}
      value={text}
      min={threshold.min}
      max={threshold.max}
      suffix={` ${threshold.unit}`}
      hideControls
      size="xs"
      description={known === usual ? undefined : `usual ${usual}`}
      inputWrapperOrder={['input', 'description']}
      onChange={setText}
      onBlur={commit}
      onKeyDown={(event) => event.key === 'Enter' && commit()}
    />
  );
}
