import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { JobViewsService } from '../api/roles/jobs.ts';
import type { JobView, JobViews } from '../domain/job-view.ts';
import { showableName } from '../domain/room/person-name.ts';

export interface JobViewsNeeds {
  store: { load(): Promise<JobViews>; save(views: JobView[]): Promise<void> };
}

/** More would not be found again in a menu. */
const VIEWS_MAX = 30;

/** Keeps the host's views of the jobs on this computer, told apart by their names. */
export function createJobViews({ store }: JobViewsNeeds): JobViewsService {
  let known: Promise<JobViews> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const load = () => {
    known ??= store.load();
    return known;
  };
  /** One after the other, so that of two windows none loses what the other has saved. */
  const change = (make: (views: readonly JobView[]) => JobView[]): Promise<JobViews> => {
    const changed = turn.then(async () => {
      const { views, fault } = await load();
      const next = make(views).sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
      await store.save(next);
      const now = { views: next, fault };
      known = Promise.resolve(now);
      return now;
    });
    turn = changed.catch(() => {});
    return changed;
  };
  return {
    list: load,
    async save(view) {
      const name = nameOf(view.name);
      return change((views) => {
        const others = views.filter((one) => !isSame(one.name, name));
        if (others.length >= VIEWS_MAX)
          throw new WorkshopError('BAD_INPUT', `${VIEWS_MAX} views are saved; no more are kept.`, {
            remedy: 'Delete one that nobody uses.',
          });
        return [...others, { ...view, name }];
      });
    },
    async rename({ name, to }) {
      const next = nameOf(to);
      return change((views) => {
        if (!isSame(name, next) && views.some((one) => isSame(one.name, next)))
          throw new WorkshopError('CONFLICT', `Another view is called “${next}”.`, {
            remedy: 'Take another name, or delete the other view first.',
          });
        if (!views.some((one) => isSame(one.name, name))) throw gone(name);
        return views.map((one) => (isSame(one.name, name) ? { ...one, name: next } : one));
      });
    },
    remove: ({ name }) => change((views) => views.filter((one) => !isSame(one.name, name))),
  };
}

const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

function nameOf(text: string): string {
  const name = showableName(text);
  if (name === '')
    throw new WorkshopError('BAD_INPUT', 'Nothing of this name can be shown.', {
      remedy: 'Use letters or digits, such as “failed videos”.',
    });
  return name;
}

function gone(name: string): WorkshopError {
  return new WorkshopError('NOT_FOUND', `The view “${showableName(name)}” is no longer there.`, {
    remedy: 'Another window deleted it; save it again if you need it.',
  });
}
