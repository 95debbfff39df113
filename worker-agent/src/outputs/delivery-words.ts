import { WorkshopError } from '../contract/errors.ts';
import { codeOf } from './local-folder.ts';
import type { OutputFile } from './roles.ts';

/** The user's folder as the platform names it (contract 2.2). */
export function outputPathOf(userId: string): string {
  return `/outputs/${userId}`;
}

/** A file could not be brought into a folder of this machine. */
export function undeliverable(source: OutputFile, cause: unknown, remedy: string): WorkshopError {
  return new WorkshopError(
    'OUTPUT_DELIVERY',
    `The output ${JSON.stringify(source.filename)} could not be delivered: ${reasonOf(cause)}.`,
    { remedy, cause },
  );
}

/** Strings under `result` may name what does not exist (contract 5.6, 8.18). */
export function isMereMention(source: OutputFile, cause: unknown): boolean {
  return source.group === 'result' && cause instanceof WorkshopError && cause.code === 'NOT_FOUND';
}

export function notThere(source: OutputFile): string {
  const path = [source.subfolder, source.filename].filter(Boolean).join('/');
  return `The workflow names the file ${JSON.stringify(path)}, but ComfyUI does not have it.`;
}

/** A system error in words, without a full stop. */
export function reasonOf(cause: unknown): string {
  switch (codeOf(cause)) {
    case 'ENOSPC':
      return 'the disk is full';
    case 'EDQUOT':
      return 'the disk quota is used up';
    case 'EACCES':
    case 'EPERM':
      return `permission denied (${messageOf(cause)})`;
    case 'EROFS':
      return 'the disk is read-only';
    default:
      return messageOf(cause).replace(/\.$/, '');
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Bytes for people. */
export function sizeText(bytes: number): string {
  const mib = bytes / 1024 ** 2;
  return mib >= 1024
    ? `${(mib / 1024).toFixed(1)} GiB`
    : `${mib < 10 ? mib.toFixed(1) : Math.round(mib)} MiB`;
}
