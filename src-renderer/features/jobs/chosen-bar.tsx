import { Button, Menu } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { plural } from '../../components/format.ts';
import { type BulkInput, useBulk } from '../../live/bulk-verbs.ts';
import { type PeopleWords, usePeopleWords } from '../../live/people-words.ts';
import { isReached } from '../../live/reached.ts';
import { useLive } from '../../live/store.ts';
import { bulkOffers } from './bulk-offers.ts';
import type { ChosenNow } from './chosen-jobs.ts';
import styles from './jobs.module.css';
import { PriorityEntries } from './priority-entries.tsx';

/** How many rows are chosen and whose they are, with what can be done to them. */
export function ChosenBar(props: {
  chosen: ChosenNow;
  letGo: (done: readonly string[]) => void;
  clear: () => void;
}) {
  const { chosen, letGo, clear } = props;
  const reached = useLive(isReached);
  const bulk = useBulk();
  const words = usePeopleWords();
  const act = (input: BulkInput) => bulk.mutate(input, { onSuccess: ({ done }) => letGo(done) });
  const blocked = !reached || bulk.isPending;
  const waits = chosen.jobs.some(({ queue }) => queue === 'pending');
  return (
    <section className={styles.chosen} aria-label="Chosen jobs">
      <span className={styles.chosenWords} role="status">
        {wordsOf(chosen, words)}
        {!reached && ' · Redis is not reached now'}
      </span>
      <Button size="compact-xs" variant="subtle" color="gray" c="var(--text)" onClick={clear}>
        Choose none
      </Button>
      {bulkOffers(chosen.jobs, act)
        .filter(({ count }) => count > 0)
        .map(({ kind, short, take }) => (
          <Button key={kind} size="compact-xs" variant="default" disabled={blocked} onClick={take}>
            {short}
          </Button>
        ))}
      {waits && (
        <Menu position="top-end" width={220}>
          <Menu.Target>
            <Button
              size="compact-xs"
              variant="default"
              disabled={blocked}
              rightSection={<IconChevronDown size="0.875rem" aria-hidden />}
            >
              Priority
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <PriorityEntries jobs={chosen.jobs} act={act} />
          </Menu.Dropdown>
        </Menu>
      )}
    </section>
  );
}

/** "3 jobs of 2 people chosen, 1 of them not shown; 1 more was deleted meanwhile". */
function wordsOf({ jobs, people, hidden, gone }: ChosenNow, words: PeopleWords): string {
  const rest =
    gone.length > 0 ? `; ${gone.length} more ${gone.length === 1 ? 'is' : 'are'} gone from Redis` : '';
  if (jobs.length === 0) return `Nothing chosen exists any more${rest}`;
  const aside = hidden > 0 ? `, ${hidden} of them not shown` : '';
  return `${plural(jobs.length, 'job')} of ${words.count(people)} chosen${aside}${rest}`;
}
