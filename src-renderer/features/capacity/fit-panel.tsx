import { Button } from '@mantine/core';
import type { HostCapacity } from '../../../src-main/api/types.ts';
import { ABSENT, fitWords, withoutOthers } from '../../components/fit-words.ts';
import { cardGigabytes, cut, gigabytes, listText, plural } from '../../components/format.ts';
import { Age, Panel } from '../../components/panel.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import { useSetGuard } from '../../live/capacity-verbs.ts';
import { useSetCount } from '../../live/fleet-verbs.ts';
import { isReached } from '../../live/reached.ts';
import { useIsStale } from '../../live/speaks.ts';
import { useLive } from '../../live/store.ts';
import styles from './capacity.module.css';
import { OwnNumber } from './own-number.tsx';

/** For every number of workers that a host may run: how much memory, against card and guard, before anybody clicks. */
export function FitPanel({ hostId }: { hostId: string }) {
  const capacity = useLive((state) => state.capacity?.hosts[hostId]);
  const wanted = useLive(({ hosts }) => hosts[hostId]?.desired?.workers ?? null);
  const stale = useIsStale(hostId);
  if (!capacity) return null;
  const { counts, heaviest } = capacity;
  // Nothing of none is known: the reason that one worker would be given holds for all.
  const words = fitWords(capacity, Math.max(1, counts.length), stale);
  return (
    <Panel
      title={`Will it fit on ${hostId}`}
      stale={stale}
      aside={
        <>
          {stale && (ABSENT[capacity.word] || ABSENT.unreachable)}
          <Age read={({ hosts }) => hosts[hostId]?.heardAt ?? null} />
        </>
      }
    >
      {counts.length === 0 ? (
        <p className={styles.text}>{words.reason}</p>
      ) : (
        <>
          <p className={styles.text}>
            {heaviest && (
              <>
                Counted with <b className={styles.name}>{cut(heaviest.kind, 60)}</b> on every worker at once:{' '}
                {gigabytes(heaviest.needMiB)} GB each, {basisText(heaviest)}
                {withoutOthers(capacity)}.{' '}
              </>
            )}
            {guardText(capacity)}
          </p>
          <ul className={styles.counts} aria-label={`What fits on ${hostId}`}>
            {counts.map(({ workers }) => (
              <CountRow key={workers} {...{ hostId, capacity, workers, stale }} wanted={workers === wanted} />
            ))}
          </ul>
        </>
      )}
      <HostGuard hostId={hostId} />
      <Kinds capacity={capacity} />
    </Panel>
  );
}

function guardText({ guardMiB, guardFrom, guardTooHighMiB, totalMiB, cards }: HostCapacity): string {
  if (guardMiB === null) return '';
  const whose = {
    ...{ own: 'set for this host', console: 'set here', workshop: 'as this workshop was set up' },
    agent: 'set at the agent',
    usual: 'the usual share of the card',
  };
  const gb = (mib: number) => gigabytes(mib).replace('.0', '');
  const since =
    guardTooHighMiB === null ? '' : `: the ${gb(guardTooHighMiB)} GB that were set it can never reach`;
  const which = cards > 1 ? ' of the smallest card' : '';
  return `The guard${which} is ${gb(guardMiB)} of ${cardGigabytes(totalMiB)} GB${guardFrom ? `, ${whose[guardFrom]}` : ''}${since}.`;
}

/** A guard of this host alone; with one host only, the plan's is the same. */
function HostGuard({ hostId }: { hostId: string }) {
  const own = useLive(({ capacity }) => capacity?.settings.guards[hostId] ?? null);
  const several = useLive(({ hostIds }) => hostIds.length > 1);
  const setGuard = useSetGuard();
  if (!several && own === null) return null;
  return (
    <div className={styles.fields}>
      <OwnNumber
        label={`Guard on ${hostId}`}
        value={own === null ? null : Math.round(own / 1024)}
        max={9000}
        suffix=" GB"
        placeholder="as for all"
        set={(gb) => setGuard.mutate({ hostId, guardMiB: gb === null ? null : gb * 1024 })}
      />
    </div>
  );
}

const basisText = ({ basis, runs }: { basis: 'seen' | 'guide'; runs: number }) =>
  basis === 'guide'
    ? "the guide's guess"
    : runs === 0
      ? 'at least'
      : `seen ${runs === 1 ? 'once' : `${runs} times`}`;

function CountRow(props: {
  hostId: string;
  capacity: HostCapacity;
  workers: number;
  wanted: boolean;
  stale: boolean;
}) {
  const { hostId, capacity, workers, wanted, stale } = props;
  const setCount = useSetCount();
  const reached = useLive(isReached);
  const words = fitWords(capacity, workers, stale);
  const fit = capacity.counts.find((one) => one.workers === workers);
  const total = capacity.totalMiB ?? 1;
  const share = (mib: number) => `${Math.min(100, (mib / total) * 100)}%`;
  return (
    <li className={`${styles.count} ${wanted ? styles.wanted : ''}`}>
      <span className={styles.label}>{plural(workers, 'worker')}</span>
      <div className={styles.bar} aria-hidden>
        <i
          className={styles.fill}
          style={{ width: share(fit?.needMiB ?? 0), background: toneColor(words.tone) }}
        />
        {capacity.guardMiB !== null && (
          <i className={styles.guard} style={{ left: share(capacity.guardMiB) }} />
        )}
      </div>
      <span className={styles.need}>{gigabytes(fit?.needMiB)} GB</span>
      <span className={styles.verdict} title={words.reason}>
        <StateMark tone={words.tone} word={fit ? shortVerdict(fit) : ABSENT.unheard} />
      </span>
      {wanted ? (
        <span className={styles.now}>wanted now</span>
      ) : (
        <Button
          size="compact-sm"
          variant="default"
          loading={setCount.isPending}
          aria-disabled={!reached}
          data-disabled={!reached || undefined}
          title={reached ? undefined : 'Redis is not reached now, so nothing can be asked of the workers.'}
          aria-label={`Run ${plural(workers, 'worker')} on ${hostId}: ${words.verdict}`}
          onClick={() => reached && setCount.mutate({ hostId, workers })}
        >
          Run {workers}
        </Button>
      )}
    </li>
  );
}

const SHORT = { fits: 'fits', tight: 'over the guard', over: 'does not fit' } as const;
const shortVerdict = ({ verdict, reserve }: HostCapacity['counts'][number]) =>
  verdict === 'fits' && reserve ? 'may fit' : SHORT[verdict];

function Kinds({ capacity: { kinds, unknownKinds } }: { capacity: HostCapacity }) {
  if (kinds.length === 0 && unknownKinds.length === 0) return null;
  return (
    <>
      <h3 className={styles.heading}>What waits, runs or ran within the hour</h3>
      <ul className={styles.kinds} aria-label="Kinds of jobs">
        {kinds.map((kind) => (
          <li key={kind.kind}>
            <span className={styles.name}>{cut(kind.kind, 80)}</span>
            <span className={styles.need}>{gigabytes(kind.needMiB)} GB</span>
            <span className={styles.dim}>{basisText(kind)}</span>
          </li>
        ))}
      </ul>
      {unknownKinds.length > 0 && (
        <p className={styles.text}>
          Not counted, since nobody knows what they need:{' '}
          {listText(unknownKinds.map((kind) => cut(kind, 60)))}. One run of each tells.
        </p>
      )}
    </>
  );
}
