import { posix } from 'node:path';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { RemoteHost } from './remote-host.ts';

/**
 * The users' finished files below one folder of a machine. What a job's result names is not trusted: a path that leads
 * out of the folder, by its own steps or by a link on the way, counts as no file.
 */
export function outputFolder(open: () => Promise<RemoteHost>, root: string) {
  /** Where it really is, or undefined when it is not there or not below the root. */
  const resolve = async (host: RemoteHost, path: string): Promise<string | undefined> => {
    if (!isPlain(path)) return undefined;
    // Both with their links followed, so that they can be compared.
    const { code, stdout } = await host.exec(['realpath', '--', root, posix.join(root, path)]);
    const [realRoot, real] = stdout.split('\n');
    if (code !== 0 || !realRoot || !real) return undefined;
    const below = realRoot.endsWith('/') ? realRoot : `${realRoot}/`;
    return real.startsWith(below) ? real : undefined;
  };

  const find = async (path: string) => {
    const host = await open();
    const real = await resolve(host, path);
    const entry = real === undefined ? undefined : await host.files.stat(real);
    if (real !== undefined && entry && !entry.isDirectory) return { host, real, size: entry.size };
    // That a file is not there is said only by who could see it.
    if (isPlain(path)) await host.files.stat(posix.join(root, path));
    if (!(await host.files.stat(root))?.isDirectory)
      throw new WorkshopError('HOST_FILE', `${root} is not there on ${host.label}.`, {
        remedy: 'Look that machine over on Hosts: the way to the participants’ files is checked there.',
      });
    return undefined;
  };

  return {
    async read(path: string, maxBytes: number) {
      const found = await find(path);
      if (!found) return undefined;
      const { host, real, size } = found;
      if (size > maxBytes) return { size, bytes: null };
      const bytes = await host.files.read(real, maxBytes);
      return bytes && { size, bytes };
    },
    async part(path: string, from: number, maxBytes: number) {
      const found = await find(path);
      const bytes = await found?.host.files.read(found.real, maxBytes, from);
      return found && bytes && { size: found.size, bytes };
    },
  };
}

/** Relative, without steps upward, and without characters that end a line or a name. */
function isPlain(path: string): boolean {
  return (
    path.length > 0 &&
    path.length <= 1000 &&
    !path.startsWith('/') &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused.
    !/[\u0000-\u001f\u007f\\]/.test(path) &&
    path.split('/').every((segment) => segment !== '..' && segment !== '.' && segment !== '')
  );
}
