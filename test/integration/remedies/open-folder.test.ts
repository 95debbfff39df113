import { lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { OPEN_FOLDER } from '../../../src-main/services/remedies/folder-cure.ts';

/* As root, in folders that participants' programs may write into: a link may take a folder's place at any moment. */

const isRoot = process.getuid?.() === 0;
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'open-folder-'));
  mkdirSync(join(dir, 'outputs'));
  mkdirSync(join(dir, 'elsewhere'), { mode: 0o700 });
});
afterEach(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));

const open = async (...pairs: string[]) =>
  (await createLocalHost().script(OPEN_FOLDER, ['nobody', 'nogroup', join(dir, 'outputs'), ...pairs])).code;

test.skipIf(!isRoot)(
  'a link in the place of a folder is not followed, whatever was seen before',
  async () => {
    symlinkSync(join(dir, 'elsewhere'), join(dir, 'outputs/anna'));
    for (const how of ['own', 'share']) expect(await open(how, 'anna')).toBe(24);
    expect(await open('own', '../elsewhere')).toBe(24);
    const { uid, gid, mode } = statSync(join(dir, 'elsewhere'));
    expect([uid, gid, mode & 0o777]).toEqual([0, 0, 0o700]);
    expect(lstatSync(join(dir, 'outputs/anna')).uid).toBe(0);
  },
);

test.skipIf(!isRoot)('a folder gets its owner or its group, and nothing in it changes', async () => {
  mkdirSync(join(dir, 'outputs/anna/job'), { recursive: true, mode: 0o755 });
  expect(await open('share', 'anna')).toBe(0);
  const { uid, gid, mode } = statSync(join(dir, 'outputs/anna'));
  expect(uid).toBe(0);
  expect(gid).not.toBe(0);
  expect(mode & 0o777).toBe(0o775);
  expect(await open('own', 'anna')).toBe(0);
  expect(statSync(join(dir, 'outputs/anna')).uid).not.toBe(0);
  expect(statSync(join(dir, 'outputs/anna/job')).uid).toBe(0);
});
