import { useState } from 'react';
import type { JobDetail, JobSummary } from '../../../src-main/api/types.ts';
import { cut, plural, sizeText } from '../../components/format.ts';
import { usePrompts } from '../../live/job-detail.ts';
import styles from './job-drawer.module.css';

/** What was asked for, without the participant's own words. */
export function Workflow({ job, detail }: { job: JobSummary; detail: JobDetail }) {
  const rows: [string, string][] = [
    ['Models', detail.models.join(', ')],
    ['Sizes', detail.sizes.join(', ')],
    ['Nodes', detail.nodeTypes.join(', ')],
    ['Warnings', detail.warnings.join(' ')],
  ];
  return (
    <section aria-label="Workflow">
      <h3 className={styles.heading}>{`Workflow, ${sizeText(job.sizeBytes)}`}</h3>
      <dl className={styles.facts}>
        {rows
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{cut(value, 600)}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

/** What a participant wrote is theirs: it is read only when somebody opens it. */
export function Prompts({ jobId }: { jobId: string }) {
  const [open, setOpen] = useState(false);
  const { prompts, error } = usePrompts(jobId, open);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>What the participant wrote</summary>
      {error && <p className={styles.problem}>{error.message}</p>}
      {prompts && (prompts.length === 0 ? <p className={styles.dim}>No text was found.</p> : null)}
      {prompts?.map(({ nodeId, input, nodeType, text }) => (
        <div key={`${nodeId}/${input}`}>
          <div className={styles.dim}>{`${cut(nodeType, 60)}, ${cut(input, 60)}`}</div>
          <p className={styles.prompt}>{text}</p>
        </div>
      ))}
      {prompts && prompts.length > 0 && <div className={styles.dim}>{plural(prompts.length, 'text')}</div>}
    </details>
  );
}
