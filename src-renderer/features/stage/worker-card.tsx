import { Button } from '@mantine/core';
import { memo } from 'react';
import type { HostView, WorkerStatus } from '../../../src-main/api/types.ts';
import { gigabytes, nameOnHost } from '../../components/format.ts';
import { Meter } from '../../components/meter.tsx';
import { Person } from '../../components/person.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import { useClock } from '../../live/clock.ts';
import { useRestartWorker } from '../../live/fleet-verbs.ts';
import { usualStart } from '../../live/learned.ts';
import { nameOf, nicknameOf } from '../../live/names.ts';
import { type LiveState, liveStore, useLive, useLiveData } from '../../live/store.ts';
import { describeWorker, type WorkerWords } from './describe-worker.ts';
import { factsOf } from './facts.ts';
import { vramOfWorker, workerHue } from './gpu-view.ts';
import { healthOf, lastHeard, tellsNow } from './host-health.ts';
import styles from './worker-card.module.css';
import { WorkerMenu } from './worker-menu.tsx';

interface WorkerCardProps {
  hostId: string;
  workerId: string;
  /** One of many: leaves out what several hosts have no room for. */
  dense: boolean;
}

/** One worker: state, whose job, how far, what it holds. What moves is a part of its own. */
export const WorkerCard = memo(function WorkerCard({ hostId, workerId, dense }: WorkerCardProps) {
  const state = useLive(({ hosts }) => workerOf(hosts[hostId], workerId)?.state);
  const hue = useLive(({ hosts }) => (hosts[hostId] ? workerHue(hosts[hostId], workerId) : ''));
  const words = useLiveData((live) => still(wordsOf(live, hostId, workerId, Date.now())));
  if (!state || !words) return null;
  const failed = state.kind === 'failed';
  const classes = [styles.card, dense && styles.dense, failed && styles.failed].filter(Boolean).join(' ');
  const mark = <StateMark tone={words.tone} word={words.word} />;
  return (
    <article
      className={classes}
      style={{ '--tone': toneColor(words.tone) } as React.CSSProperties}
      aria-label={`${workerId}, ${words.word}`}
    >
      <div className={styles.head}>
        <i className={styles.swatch} style={{ background: hue }} />
        <h3 className={styles.name} title={workerId}>
          {dense ? nameOnHost(hostId, workerId) : workerId}
        </h3>
        <WorkerMenu hostId={hostId} workerId={workerId} state={state} />
      </div>
      {!dense && <div className={styles.state}>{mark}</div>}
      <What words={words} failed={failed} dense={dense} />
      {!failed && <Progress hostId={hostId} workerId={workerId} dense={dense} />}
      {dense ? (
        <div className={styles.state}>
          {mark}
          <Lasting hostId={hostId} workerId={workerId} />
        </div>
      ) : (
        <How hostId={hostId} workerId={workerId} />
      )}
      {failed && !dense && <RestartButton hostId={hostId} workerId={workerId} />}
      {!dense && !failed && <Foot hostId={hostId} workerId={workerId} />}
    </article>
  );
});

const workerOf = (host: HostView | undefined, workerId: string) =>
  host?.status?.workers.find(({ id }) => id === workerId);
const progressOf = (host: HostView | undefined, workerId: string) =>
  host?.live?.progress.find((one) => one.workerId === workerId);

/** Jobs of this worker that are brought away, without the one that its state tells of. */
function leavingOf({ status }: HostView, { id, state }: WorkerStatus): number {
  const shown = 'job' in state ? state.job.jobId : null;
  return (status?.finishing ?? []).filter((job) => job.workerId === id && job.jobId !== shown).length;
}

