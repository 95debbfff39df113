import { describe, expect, test } from 'vitest';
import type { JobsService } from '../../../src-main/api/roles/jobs.ts';
import { createConsoleName } from '../../../src-main/services/console-name.ts';
import { tellJobs } from '../../../src-main/services/told-jobs.ts';
import { job } from '../../support/scenarios.ts';

const NOW = Date.now();

describe('acts on jobs are told to other hosts once they are done', () => {
  const acting = (acts: Partial<JobsService>) => {
    const notes: { message: string; userId: string | null }[] = [];
    const known = new Map(
      [1, 2, 3].map((at) => [`job-${at}`, job(at, 'pending', NOW, { userId: 'user004' })]),
    );
    const jobs = tellJobs({
      jobs: acts as JobsService,
      job: (id) => known.get(id),
      note: async ({ message, userId }) => void notes.push({ message, userId }),
    });
    return { jobs, notes };
  };

  test('one job, with whose it was', async () => {
    const { jobs, notes } = acting({ cancel: async () => ({ was: 'running' }), requeue: async () => {} });
    await jobs.cancel({ jobId: 'job-1' });
    await jobs.requeue({ jobId: 'unknown' });
    expect(notes).toEqual([
      { message: 'Interrupted a job of user004.', userId: 'user004' },
      { message: 'Queued a job again.', userId: null },
    ]);
  });

  test('many at once, as many as were done; none done is nothing told', async () => {
    let done = ['job-1', 'job-2'];
    const { jobs, notes } = acting({ bulk: async () => ({ done, refused: 1, why: [] }) });
    const jobIds = ['job-1', 'job-2', 'job-3'];
    await jobs.bulk({ jobIds, act: { kind: 'cancel' } });
    await jobs.bulk({ jobIds, act: { kind: 'prioritise', priority: 0 } });
    done = [];
    await jobs.bulk({ jobIds, act: { kind: 'cancel' } });
    expect(notes.map(({ message }) => message)).toEqual([
      'Cancelled 2 jobs of user004.',
      'Moved 2 jobs of user004 to the front.',
    ]);
  });

  test('what failed is not told, and a note that is lost fails nothing', async () => {
    const failing = acting({
      cancel: async () => {
        throw new Error('no');
      },
    });
    await expect(failing.jobs.cancel({ jobId: 'job-1' })).rejects.toThrow('no');
    expect(failing.notes).toEqual([]);
    const jobs = tellJobs({
      jobs: { requeue: async () => {} } as unknown as JobsService,
      job: () => undefined,
      note: async () => {
        throw new Error('Redis is gone');
      },
    });
    await expect(jobs.requeue({ jobId: 'job-1' })).resolves.toBeUndefined();
  });
});

describe('the name of the console', () => {
  const named = async (kept: string | null, usual = 'anna@laptop') => {
    const saved: (string | null)[] = [];
    const keeper = createConsoleName({
      usual,
      store: { load: async () => kept, save: async (name) => void saved.push(name) },
      publish: () => {},
    });
    await keeper.start();
    return { keeper, saved };
  };

  test('is user and machine unless the host gave one, and never steers or fills a screen', async () => {
    expect((await named(null)).keeper.name()).toBe('anna@laptop');
    expect((await named('Ben')).keeper.name()).toBe('Ben');
    expect((await named('\u202e', '\u0000')).keeper.name()).toBe('a console');
    const { keeper, saved } = await named(null);
    await keeper.rename({ name: `  Ben\u202e ${'x'.repeat(500)}` });
    expect(keeper.name().length).toBeLessThanOrEqual(40);
    expect(keeper.name()).toMatch(/^Ben x+…$/);
    await keeper.rename({ name: null });
    expect(keeper.name()).toBe('anna@laptop');
    expect(saved.at(-1)).toBeNull();
  });

  test('one of which nothing can be shown is refused, one that cannot be kept is not taken', async () => {
    const { keeper, saved } = await named(null);
    await expect(keeper.rename({ name: ' \u200b ' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(saved).toEqual([]);
    const full = createConsoleName({
      usual: 'anna@laptop',
      store: {
        load: async () => null,
        save: async () => {
          throw new Error('disk full');
        },
      },
      publish: () => {},
    });
    await expect(full.rename({ name: 'Ben' })).rejects.toThrow('disk full');
    expect(full.name()).toBe('anna@laptop');
  });
});
