import { posix } from 'node:path';
import type { RemoteHost } from './remote-host.ts';

/**
 * The users' finished files below one folder of a machine. What a job's result names is not trusted: a path that leads
 * out of the folder, by its own steps or by a link on the way, counts as no file.
 */
export function outputFolder(host: RemoteHost, root: string, label: string) {
  /** Where it really is, or undefined when it is not there or not below the root. */
  const resolve = async (path: string): Promise<string | undefined> => {
    if (!isPlain(path)) return undefined;
    // Both with their links followed, so that they can be compared.
    const { code, stdout } = await host.exec(['realpath', '--', root, posix.join(root, path)]);
    const [realRoot, real] = stdout.split('\n');
    if (code !== 0 || !realRoot || !real) return undefined;
    const below = realRoot.endsWith('/') ? realRoot : `${realRoot}/`;
    return real.startsWith(below) ? real : undefined;
  };

  return {
    label,
    async read(path: string, maxBytes: number) {
      const real = await resolve(path);
      const entry = real === undefined ? undefined : await host.files.stat(real);
      if (real === undefined || !entry || entry.isDirectory) return undefined;
      if (entry.size > maxBytes) return { size: entry.size, bytes: null };
      const bytes = await host.files.read(real, maxBytes);
      return bytes && { size: entry.size, bytes };
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
