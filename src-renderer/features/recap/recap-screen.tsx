import { Alert, Button, Menu, NativeSelect } from '@mantine/core';
import { IconChevronDown, IconFileTypePdf, IconPhotoDown, IconTableDown } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { LocalDay, Recap, RecapTable } from '../../../src-main/api/types.ts';
import { clockText, countText, plural, spanText, UNKNOWN } from '../../components/format.ts';
import { sayFailed } from '../../components/notice.tsx';
import { Panel } from '../../components/panel.tsx';
import { takeAsked, useAskedRecap } from '../../components/recap-ask.ts';
import { SetUpButton } from '../../components/set-up-button.tsx';
import { useNow } from '../../live/clock.ts';
import { errorInfoOf } from '../../live/command.ts';
import { atStart, usePeopleWords } from '../../live/people-words.ts';
import { useKeptDays, usePrint, useRecap, useSaveTable } from '../../live/recap-queries.ts';
import { saveAs } from '../../live/save-as.ts';
import { useLive } from '../../live/store.ts';
import { HoursChart } from './hours-chart.tsx';
import { onPaper } from './on-paper.ts';
import styles from './recap.module.css';
import { recapPicture } from './recap-picture.ts';
import { Acts, Failures, Kinds, PeopleTable, Rents } from './recap-tables.tsx';
import {
  dayText,
  failedText,
  gpuText,
  hourText,
  recapSentence,
  rentText,
  watchedSentence,
} from './recap-words.ts';

const TABLES: Record<RecapTable, string> = {
  people: 'People',
  jobs: 'Jobs',
  hours: 'Hours',
  failures: 'Failures',
  acts: 'What happened',
};

/** What a day came to: to look at after the workshop, and to take home. */
export function RecapScreen() {
  const [asked, ask] = useState<LocalDay>();
  const kept = useKeptDays();
  const known = useLive((state) => state.name !== null);
  const day = asked !== undefined && kept?.days.includes(asked) ? asked : kept?.days[0];
  const { recap, error } = useRecap(day);
  const now = useNow();
  if (kept === undefined || !known || day === undefined)
    return (
      <div className={styles.screen}>
        <Panel title="Recap">
          <p className={styles.none}>
            {!known
              ? 'Set up a workshop first; what happens in it is kept from then on.'
              : kept === undefined
                ? 'Looking for what was kept.'
                : 'Nothing is kept yet. It begins with the first figures that come from the workshop.'}
          </p>
          {!known && (
            <div>
              <SetUpButton />
            </div>
          )}
        </Panel>
      </div>
    );
  return (
    <div className={styles.screen}>
      <div className={styles.tools}>
        <NativeSelect
          aria-label="Day"
          value={day}
          data={kept.days.map((one) => ({ value: one, label: dayText(one, now) }))}
          onChange={({ currentTarget }) => ask(currentTarget.value)}
        />
        <span className={styles.saved}>
          {kept.state.savedUntil === null
            ? 'Nothing saved since this console was started'
            : `Saved on this laptop until ${clockText(kept.state.savedUntil, now)}`}
        </span>
        {recap && <TakeHome recap={recap} />}
      </div>
      {kept.state.fault && (
        <Alert
          color={kept.state.keeps === 'part' ? 'yellow' : 'red'}
          title={
            kept.state.keeps === 'part' ? 'Part of today is not kept' : 'What happens now is not being kept'
          }
          className={styles.fault}
        >
          {kept.state.fault.message} {kept.state.fault.remedy}
        </Alert>
      )}
      {error && (
        <Alert color="red" title="This day cannot be shown">
          {error.message} {error.remedy}
        </Alert>
      )}
      {recap && <Sheet recap={recap} now={now} />}
    </div>
  );
}

