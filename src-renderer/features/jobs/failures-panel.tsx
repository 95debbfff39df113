import { Button } from '@mantine/core';
import { FAILURE_CAUSES } from '../../../worker-agent/src/contract/failure-cause.ts';
import { cut, plural } from '../../components/format.ts';
import { useBulk } from '../../live/bulk-verbs.ts';
import { usePeopleWords } from '../../live/people-words.ts';
import { useLive } from '../../live/store.ts';
import type { FailureGroup } from './failure-groups.ts';
import styles from './failures-panel.module.css';
import { mendingPlace } from './mending-place.ts';

/** Requeueing the same workflow would fail the same way. */
const IN_VAIN: readonly string[] = ['editor-format', 'mismatch', 'refused', 'unreadable', 'node'];

/** Whether the same workflow may succeed when it is run again. */
export const helpsToRequeue = (cause: string): boolean => !IN_VAIN.includes(cause);

/** Failures by cause, with the step that mends all jobs of a cause. */
export function FailuresPanel(props: {
  groups: readonly FailureGroup[];
  /** The list of failures is short: the figures are least ones. */
  least: boolean;
  chosen: string | null;
  choose: (key: string | null) => void;
}) {
  const reached = useLive(({ links, line }) => line.kind === 'live' && links.redis.kind !== 'lost');
  const bulk = useBulk();
  const words = usePeopleWords();
  return (
    <ul className={styles.groups} aria-label="Failures by cause">
      {props.groups.map((group) => {
        const { name, means, step } = FAILURE_CAUSES[group.cause];
        const title = `${name}${group.about === null ? '' : `: ${cut(group.about, 80)}`}`;
        const chosen = props.chosen === group.key;
        const place = mendingPlace(group.cause);
        return (
          <li key={group.key} className={styles.group}>
            <div className={styles.words}>
              <strong>{title}</strong>{' '}
              <span className={styles.count}>
                {props.least && 'at least '}
                {words.count(group.people)}, {plural(group.jobs.length, 'job')}
              </span>
              <p>
                {means} <b>{step}</b>
              </p>
            </div>
            {place && (
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`${place.label}, to mend ${title}`}
                onClick={place.go}
              >
                {place.label}
              </Button>
            )}
            <Button
              size="compact-sm"
              variant="default"
              aria-pressed={chosen}
              aria-label={chosen ? `Show all failures, not only ${title}` : `Show only ${title}`}
              onClick={() => props.choose(chosen ? null : group.key)}
            >
              {chosen ? 'All failures' : 'Show'}
            </Button>
            {helpsToRequeue(group.cause) && (
              <Button
                size="compact-sm"
                variant="default"
                disabled={!reached || bulk.isPending}
                aria-label={`Requeue ${plural(group.jobs.length, 'job')}: ${title}`}
                onClick={() => bulk.mutate({ jobIds: group.jobs.map(({ id }) => id), kind: 'requeue' })}
              >
                Requeue {group.jobs.length}
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