/** The worker in words as of `now`; what no longer reports stands still at its last word. */
function wordsOf(live: LiveState, hostId: string, workerId: string, now: number): WorkerWords | undefined {
  const host = live.hosts[hostId];
  const worker = workerOf(host, workerId);
  if (!host || !worker) return undefined;
  const reports = tellsNow(healthOf(host, factsOf(live), now));
  const until = reports ? now : (lastHeard(host, live.clockOffsetMs) ?? now);
  const context = {
    progress: progressOf(host, workerId),
    usualStartMs: usualStart(live.startTimes),
    clockOffsetMs: live.clockOffsetMs,
    held: live.control?.held ?? false,
    leaving: leavingOf(host, worker),
  };
  return describeWorker(worker.state, context, until);
}

/** The words that neither time nor progress changes. */
function still(words: WorkerWords | undefined): StillWords | undefined {
  return (
    words && { word: words.word, tone: words.tone, user: words.user, what: words.what, remedy: words.remedy }
  );
}
type StillWords = Pick<WorkerWords, 'word' | 'tone' | 'user' | 'what' | 'remedy'>;

interface PartProps {
  hostId: string;
  workerId: string;
}

/** The bar; the one part that follows every frame. */
function Progress({ hostId, workerId, dense }: WorkerCardProps) {
  const share = useLive((live) => wordsOf(live, hostId, workerId, Date.now())?.share);
  return (
    <div className={styles.meter}>
      {share !== undefined && <Meter share={share} label={`Progress of ${workerId}`} glides={!dense} />}
    </div>
  );
}

function How({ hostId, workerId }: PartProps) {
  useLive(({ hosts }) => progressOf(hosts[hostId], workerId));
  const how = useClock((now) => wordsOf(liveStore.getState(), hostId, workerId, now)?.how);
  return (
    <div className={styles.how} title={how}>
      {how}
    </div>
  );
}

function Lasting({ hostId, workerId }: PartProps) {
  const lasting = useClock((now) => wordsOf(liveStore.getState(), hostId, workerId, now)?.lasting);
  return <span className={styles.how}>{lasting}</span>;
}

/** Whose job and what kind; or what it waits for; or why it failed and what mends it. */
function What({ words, failed, dense }: { words: StillWords; failed: boolean; dense: boolean }) {
  const nickname = useLive(({ room }) => nicknameOf(room, words.user ?? ''));
  if (failed)
    return (
      <div className={styles.long} title={`${words.what} ${words.remedy ?? ''}`}>
        {words.what} <span className={styles.kind}>{words.remedy}</span>
      </div>
    );
  if (words.user === undefined)
    return (
      <div className={`${styles.what} ${styles.kind}`} title={words.what}>
        {words.what}
      </div>
    );
  if (dense)
    return (
      <div className={styles.what} title={`${nameOf(words.user)} · ${words.what}`}>
        <span className={styles.user}>{nickname || words.user}</span>{' '}
        <span className={styles.kind}>{words.what}</span>
      </div>
    );
  return (
    <>
      <div className={`${styles.what} ${styles.user}`}>
        <Person userId={words.user} />
      </div>
      <div className={`${styles.what} ${styles.kind}`} title={words.what}>
        {words.what}
      </div>
    </>
  );
}

function Foot({ hostId, workerId }: PartProps) {
  const mib = useLive(({ hosts }) => (hosts[hostId] ? vramOfWorker(hosts[hostId], workerId) : null));
  const settled = useLive(({ hosts }) => {
    const worker = hosts[hostId]?.status?.workers.find(({ id }) => id === workerId);
    if (!worker) return '';
    return `${worker.completed} done${worker.failed > 0 ? ` · ${worker.failed} failed` : ''}`;
  });
  return (
    <div className={styles.foot}>
      <span>{mib === null ? 'VRAM –' : `${gigabytes(mib)} GB`}</span>
      <span>{settled}</span>
    </div>
  );
}

function RestartButton({ hostId, workerId }: PartProps) {
  const restart = useRestartWorker();
  return (
    <Button
      size="compact-sm"
      variant="default"
      loading={restart.isPending}
      onClick={() => restart.mutate({ hostId, workerId })}
      style={{ flex: 'none' }}
    >
      Restart {workerId}
    </Button>
  );
}
