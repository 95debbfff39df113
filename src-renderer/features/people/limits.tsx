import { Button, Select } from '@mantine/core';
import { isReporting } from '../../../worker-agent/src/contract/agent-word.ts';
import { listText, plural } from '../../components/format.ts';
import { useClock } from '../../live/clock.ts';
import { useSetMode } from '../../live/fleet-verbs.ts';
import { useCap, useLineCap } from '../../live/people-verbs.ts';
import { atStart, type PeopleWords, usePeopleWords } from '../../live/people-words.ts';
import { modeOf } from '../../live/queue-mode.ts';
import { type LiveState, liveStore, useLive } from '../../live/store.ts';
import styles from './people.module.css';

/** Limits offered; the contract allows more. */
const OFFERED = ['1', '2', '3', '4', '6', '8'];

/** What holds for everybody without a limit of their own. */
export function EverybodysLimits() {
  return (
    <>
      <Limit
        label="Jobs in line, for everybody"
        none="Any number in line"
        words={(value) => `At most ${value} in line each`}
        value={useLive(({ control }) => control?.lineCaps?.everybody ?? null)}
        verb={useLineCap()}
      />
      <Limit
        label="Running jobs at once, for everybody"
        none="No limit on running jobs"
        words={(value) => `At most ${plural(value, 'running job')} each`}
        value={useLive(({ control }) => control?.caps?.everybody ?? null)}
        verb={useCap()}
      />
    </>
  );
}

function Limit(props: {
  label: string;
  none: string;
  words: (value: number) => string;
  value: number | null;
  verb: ReturnType<typeof useCap>;
}) {
  const { value, verb } = props;
  const set = useLive((state) => state.known && state.name !== null);
  const offered = value === null || OFFERED.includes(String(value)) ? OFFERED : [...OFFERED, `${value}`];
  return (
    <Select
      w="16rem"
      aria-label={props.label}
      data={[
        { value: 'none', label: props.none },
        ...offered.map((each) => ({ value: each, label: props.words(Number(each)) })),
      ]}
      value={value === null ? 'none' : String(value)}
      allowDeselect={false}
      disabled={!set || verb.isPending}
      onChange={(next) => verb.mutate({ userId: null, cap: next === 'none' ? null : Number(next) })}
    />
  );
}

/** What the limits that are set come to now, in words; above all that one of them changes nothing. */
export function LimitsNote() {
  const people = usePeopleWords();
  const words = useClock((now) => limitsNote(liveStore.getState(), now, people));
  const fairer = useClock((now) => {
    const state = liveStore.getState();
    return runsInVain(state, now) && !SHARED.includes(modeOf(state) ?? '');
  });
  const setMode = useSetMode();
  if (words === '') return null;
  return (
    <p className={styles.note}>
      {words}{' '}
      {fairer && (
        <Button
          size="compact-xs"
          variant="default"
          loading={setMode.isPending}
          onClick={() => setMode.mutate({ mode: 'fair' })}
        >
          Order: fair shares
        </Button>
      )}
    </p>
  );
}

/** Orders in which nobody's second job goes before somebody else's first. */
const SHARED: readonly string[] = ['round_robin', 'fair'];

/** Workers that are known to be there, and the hosts of which that is not known now. */
function workersOf(hosts: LiveState['hosts'], now: number): { workers: number; leftOut: string[] } {
  const all = Object.values(hosts);
  return {
    workers: all.filter((host) => isReporting(host, now)).flatMap(({ status }) => status?.workers ?? [])
      .length,
    // One that was stopped has said so: it has none.
    leftOut: all
      .filter((host) => !isReporting(host, now) && host.status?.phase !== 'stopped')
      .map(({ id }) => id),
  };
}

/** A limit on running jobs is set that no person can reach with the workers there are. */
function runsInVain({ control, hosts }: Pick<LiveState, 'control' | 'hosts'>, now: number): boolean {
  const { everybody = null, users = {} } = control?.caps ?? {};
  const smallest = Math.min(...Object.values(users), everybody ?? Number.POSITIVE_INFINITY);
  const { workers } = workersOf(hosts, now);
  return Number.isFinite(smallest) && workers > 0 && smallest >= workers;
}

/** Exported for its test. Empty without a limit that needs a word. @param now local epoch ms. */
export function limitsNote(
  { control, hosts }: Pick<LiveState, 'control' | 'hosts'>,
  now: number,
  people: PeopleWords,
): string {
  const isSet = (caps: { everybody: number | null; users: object } | null | undefined) =>
    caps != null && (caps.everybody !== null || Object.keys(caps.users).length > 0);
  const words: string[] = [];
  if (isSet(control?.lineCaps)) {
    const mode = modeOf({ control, hosts });
    words.push(
      mode === 'round_robin' || mode === 'fair'
        ? `${atStart(people.many)} take turns now, and only the first job of each is ever next: the limit in line changes nothing.`
        : 'Jobs beyond the limit in line are kept: they join the end of the line one by one as others of theirs start, and all run when nobody else waits.',
    );
  }
  if (runsInVain({ control, hosts }, now)) {
    const { workers, leftOut } = workersOf(hosts, now);
    const without =
      leftOut.length === 0 ? '' : ` (without ${listText(leftOut)}, of which nothing is heard now)`;
    words.push(
      `With ${plural(workers, 'worker')}${without} at most ${plural(workers, 'job')} of anybody can run at once, so the limit on running jobs changes nothing now.`,
    );
  }
  return words.join(' ');
}
