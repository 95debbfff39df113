import { Tooltip } from '@mantine/core';
import { IconMinus, IconPlus } from '@tabler/icons-react';
import { memo, useEffect, useRef, useState } from 'react';
import { capacityOfHost, type FitWords, fitWords } from '../../components/fit-words.ts';
import { spanText, UNKNOWN } from '../../components/format.ts';
import { toLocal, useClock } from '../../live/clock.ts';
import { useSetCount } from '../../live/fleet-verbs.ts';
import { usualStart } from '../../live/learned.ts';
import { useLive } from '../../live/store.ts';
import styles from './count-stepper.module.css';
import { isReached } from './facts.ts';
import { isScaling, upOf, wantedOf, wayBegan } from './host-health.ts';

/**
 * How many workers a host shall run. From the click until wanted and observed meet it shows the way between them,
 * "1 → 3", how long it has lasted and how long a start usually takes, whoever caused it.
 */
export const CountStepper = memo(function CountStepper({
  hostId,
  small,
}: {
  hostId: string;
  small?: boolean;
}) {
  const observed = useLive(({ hosts }) => (hosts[hostId]?.status ? upOf(hosts[hostId]).length : null));
  const wantedThere = useLive(({ hosts }) => (hosts[hostId] ? wantedOf(hosts[hostId]) : null));
  const scaling = useLive(({ hosts }) => (hosts[hostId] ? isScaling(hosts[hostId]) : false));
  const most = useLive(({ hosts }) => hosts[hostId]?.status?.maxWorkers ?? null);
  const reached = useLive(isReached);
  const capacity = useLive((state) => capacityOfHost(state, hostId));
  const { clicked, set } = useCoalescedCount(hostId);

  const wanted = clicked ?? wantedThere;
  const underWay = clicked !== null || scaling;
  const why = (target: number): string | undefined => {
    if (!reached) return 'Redis is not reached now, so nothing can be asked of the workers.';
    if (wanted === null || most === null) return 'The agent has not said yet how many workers it can run.';
    if (target < 0) return 'No worker is wanted already.';
    if (target > most) return `${hostId} can run ${most} at most, by its configuration.`;
    return undefined;
  };
  const step = (by: number) => {
    if (wanted !== null && why(wanted + by) === undefined) set(wanted + by);
  };
  const known = wanted ?? 0;
  return (
    <fieldset
      className={[styles.stepper, small && styles.small].filter(Boolean).join(' ')}
      style={{ margin: 0, padding: 0, minWidth: 0 }}
      aria-label={`Workers wanted on ${hostId}`}
    >
      <Key
        label={`One worker fewer on ${hostId}`}
        hint="One fewer: it finishes its job first."
        why={why(known - 1)}
        act={() => step(-1)}
      >
        <IconMinus size="1.0625rem" aria-hidden />
      </Key>
      <div className={styles.middle} role="status">
        {underWay && observed !== null && wanted !== null && observed !== wanted ? (
          <span className={`${styles.count} ${styles.way}`}>
            {observed} → {wanted}
          </span>
        ) : (
          <span className={styles.count}>{wanted ?? UNKNOWN}</span>
        )}
        <span className={styles.under}>
          {underWay ? <Elapsed hostId={hostId} /> : wanted === 1 ? 'worker wanted' : 'workers wanted'}
        </span>
      </div>
      <Key
        label={`One worker more on ${hostId}`}
        hint={hintOf(fitWords(capacity, known + 1))}
        why={why(known + 1)}
        act={() => step(1)}
      >
        <IconPlus size="1.0625rem" aria-hidden />
      </Key>
    </fieldset>
  );
});

/** What one more needs, before the click; it is never refused for that. */
function hintOf({ verdict, figures, reason, tone }: FitWords): string {
  return tone === 'off'
    ? `One more worker; ${verdict}. ${reason}`
    : `One more ${verdict}. ${figures}. ${reason}`;
}

function Key(props: {
  label: string;
  hint: string;
  why: string | undefined;
  act: () => void;
  children: React.ReactNode;
}) {
  return (
    <Tooltip label={props.why ?? props.hint}>
      <button
        type="button"
        className={styles.key}
        aria-label={props.label}
        aria-disabled={props.why !== undefined}
        onClick={props.act}
      >
        {props.children}
      </button>
    </Tooltip>
  );
}

/** How long the way has lasted: since the first worker set out, before that since it was asked for. */
function Elapsed({ hostId }: { hostId: string }) {
  const [shownSince] = useState(() => Date.now());
  const since = useLive(({ hosts, clockOffsetMs }) =>
    hosts[hostId] ? (toLocal(wayBegan(hosts[hostId]), clockOffsetMs) ?? shownSince) : shownSince,
  );
  const usual = useLive(({ startTimes }) => usualStart(startTimes));
  const lasting = useClock((now) => spanText(now - since));
  return <>{usual === null ? lasting : `${lasting}, usual ${spanText(usual)}`}</>;
}

/**
 * Quick clicks become one wish: while an answer is under way only the last number waits, and it is sent next.
 * `clicked` is shown until the feed brings what was clicked.
 */
function useCoalescedCount(hostId: string): { clicked: number | null; set: (workers: number) => void } {
  const [clicked, setClicked] = useState<number | null>(null);
  const revision = useLive(({ hosts }) => hosts[hostId]?.desired?.revision ?? null);
  const wantedThere = useLive(({ hosts }) => hosts[hostId]?.desired?.workers ?? null);
  const { mutate, isPending } = useSetCount();
  const target = useRef<number | null>(null);
  const sending = useRef(false);

  const send = () => {
    const workers = target.current;
    if (workers === null || sending.current) return;
    target.current = null;
    sending.current = true;
    mutate(
      { hostId, workers },
      {
        onSettled: (_receipt, error) => {
          sending.current = false;
          if (error) {
            target.current = null;
            setClicked(null);
          } else send();
        },
      },
    );
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new revision with the clicked number ends the waiting.
  useEffect(() => {
    if (!isPending && target.current === null && clicked === wantedThere) setClicked(null);
  }, [isPending, clicked, wantedThere, revision]);
  return {
    clicked,
    set(workers) {
      target.current = workers;
      setClicked(workers);
      send();
    },
  };
}
