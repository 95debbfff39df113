import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { freeNames } from './safe-path.ts';

/**
 * Makes `subfolder` below `root`, one step after the other, and refuses a step that is a link: a link in a user's
 * folder must not lead the files of a job somewhere else.
 * @returns the folder's real path.
 */
export async function makeFolder(root: string, subfolder: string): Promise<string> {
  await mkdir(root, { recursive: true });
  const top = await realpath(root);
  let folder = top;
  for (const step of subfolder === '' ? [] : subfolder.split('/')) {
    if (step === '' || step === '.' || step === '..')
      throw new Error(`${JSON.stringify(subfolder)} is no path`);
    const parent = folder;
    folder = join(folder, step);
    const isNew = await mkdir(folder).then(() => true, ignore('EEXIST'));
    if (isNew) await syncFolder(parent);
    const found = await lstat(folder);
    if (found.isSymbolicLink()) throw new Error(`${folder} is a link and may lead out of ${root}`);
    if (!found.isDirectory()) throw new Error(`${folder} is no folder`);
  }
  return folder;
}

/** A hidden name in the folder that nobody else uses. */
export function draftName(): string {
  return `.${randomBytes(9).toString('base64url')}.part`;
}

/**
 * Gives a complete draft its name at once and for good. What stands there already is never overwritten: if it is the
 * same, it stays and the draft goes; if not, the draft gets the next free name.
 * @returns the name it has now.
 */
export async function nameDraft(folder: string, draft: string, name: string): Promise<string> {
  const path = join(folder, draft);
  for (const candidate of freeNames(name)) {
    const target = join(folder, candidate);
    if (!(await moveToFreeName(path, target))) {
      if (!(await sameContent(path, target))) continue;
      await rm(path, { force: true });
    }
    await syncFolder(folder);
    return candidate;
  }
  throw new Error('unreachable');
}

/** @returns false when the name is taken. */
export async function moveToFreeName(path: string, target: string): Promise<boolean> {
  try {
    // A hard link, unlike a rename, fails where there is something already.
    await link(path, target);
    await rm(path, { force: true });
    return true;
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'EMLINK') throw cause;
  }
  // This file system has no hard links; the folder belongs to one job, so nobody comes in between.
  if (await lstat(target).catch(ignore('ENOENT'))) return false;
  await rename(path, target);
  return true;
}

async function sameContent(left: string, right: string): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(left), lstat(right).catch(ignore('ENOENT'))]);
  if (!b?.isFile() || a.size !== b.size) return false;
  return (await sha256Of(left)) === (await sha256Of(right));
}

/** Lower-case hex. A link is not followed. */
export async function sha256Of(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const hash = createHash('sha256');
    for await (const part of file.createReadStream({ autoClose: false })) hash.update(part);
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

/** What was renamed in it survives a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    // Some network file systems cannot do this for folders.
    await handle.sync().catch(ignore('EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EBADF'));
  } finally {
    await handle.close();
  }
}

/** `path` and `root` are real paths. */
export function isInside(path: string, root: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep);
}

export function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

/** For `catch`: turns errors of these codes into undefined and throws the others again. */
export function ignore(...codes: string[]): (cause: unknown) => undefined {
  return (cause) => {
    if (!codes.includes(codeOf(cause) ?? '')) throw cause;
    return undefined;
  };
}
