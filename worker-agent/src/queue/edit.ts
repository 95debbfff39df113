import { createHash } from 'node:crypto';
import {
  applySplices,
  type JobChanges,
  type JobText,
  type Splice,
  spliceJobText,
} from '../contract/job-text.ts';
import type { ScriptArgument } from './script-runner.ts';

/** Changes to a job; `now` lists the dates that the script sets from Redis TIME. */
export interface JobEdit {
  changes: JobChanges;
  now?: readonly ('started_at' | 'completed_at')[];
}

const NOW = 'now by Redis TIME';

/**
 * The arguments of a guarded edit: guard (includes/guard.lua), then splices (includes/splice.lua).
 * The guard covers every byte outside the workflow, which we never change.
 * @param hidden bytes of the stored workflow that `job` was read without (see peek.ts).
 */
export function editArguments(job: JobText, edit: JobEdit, hidden = 0): ScriptArgument[] {
  const args: ScriptArgument[] = guardArguments(job, hidden);
  for (const splice of editSplices(job, edit)) {
    const start = splice.start < job.workflow.end ? splice.start : splice.start + hidden;
    args.push(start, splice.length, splice.text);
  }
  return args;
}

/** Length, workflow start, workflow end, sha1 of all bytes around the workflow. */
export function guardArguments(job: JobText, hidden = 0): ScriptArgument[] {
  const { bytes, workflow } = job;
  const sha = createHash('sha1')
    .update(bytes.subarray(0, workflow.start))
    .update(bytes.subarray(workflow.end))
    .digest('hex');
  return [bytes.length + hidden, workflow.start, workflow.end + hidden, sha];
}

/** Splices of an edit; a byte 1 in a text stands for the date that the script puts there. */
export function editSplices(job: JobText, edit: JobEdit): Splice[] {
  const splices = spliceJobText(job, edit.changes).map((splice) => ({
    ...splice,
    text: replaceLoneSurrogates(splice.text),
  }));
  for (const field of edit.now ?? [])
    for (const splice of spliceJobText(job, { [field]: NOW }))
      splices.push({ ...splice, text: splice.text.replace(JSON.stringify(NOW), '\u0001') });
  return splices.sort((a, b) => a.start - b.start);
}

/** The text after an edit, as the script wrote it at `date`. */
export function editedBytes(job: JobText, edit: JobEdit, date: string): Buffer {
  const splices = editSplices(job, edit).map((splice) => ({
    ...splice,
    text: splice.text.replace('\u0001', JSON.stringify(date)),
  }));
  return applySplices(job.bytes, splices);
}

/** Where the value of `status` will stand after the edit; 0 when the edit adds the member. */
export function statusOffset(job: JobText, edit: JobEdit): number {
  const span = job.spans.get('status');
  if (!span) return 0;
  let shift = 0;
  // Dates stand behind the status in the platform's layout; in another the offset is found not to fit.
  for (const splice of editSplices(job, edit))
    if (splice.start < span.start) shift += Buffer.byteLength(splice.text) - splice.length;
  return span.start + shift;
}

/** The platform's JSON reader refuses an escaped half of a surrogate pair, and the job would become invisible. */
function replaceLoneSurrogates(json: string): string {
  return json.replace(/(?<!\\)((?:\\\\)*)\\u[dD][89a-fA-F][0-9a-fA-F]{2}/g, '$1\\ufffd');
}