function TakeHome({ recap }: { recap: Recap }) {
  const name = useLive((state) => state.name) ?? 'Workshop';
  const table = useSaveTable();
  const print = usePrint(onPaper);
  const words = usePeopleWords();
  const { day } = recap;
  const picture = () =>
    recapPicture(recap, name, words).then(
      (png) => saveAs(`workshop-${day}.png`, png),
      (cause: unknown) => sayFailed('The picture was not made', errorInfoOf(cause), picture),
    );
  const asked = useAskedRecap((state) => state.asked);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is asked for is taken, once.
  useEffect(() => {
    const wanted = takeAsked();
    if (wanted === null) return;
    if (wanted === 'pdf') print.mutate({ day });
    else if (wanted === 'picture') void picture();
    else table.mutate({ day, table: wanted });
  }, [asked]);
  return (
    <div className={styles.takeHome}>
      <Button
        variant="default"
        leftSection={<IconFileTypePdf size="1rem" aria-hidden />}
        loading={print.isPending}
        onClick={() => print.mutate({ day })}
      >
        PDF
      </Button>
      <Button variant="default" leftSection={<IconPhotoDown size="1rem" aria-hidden />} onClick={picture}>
        Picture
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            variant="default"
            leftSection={<IconTableDown size="1rem" aria-hidden />}
            rightSection={<IconChevronDown size="0.875rem" aria-hidden />}
          >
            CSV
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {Object.entries(TABLES).map(([key, label]) => (
            <Menu.Item key={key} onClick={() => table.mutate({ day, table: key as RecapTable })}>
              {key === 'people' ? atStart(words.many) : label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

function Sheet({ recap, now }: { recap: Recap; now: number }) {
  const watched = watchedSentence(recap);
  const words = usePeopleWords();
  const name = useLive((state) => state.name);
  return (
    <article className={styles.sheet} aria-label={`Recap of ${recap.day}`}>
      <header className={styles.head}>
        <p className={styles.paperTitle}>{name}</p>
        <h2 className={styles.day}>{dayText(recap.day, now)}</h2>
        <p className={styles.sentence}>{recapSentence(recap, words)}</p>
        {watched && <p className={styles.watched}>{watched}</p>}
      </header>
      <Figures recap={recap} />
      <Panel title="Jobs by the hour" className={styles.wide} aside={<Legend busiest={recap.busiest} />}>
        {recap.hours.length === 0 ? (
          <p className={styles.none}>No job has ended and nobody has watched.</p>
        ) : (
          <HoursChart hours={recap.hours} busiest={recap.busiest} />
        )}
      </Panel>
      <Failures failures={recap.failures} known={recap.from !== null} />
      <Kinds kinds={recap.kinds} />
      {recap.costs.length > 1 && <Rents costs={recap.costs} />}
      <PeopleTable people={recap.people} />
      <Acts acts={recap.acts} />
    </article>
  );
}

function Legend({ busiest }: { busiest: number | null }) {
  return (
    <span className={styles.legend}>
      <span>
        <i aria-hidden />
        made
      </span>
      <span>
        <i aria-hidden data-kind="failed" />
        failed
      </span>
      <span data-kind="wait">most waiting at once</span>
      {busiest !== null && <span>busiest {hourText(busiest)}</span>}
    </span>
  );
}

function Figures({ recap }: { recap: Recap }) {
  const { jobs, waits, runs, gpuMs, people } = recap;
  const rent = rentText(recap);
  const words = usePeopleWords();
  // Of a day of which nothing is known, not even a zero is.
  const known = recap.from !== null;
  const figures: [string, string, string][] = [
    [
      'Jobs made',
      known ? countText(jobs.completed) : UNKNOWN,
      known ? [failedText(recap), cancelledText(jobs.cancelled)].join(' · ') : '',
    ],
    [atStart(words.many), known ? countText(people.length) : UNKNOWN, 'whose jobs ended'],
    [
      'Usual wait',
      waits ? spanText(waits.median) : UNKNOWN,
      waits ? `9 of 10 within ${spanText(waits.p90)}` : '',
    ],
    ['Usual run', runs ? spanText(runs.median) : UNKNOWN, runs ? `longest ${spanText(runs.longest)}` : ''],
    ['On a GPU', known ? gpuText(gpuMs) : UNKNOWN, 'all jobs together'],
    ['Rent', rent.amount, rent.aside],
  ];
  return (
    <dl className={styles.figures}>
      {figures.map(([label, value, aside]) => (
        <div key={label} className={styles.figure}>
          <dt>{label}</dt>
          <dd>
            <b>{value}</b>
            <span>{aside}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

const cancelledText = (count: number) =>
  count === 0 ? 'none cancelled' : `${plural(count, 'job')} cancelled`;
