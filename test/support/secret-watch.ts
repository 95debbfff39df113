import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a secret stands that must not stand there. */
export interface SecretFound {
  /** The name of the secret, never its value. */
  secret: string;
  where: string;
}

/** Files larger than this are no settings and no logs of ours, bytes. */
const LARGEST = 20_000_000;
/** Every process lives longer than this where a secret could be on its command line, and a look costs its time. */
const EVERY_MS = 100;

/** Looks for secrets in every shape in which they could leave: plain, as JSON, in an address, as base64 and as hex. */
export function createSecretWatch(secrets: Readonly<Record<string, string>>) {
  const shapes = Object.entries(secrets).flatMap(([secret, value]) =>
    shapesOf(value).map((shape) => ({ secret, shape })),
  );
  const inProcesses = new Map<string, SecretFound>();
  let sampling: Promise<void> | undefined;
  let over = false;

  const find = (text: string, where: string): SecretFound[] => {
    const found = shapes.filter(({ shape }) => text.includes(shape)).map(({ secret }) => secret);
    return [...new Set(found)].map((secret) => ({ secret, where }));
  };
  /** One look at what every process of this system and of the machines on it was called with. */
  const look = async () => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    await Promise.all(
      pids.map(async (pid) => {
        const called = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        for (const one of find(called, `the command line of ${called.split('\0')[0]}`))
          inProcesses.set(one.secret + one.where, one);
        const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
        const around = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
        for (const one of find(around, `the environment of ${program}`))
          inProcesses.set(one.secret + one.where, one);
      }),
    );
  };
  return {
    find,
    /** Looks at all processes from now on, again and again. */
    watchProcesses() {
      sampling = (async () => {
        while (!over) {
          await look();
          await new Promise((next) => setTimeout(next, EVERY_MS));
        }
      })();
    },
    /** How much was seen in processes so far. */
    seen: () => inProcesses.size,
    /** @returns what was seen in processes since `watchProcesses`. */
    async processes(): Promise<SecretFound[]> {
      over = true;
      await sampling;
      return [...inProcesses.values()];
    },
    /** All files below a folder, links aside. */
    async folder(dir: string, called = dir): Promise<SecretFound[]> {
      const found: SecretFound[] = [];
      for (const entry of await readdir(dir, { withFileTypes: true }).catch(() => [])) {
        const path = join(dir, entry.name);
        const name = join(called, entry.name);
        if (entry.isDirectory()) found.push(...(await this.folder(path, name)));
        else if (entry.isFile() && (await stat(path)).size <= LARGEST)
          found.push(...find(await readFile(path, 'latin1').catch(() => ''), name));
      }
      return found;
    },
  };
}

/** Plain, as in JSON, as in an address, as base64 from each of three places in a longer text, as hex. */
function shapesOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].flatMap((skip) => {
    // The first and last letters also hold bits of what stands beside it.
    const text = Buffer.concat([Buffer.alloc(skip), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const own = text.slice(skip === 0 ? 0 : skip + 1, -1);
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const json = JSON.stringify(value).slice(1, -1);
  return [...new Set([value, json, encodeURIComponent(value), ...base64, bytes.toString('hex')])];
}
