import type { JobView } from '../../../src-main/api/types.ts';
import { cut } from '../../components/format.ts';
import { STATUS_WORDS } from './job-words.ts';

const COLUMN_WORDS: Record<JobView['sort']['column'], string> = {
  standing: 'state',
  user: 'user',
  kind: 'kind',
  created: 'time of submission',
  duration: 'run time',
  worker: 'worker',
  priority: 'priority',
};

/** "failed jobs matching “flux” of user004, by duration, largest first". */
export function describeView({ filter, sort }: Pick<JobView, 'filter' | 'sort'>): string {
  const { status, search, kind, user, worker, cause } = filter;
  const words = [status === null ? 'all jobs' : `${STATUS_WORDS[status].word} jobs`];
  if (search.trim() !== '') words.push(`matching “${cut(search.trim(), 60)}”`);
  if (kind !== null) words.push(`of kind ${cut(kind, 40)}`);
  if (user !== null) words.push(`of ${cut(user, 40)}`);
  if (worker !== null) words.push(`on ${cut(worker, 40)}`);
  if (cause !== null) words.push(`failed by ${cut(cause, 60)}`);
  const order = `by ${COLUMN_WORDS[sort.column]}${sort.descending ? ', the other way round' : ''}`;
  return `${words.join(' ')}, ${order}`;
}
