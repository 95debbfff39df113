import type { RemoteHost } from '../../../src-main/connections/hosts/remote-host.ts';
import { LOCK } from '../../../src-main/services/deploy/scripts.ts';

/** Breaks every SSH session at the first thing that the n-th step asks of the machine, before it is done there. */
export function cutAtStep(
  host: RemoteHost,
  server: { freezeSessions(): void; killSessions(): void },
): { host: RemoteHost; cutAt(nth: number): void } {
  let left = -1;
  const guard =
    <Args extends unknown[], T>(ask: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      // The lock is held anew before every step.
      if (args[0] === LOCK) left -= 1;
      if (left !== 0 || args[0] === LOCK) return ask(...args);
      left = -1;
      server.freezeSessions();
      const asked = ask(...args);
      server.killSessions();
      return asked;
    };
  const { files } = host;
  const guarded = {
    read: guard(files.read),
    write: guard(files.write),
    upload: guard(files.upload),
    list: guard(files.list),
  };
  return {
    host: {
      ...host,
      exec: guard(host.exec),
      script: guard(host.script),
      files: { ...files, ...guarded },
    },
    cutAt(nth) {
      left = nth;
    },
  };
}
