import { Select, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { FilterHelp } from '../../components/filter-help.tsx';
import { compareNames, cut } from '../../components/format.ts';
import { useAskedFilter } from '../../components/navigate.ts';
import { Age } from '../../components/panel.tsx';
import { useAskedView } from '../../components/ready-views.ts';
import { useStaggered } from '../../live/clock.ts';
import { shortListsOf } from '../../live/list-reach.ts';
import { type Nicknames, NO_NICKNAMES } from '../../live/names.ts';
import { liveStore, useLive } from '../../live/store.ts';
import { ChosenBar } from './chosen-bar.tsx';
import { type ChosenJobs, letGo, NONE_CHOSEN, readChosen } from './chosen-jobs.ts';
import { groupFailures } from './failure-groups.ts';
import { FailuresPanel } from './failures-panel.tsx';
import { JobDrawer } from './job-drawer.tsx';
import { STATUS_WORDS } from './job-words.ts';
import styles from './jobs.module.css';
import { JobsTable } from './jobs-table.tsx';
import { NoJob } from './no-job.tsx';
import { chipText, footText, limitText } from './reach-words.ts';
import {
  filterKey,
  type JobFilter,
  type JobSort,
  type JobStatus,
  NO_FILTER,
  selectJobs,
} from './select-jobs.ts';
import { ShownMenu } from './shown-menu.tsx';
import { JOB_EXAMPLES, readTyped, withoutStates } from './typed-filter.ts';
import { ViewsMenu } from './views-menu.tsx';

const STATUSES = Object.keys(STATUS_WORDS) as JobStatus[];

/** All jobs in all states: find one, see what happened to it, act on it. */
export function JobsScreen() {
  const asked = useAskedFilter();
  const [filter, setFilter] = useState<JobFilter>(NO_FILTER);
  const [sort, setSort] = useState<JobSort>({ column: 'standing', descending: false });
  useEffect(() => {
    if (asked === null) return;
    setFilter({ ...NO_FILTER, search: asked });
  }, [asked]);
  const view = useAskedView((state) => state.view);
  useEffect(() => {
    if (view === null) return;
    setFilter(view.filter);
    setSort(view.sort);
    // Taken, so that the same one can be asked for again.
    useAskedView.setState({ view: null });
  }, [view]);
  const read = useMemo(() => readTyped(filter), [filter]);
  const typed = useDeferredValue(read);
  const total = useLive(({ jobs, jobsVersion }) => (jobsVersion < 0 ? 0 : jobs.size));
  const version = useStaggered(1000, () => liveStore.getState().jobsVersion);
  const known = useLive((state) => state.queueAt !== null);
  const nicknames = useLive(({ room }) => room?.nicknames ?? NO_NICKNAMES);
  // Rows in sight take their job anew below; their order and number are renewed once a second.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that the jobs have changed.
  const selection = useMemo(
    () => selectJobs(liveStore.getState().jobs.all(), typed, sort, nicknames),
    [typed, sort, version, known, nicknames],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above.
  const short = useMemo(() => {
    const { jobs, counts } = liveStore.getState();
    return shortListsOf(jobs.all(), counts);
  }, [version, known]);
  const narrowed = (['search', 'kind', 'user', 'worker', 'cause'] as const).some((part) => typed[part]);
  const [chosen, setChosen] = useState<ChosenJobs>(NONE_CHOSEN);
  // A selection is made anew with every second's jobs.
  const chosenNow = useMemo(
    () => readChosen(chosen, selection.jobs, (id) => liveStore.getState().jobs.get(id)),
    [chosen, selection],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above.
  const failures = useMemo(
    () =>
      typed.status === 'failed'
        ? groupFailures(
            selectJobs(liveStore.getState().jobs.all(), { ...typed, cause: null }, sort, nicknames).jobs,
          )
        : [],
    [typed, sort, version, known, nicknames],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above.
  const options = useMemo(optionsOf, [version, known]);
  const stale = useLive(
    ({ line, links }) => line.kind !== 'live' || !['ready', 'degraded'].includes(links.redis.kind),
  );
  const change = (part: Partial<JobFilter>) => setFilter((before) => ({ ...before, ...part }));
  const show = (status: JobStatus | null) =>
    setFilter((before) => ({ ...before, status, cause: null, search: withoutStates(before.search) }));
  const all = STATUSES.reduce((sum, status) => sum + selection.ofStatus[status], 0);
  return (
    <div className={styles.screen}>
      <JobDrawer order={selection.jobs} />
      <div className={styles.tools}>
        <TextInput
          className={styles.search ?? ''}
          aria-label="Search jobs"
          placeholder="Search, or user:user004 failed"
          leftSection={<IconSearch size="1rem" aria-hidden />}
          rightSection={
            <FilterHelp of="jobs" examples={JOB_EXAMPLES} take={(search) => change({ search })} />
          }
          value={filter.search}
          maxLength={200}
          onChange={(event) => change({ search: event.currentTarget.value })}
          onKeyDown={(event) => event.key === 'Escape' && change({ search: '' })}
        />
        <Filter label="Kind" data={options.kinds} value={filter.kind} set={(kind) => change({ kind })} />
        <Filter
          label="User"
          data={options.users}
          nicknames={nicknames}
          value={filter.user}
          set={(user) => change({ user })}
        />
        <Filter
          label="Worker"
          data={options.workers}
          value={filter.worker}
          set={(worker) => change({ worker })}
        />
        <ViewsMenu filter={filter} sort={sort} />
        <ShownMenu jobs={selection.jobs} />
      </div>
      <fieldset
        className={styles.states}
        aria-label="Show jobs in state"
        style={{ border: 0, margin: 0, padding: 0 }}
      >
        <StateChip
          word="all"
          count={chipText(all, null, short, narrowed)}
          pressed={read.status === null}
          press={() => show(null)}
        />
        {STATUSES.filter(
          (status) => status !== 'unreadable' || selection.ofStatus.unreadable > 0 || read.status === status,
        ).map((status) => (
          <StateChip
            key={status}
            word={STATUS_WORDS[status].word}
            count={chipText(selection.ofStatus[status], status, short, narrowed)}
            pressed={read.status === status}
            press={() => show(status)}
          />
        ))}
      </fieldset>
      {failures.length > 0 && (
        <FailuresPanel
          groups={failures}
          least={short.some(({ kind }) => kind === 'failed')}
          chosen={filter.cause}
          choose={(cause) => change({ cause })}
        />
      )}
      <div
        className={stale && known ? styles.stale : undefined}
        style={{ flex: 1, minHeight: 0, display: 'flex', flexDirection: 'column' }}
      >
        <JobsTable
          jobs={selection.jobs}
          sort={sort}
          onSort={setSort}
          chosen={chosen}
          onChoose={setChosen}
          empty={
            <NoJob
              known={known}
              total={total}
              limit={limitText(short)}
              search={typed.search}
              clear={() => setFilter(NO_FILTER)}
            />
          }
        />
      </div>
      <div className={styles.foot} style={{ border: 0, padding: 0 }}>
        <span role="status">{known ? footText(selection.jobs.length, total, short) : 'Not known yet'}</span>
        {chosen.ids.size > 0 && (
          <ChosenBar
            chosen={chosenNow}
            letGo={(done) => setChosen((before) => letGo(before, done))}
            clear={() => setChosen(NONE_CHOSEN)}
          />
        )}
        <Age read={(state) => state.queueAt} />
      </div>
    </div>
  );
}

function StateChip(props: { word: string; count: string; pressed: boolean; press: () => void }) {
  return (
    <button type="button" className={styles.state} aria-pressed={props.pressed} onClick={props.press}>
      {props.word} <b>{props.count}</b>
    </button>
  );
}

function Filter(props: {
  label: string;
  data: string[];
  nicknames?: Nicknames;
  value: string | null;
  set: (value: string | null) => void;
}) {
  const called = (id: string) =>
    props.nicknames && Object.hasOwn(props.nicknames, id) ? `${props.nicknames[id]} · ` : '';
  return (
    <Select
      w="10.5rem"
      aria-label={props.label}
      placeholder={`Any ${props.label.toLowerCase()}`}
      data={props.data.map((value) => ({ value, label: cut(`${called(value)}${value}`, 60) }))}
      value={props.value}
      onChange={props.set}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': `Any ${props.label.toLowerCase()}` }}
      limit={100}
      maxDropdownHeight={320}
      nothingFoundMessage="Nobody and nothing by that name"
    />
  );
}

function optionsOf(): { kinds: string[]; users: string[]; workers: string[] } {
  const kinds = new Set<string>();
  const users = new Set<string>();
  const workers = new Set<string>();
  for (const job of liveStore.getState().jobs.all()) {
    kinds.add(filterKey(job.kind));
    users.add(filterKey(job.userId));
    if (job.workerId) workers.add(filterKey(job.workerId));
  }
  const sorted = (names: Set<string>) => [...names].sort(compareNames);
  return { kinds: sorted(kinds), users: sorted(users), workers: sorted(workers) };
}
