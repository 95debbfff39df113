import { posix } from 'node:path';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import { ASK_HOME } from './scripts.ts';

/** Largest .env that is read, bytes; real ones have about ten thousand. */
export const ENV_BYTES_MAX = 512 * 1024;
const LOOK_MS = 20_000;

/** Text of a file on a machine; null when it is not there. @throws WorkshopError BAD_INPUT for one that is no .env by its size. */
export async function readIfThere(host: RemoteHost, path: string): Promise<string | null> {
  const bytes = await host.files.read(path, ENV_BYTES_MAX + 1);
  if (bytes === undefined) return null;
  if (bytes.length > ENV_BYTES_MAX)
    throw new WorkshopError('BAD_INPUT', `${path} on ${host.label} is too large for a .env file.`, {
      remedy: 'Choose the .env of the platform.',
    });
  return bytes.toString('utf8');
}

/** The same. @throws WorkshopError NOT_FOUND when it is not there, too. */
export async function readText(host: RemoteHost, path: string): Promise<string> {
  const text = await readIfThere(host, path);
  if (text !== null) return text;
  throw new WorkshopError('NOT_FOUND', `There is no ${path} on ${host.label}.`, {
    remedy: 'Give the path of the platform’s .env, for example ~/comfy-multi/.env.',
  });
}

/**
 * Puts a text in the place of a file, readable by its owner only; what stood there is kept under a dated name.
 * @param standing what was seen there; null for nothing.
 * @returns where the old one went. @throws WorkshopError HOST_FILE when it does not read back as it was written.
 */
export async function replaceText(
  host: RemoteHost,
  path: string,
  standing: string | null,
  text: string,
): Promise<string | null> {
  await host.files.mkdir(posix.dirname(path));
  const backup = standing === null || standing === text ? null : `${path}.${stamp()}.bak`;
  const bytes = backup === null ? undefined : await host.files.read(path, ENV_BYTES_MAX);
  if (backup !== null && bytes !== undefined) await host.files.write(backup, bytes, 0o600);
  await host.files.write(path, text, 0o600);
  if ((await readIfThere(host, path)) !== text)
    throw new WorkshopError('HOST_FILE', `${path} on ${host.label} does not read back as it was written.`, {
      remedy: 'Look at the disk of that machine, then write again.',
    });
  return backup;
}

/** "2026-11-23T21-04-05-123" */
const stamp = () => new Date().toISOString().slice(0, 23).replaceAll(/[:.]/g, '-');

/** `path` on a machine; what does not begin with / is taken from the home of the user who logs in. */
export async function absolute(host: RemoteHost, path: string): Promise<string> {
  if (path.startsWith('/')) return path;
  const { stdout: home } = await host.script(ASK_HOME, [], { timeoutMs: LOOK_MS });
  return posix.join(home || '/', path.replace(/^~\/?/, ''));
}
