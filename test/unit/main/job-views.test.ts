import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jobViewsFile } from '../../../src-main/connections/store/job-views-file.ts';
import type { JobView } from '../../../src-main/domain/job-view.ts';
import { createJobViews } from '../../../src-main/services/job-views.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'job-views-'));
});
afterEach(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));

const view = (name: string, search = ''): JobView => ({
  name,
  filter: { status: 'failed', search, kind: null, user: null, worker: null, cause: null },
  sort: { column: 'created', descending: true },
});
const open = () => createJobViews({ store: jobViewsFile(dir) });
const names = async (of: { list(): Promise<{ views: JobView[] }> }) =>
  (await of.list()).views.map(({ name }) => name);

test('views outlive the console, in the order of their names; the same name replaces', async () => {
  const views = open();
  await Promise.all([
    views.save(view('Videos')),
    views.save(view('cats', 'a')),
    views.save(view('  Cats ', 'b')),
  ]);
  const after = open();
  expect(await names(after)).toEqual(['Cats', 'Videos']);
  expect((await after.list()).views[0]?.filter.search).toBe('b');
});

test('a view is renamed and deleted; a name that is taken, gone or empty is told', async () => {
  const views = open();
  await views.save(view('a'));
  await views.save(view('b'));
  await views.rename({ name: 'a', to: 'c' });
  await expect(views.rename({ name: 'b', to: 'C' })).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(views.rename({ name: 'a', to: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(views.save(view(' \u202e '))).rejects.toMatchObject({ code: 'BAD_INPUT' });
  await views.remove({ name: 'B' });
  expect(await names(open())).toEqual(['c']);
});

test('no more than a menu can show are kept', async () => {
  const views = open();
  for (let at = 0; at < 30; at += 1) await views.save(view(`view ${at}`));
  await expect(views.save(view('one more'))).rejects.toMatchObject({ code: 'BAD_INPUT' });
  await views.save(view('view 3', 'changed'));
  expect(await names(views)).toHaveLength(30);
});

test('a damaged file is laid aside and told, and new views can be saved', async () => {
  await writeFile(join(dir, 'job-views.json'), '{"version":1,"views":[{"name":3}]}');
  const views = open();
  expect(await views.list()).toMatchObject({
    views: [],
    fault: expect.stringContaining('job-views.json.damaged'),
  });
  await views.save(view('new'));
  expect(await names(open())).toEqual(['new']);
  expect(await readFile(join(dir, 'job-views.json.damaged'), 'utf8')).toContain('"name":3');
});

test('one that cannot be written is not shown as saved', async () => {
  const full = createJobViews({
    store: {
      load: async () => ({ views: [], fault: null }),
      save: async () => {
        throw new Error('disk full');
      },
    },
  });
  await expect(full.save(view('a'))).rejects.toThrow('disk full');
  expect(await names(full)).toEqual([]);
});
