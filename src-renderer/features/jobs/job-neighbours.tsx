import { Button, Group } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import type { JobSummary } from '../../../src-main/api/types.ts';
import { countText, plural } from '../../components/format.ts';
import styles from './job-drawer.module.css';
import { openJob } from './open-job.ts';

/** Where the job stands among those shown, and the way to the one before and after. */
export function Neighbours({ jobId, order }: { jobId: string; order: readonly JobSummary[] }) {
  const at = order.findIndex(({ id }) => id === jobId);
  const before = at > 0 ? order[at - 1]?.id : undefined;
  const after = at >= 0 ? order[at + 1]?.id : undefined;
  useHotkeys([
    ['alt+ArrowUp', () => before !== undefined && openJob(before)],
    ['alt+ArrowDown', () => after !== undefined && openJob(after)],
  ]);
  return (
    <Group gap="xs" mb="sm">
      <Neighbour label="Job before" keys="Alt+ArrowUp" jobId={before} />
      <Neighbour label="Job after" keys="Alt+ArrowDown" jobId={after} />
      <span className={styles.dim} style={{ fontSize: '0.8125rem' }}>
        {at < 0 ? 'not among the jobs shown' : `${countText(at + 1)} of ${plural(order.length, 'job')} shown`}
      </span>
    </Group>
  );
}

/** At the end it stays where it is, or whoever stands on it with the keys would fall out of the drawer. */
function Neighbour(props: { label: string; keys: string; jobId: string | undefined }) {
  const { label, keys, jobId } = props;
  return (
    <Button
      size="compact-xs"
      variant="default"
      aria-keyshortcuts={keys}
      aria-disabled={jobId === undefined}
      data-disabled={jobId === undefined || undefined}
      onClick={() => jobId !== undefined && openJob(jobId)}
    >
      {label}
    </Button>
  );
}
