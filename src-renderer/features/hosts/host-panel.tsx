import { Progress } from '@mantine/core';
import type { DeployView } from '../../../src-main/api/types.ts';
import { cut } from '../../components/format.ts';
import { TailscaleLogin } from '../../components/machines/tailscale-login.tsx';
import { Panel } from '../../components/panel.tsx';
import { RemedyButton } from '../../components/remedies/remedy-button.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import { useNow } from '../../live/clock.ts';
import { useLookOver } from '../../live/deploy-verbs.ts';
import { skippedIn, summaryOf } from './deploy-words.ts';
import { FindingList } from './finding-list.tsx';
import { HostActs } from './host-acts.tsx';
import styles from './hosts.module.css';
import { LiveOutput } from './live-output.tsx';
import { RuntimeForm } from './runtime-form.tsx';
import { StepList } from './step-list.tsx';

/** Longest text shown of what a machine says. */
const LONGEST = 600;

/** One GPU host, from what was found on it to what was done. */
export function HostPanel({ view, stale }: { view: DeployView; stale: boolean }) {
  const now = useNow();
  const { tone, word, sentence } = summaryOf(view, now);
  const look = useLookOver();
  const percent = Math.round(view.progress * 100);
  return (
    <Panel
      title={
        <span className={styles.machine}>
          {cut(view.name, 80)} <span className={styles.where}>{cut(view.where, 120)}</span>
        </span>
      }
      aside={<StateMark tone={tone} word={word} />}
      stale={stale}
    >
      <div className={styles.head}>
        <div className={styles.said}>
          <p className={styles.sentence} role="status">
            {cut(sentence, LONGEST)}
          </p>
          {view.installed && (
            <p className={styles.dim}>
              Installed: {view.installed.version} ({view.installed.release}),{' '}
              {view.installed.running
                ? view.installed.stale
                  ? 'an older release still runs'
                  : 'running'
                : 'not running'}
              .{' '}
              {view.installed.previous
                ? `Can go back to ${view.installed.previous}.`
                : 'Nothing older to go back to.'}
            </p>
          )}
        </div>
        <HostActs view={view} />
      </div>
      {view.loginUrl !== null && (
        <section className={styles.login} aria-label={`Tailscale login of ${cut(view.name, 100)}`}>
          <p>
            <b>{`${cut(view.name, 80)} waits for you.`}</b>{' '}
            {'Log in with the account of the tailnet that the VPS is in; it goes on by itself then.'}
          </p>
          <p className={styles.dim}>{view.loginUrl}</p>
          <TailscaleLogin url={view.loginUrl} />
        </section>
      )}
      {view.obstacles.map(({ machineId, remedy, subject, sentence, label }) => (
        <div key={remedy} className={styles.obstacle}>
          <span>{cut(sentence, LONGEST)}</span>
          <RemedyButton
            at={{ machineId, remedy, subject, draftId: null }}
            label={label}
            mended={() => look.mutate({ targetId: view.targetId, skip: skippedIn(view) })}
          />
        </div>
      ))}
      {view.error && (
        <div className={styles.failure} role="alert">
          <p>{cut(view.error.message, LONGEST)}</p>
          {view.error.remedy && <p className={styles.remedy}>{cut(view.error.remedy, LONGEST)}</p>}
        </div>
      )}
      {view.steps.length > 0 && (
        <div className={styles.progress}>
          <Progress
            value={percent}
            color={view.phase === 'failed' ? toneColor('fail') : toneColor('ok')}
            aria-label={`Progress on ${view.name}`}
          />
          <span className={styles.percent}>{percent} %</span>
        </div>
      )}
      {view.steps.length > 0 && (
        <div className={styles.columns}>
          <StepList view={view} />
          <FindingList view={view} />
        </div>
      )}
      <RuntimeForm key={JSON.stringify(view.choices)} view={view} />
      <LiveOutput lines={view.output} />
    </Panel>
  );
}
