import { createHash } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { type FileHandle, open, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { codeOf, isInside } from './local-folder.ts';
import type { DeliveryRequest, OutputFile } from './roles.ts';

/** Folder where a worker's ComfyUI writes, when the agent can read it; otherwise files come over HTTP. */
export type ComfyOutputDir = (workerId: string) => string;

export interface FetchedFile {
  size: number;
  /** Lower-case hex. */
  sha256: string;
}

/**
 * Copies one output of ComfyUI to `path`, which must not exist, and returns when it is on the disk. ComfyUI keeps its
 * own file: its cache hands out the old name when the same workflow comes again. A failure leaves nothing at `path`.
 */
export async function fetchOutput(
  request: Pick<DeliveryRequest, 'workerId' | 'open' | 'signal'>,
  source: OutputFile,
  path: string,
  comfyOutputDir?: ComfyOutputDir | undefined,
): Promise<FetchedFile> {
  const folder = comfyOutputDir?.(request.workerId);
  const own = folder === undefined ? undefined : await openInside(folder, source);
  try {
    const stream = own
      ? own.createReadStream({ autoClose: false })
      : Readable.fromWeb(await request.open(source, request.signal));
    const hash = createHash('sha256');
    let size = 0;
    const measure = new Transform({
      transform(part: Buffer, _encoding, done) {
        hash.update(part);
        size += part.length;
        done(null, part);
      },
    });
    const target = createWriteStream(path, { flags: 'wx', mode: 0o644, flush: true });
    await pipeline(stream, measure, target, { signal: request.signal });
    return { size, sha256: hash.digest('hex') };
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') await rm(path, { force: true });
    throw cause;
  } finally {
    await own?.close();
  }
}

/** The file in ComfyUI's own folder, if it is there, truly inside, and a plain file. */
async function openInside(folder: string, file: OutputFile): Promise<FileHandle | undefined> {
  let handle: FileHandle | undefined;
  try {
    const path = await realpath(join(folder, file.subfolder, file.filename));
    if (!isInside(path, await realpath(folder))) return undefined;
    // A pipe in the place of a file would keep a plain open waiting for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await handle.stat()).isFile()) return handle;
  } catch {
    // Not readable from here: ComfyUI itself may still hand it out.
  }
  await handle?.close();
  return undefined;
}
