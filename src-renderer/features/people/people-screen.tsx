import { Button, TextInput } from '@mantine/core';
import { IconFileUpload, IconSearch } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { finishingSince } from '../../../worker-agent/src/contract/gpu-spans.ts';
import { FilterHelp } from '../../components/filter-help.tsx';
import { clockText, countText, UNKNOWN } from '../../components/format.ts';
import { goTo } from '../../components/navigate.ts';
import { showNicknameList } from '../../components/nickname-panel.ts';
import { Age } from '../../components/panel.tsx';
import { SetUpButton } from '../../components/set-up-button.tsx';
import { toLocal, useStaggered } from '../../live/clock.ts';
import { type PeopleWords, usePeopleWords } from '../../live/people-words.ts';
import { liveStore, useLive } from '../../live/store.ts';
import { EverybodysLimits, LimitsNote } from './limits.tsx';
import styles from './people.module.css';
import { type PeopleSort, peopleOf, sortPeople } from './people-rows.ts';
import { PeopleTable } from './people-table.tsx';
import { PEOPLE_EXAMPLES } from './typed-people.ts';

/** One row a person: who waits, who hogs, and what the host can do about it. */
export function PeopleScreen() {
  const [search, setSearch] = useState('');
  const [sort, setSort] = useState<PeopleSort>({ column: 'waiting', descending: true });
  const version = useStaggered(1000, () => liveStore.getState().jobsVersion);
  const minute = useStaggered(5000, () => Math.floor(Date.now() / 5000));
  const control = useLive((state) => state.control);
  const room = useLive((state) => state.room);
  const waits = useLive((state) => state.waits);
  const known = useLive((state) => state.queueAt !== null);
  const stale = useLive(
    ({ line, links }) => line.kind !== 'live' || !['ready', 'degraded'].includes(links.redis.kind),
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` and `minute` say that jobs or time moved on.
  const people = useMemo(() => {
    const { jobs, counts, clockOffsetMs, hosts } = liveStore.getState();
    const morning = new Date();
    morning.setHours(0, 0, 0, 0);
    const clock =
      clockOffsetMs === null
        ? null
        : { now: Date.now() + clockOffsetMs, today: morning.getTime() + clockOffsetMs };
    const nicknames = room?.nicknames ?? {};
    const finishing = finishingSince(Object.values(hosts).map(({ status }) => status));
    return peopleOf({ jobs: [...jobs.all()], counts, nicknames, control, waits, clock, finishing });
  }, [version, minute, control, room, waits, known]);
  const words = usePeopleWords();
  const rows = useMemo(() => sortPeople(people.rows, search, sort), [people, search, sort]);
  return (
    <div className={styles.screen}>
      <div className={styles.tools}>
        <TextInput
          className={styles.search ?? ''}
          aria-label={`Search ${words.many}`}
          placeholder="Name, or: held, failed, waiting>3, gpu>10"
          leftSection={<IconSearch size="1rem" aria-hidden />}
          rightSection={<FilterHelp of="people" examples={PEOPLE_EXAMPLES} take={setSearch} />}
          value={search}
          maxLength={200}
          onChange={(event) => setSearch(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Escape' && setSearch('')}
        />
        <EverybodysLimits />
        <Button
          variant="default"
          disabled={room === null}
          leftSection={<IconFileUpload size="1.0625rem" aria-hidden />}
          onClick={showNicknameList}
        >
          Import nicknames…
        </Button>
      </div>
      <LimitsNote />
      <div className={`${styles.panel} ${stale ? styles.stale : ''}`}>
        {rows.length > 0 ? (
          <PeopleTable people={people} rows={rows} sort={sort} onSort={setSort} />
        ) : (
          <Nobody known={known} searched={people.rows.length > 0} clear={() => setSearch('')} />
        )}
      </div>
      <div className={styles.foot}>
        <span role="status">
          {known ? footText(rows.length, people.rows.length, words) : 'Not known yet'}
        </span>
        {people.wholeSince !== null && <WholeSince at={people.wholeSince} />}
        <Age read={(state) => state.queueAt} />
      </div>
    </div>
  );
}

function footText(found: number, all: number, words: PeopleWords): string {
  const people = words.count(all);
  return found === all ? people : `${countText(found)} of ${people}`;
}

/** Where today's figures begin: who hogs since then is told, who hogged before is not. */
function WholeSince({ at }: { at: number }) {
  const offset = useLive((state) => state.clockOffsetMs);
  const local = toLocal(at, offset);
  return (
    <span className={styles.least}>
      Done, failed and GPU time count from {local === null ? UNKNOWN : clockText(local, Date.now())} on: the
      list is full. The whole day stands in the
      <Button variant="subtle" size="compact-xs" onClick={() => goTo('recap')}>
        Recap
      </Button>
    </span>
  );
}

function Nobody(props: { known: boolean; searched: boolean; clear: () => void }) {
  const isSet = useLive((state) => !state.known || state.name !== null);
  return (
    <div className={styles.none}>
      {!isSet ? (
        <>
          <strong>No workshop is set up on this laptop yet</strong>
          <SetUpButton />
        </>
      ) : !props.known ? (
        <strong>Who takes part is not known yet.</strong>
      ) : props.searched ? (
        <>
          <strong>Nobody matches</strong>
          <Button variant="default" onClick={props.clear}>
            Show everybody
          </Button>
        </>
      ) : (
        <>
          <strong>Nobody yet</strong>
          <span>A person appears here with their first job, or with a nickname that you import.</span>
        </>
      )}
    </div>
  );
}
