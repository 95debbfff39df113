import type { FilterExample } from '../../components/filter-help.tsx';
import { STATUS_WORDS } from './job-words.ts';
import { filterKey, type JobFilter, type JobStatus } from './select-jobs.ts';

const STATUSES = Object.keys(STATUS_WORDS) as JobStatus[];
const FIELDS = ['user', 'kind', 'worker', 'cause'] as const;
const TERM = /(\w+):"([^"]*)"|(\w+):(\S+)|(\S+)/g;

const statusOf = (word: string) => STATUSES.find((one) => STATUS_WORDS[one].word === word.toLowerCase());
const fieldOf = (name: string | undefined) => FIELDS.find((one) => one === name?.toLowerCase());

/** What the help beside the search shows. */
export const JOB_EXAMPLES: readonly FilterExample[] = [
  { typed: 'failed', means: 'a state: waiting, running, done, failed, cancelled' },
  { typed: 'user:user004', means: 'of one person, by id or nickname' },
  { typed: 'kind:"flux2 image"', means: 'one kind of workflow; quotes hold blanks together' },
  { typed: 'worker:worker-1', means: 'made by one worker' },
  { typed: 'cause:missing-model', means: 'failed for one cause' },
  { typed: 'user:user004 failed', means: 'both together' },
];

/**
 * What is typed into the search: `user:user004 failed`, `kind:"text to image" waiting`, any other word is searched
 * for. What is typed counts before what the lists beside it say.
 */
export function readTyped(filter: JobFilter): JobFilter {
  const read: JobFilter = { ...filter };
  const rest: string[] = [];
  for (const [whole, quoted, quotedValue, plain, plainValue] of filter.search.matchAll(TERM)) {
    const field = fieldOf(quoted ?? plain);
    const value = quotedValue ?? plainValue ?? '';
    const status = statusOf(whole);
    if (field && value !== '') read[field] = filterKey(value);
    else if (status) read.status = status;
    else rest.push(whole);
  }
  read.search = rest.join(' ');
  return read;
}

/** The typed text without the words for states, for who presses a state instead. */
export const withoutStates = (text: string): string =>
  text
    .split(/\s+/)
    .filter((word) => !statusOf(word))
    .join(' ');
