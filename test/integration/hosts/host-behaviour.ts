import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RemoteHost } from '../../../src-main/connections/hosts/remote-host.ts';
import { until } from '../main/until.ts';

interface Given {
  host: RemoteHost;
  dir: string;
}

/** What every RemoteHost does alike. `dir` is a folder that both the host and this process see. */
export function behavesLikeAHost(name: string, given: () => Given | Promise<Given>): void {
  describe(`${name} as a host`, () => {
    test('a program gets its arguments as they are', async () => {
      const hostile = ["it's", '$HOME', '`id`', 'a b', '', '*', 'línea\nzwei', '-n', '\\', '"; exit 3 #'];
      const result = await (await given()).host.exec(['printf', '%s\\0', ...hostile]);
      expect(result).toMatchObject({ code: 0, signal: null, stderr: '' });
      expect(result.stdout.split('\0').slice(0, -1)).toEqual(hostile);
    });

    test('exit code, signal, both streams and stdin arrive', async () => {
      const { host } = await given();
      const bytes = Buffer.from([0, 255, 10, 13, 1]);
      const echoed = await host.exec(['sh', '-c', 'od -An -tx1; echo oh >&2; exit 7'], { stdin: bytes });
      expect(echoed).toMatchObject({ code: 7, signal: null, stderr: 'oh\n' });
      expect(echoed.stdout.trim()).toBe('00 ff 0a 0d 01');
      expect(await host.exec(['sh', '-c', 'kill -TERM $$'])).toMatchObject({ code: null, signal: 'SIGTERM' });
      expect(await host.exec(['no-such-program-here'])).toMatchObject({ code: 127 });
    });

    test('a script takes its values as arguments', async () => {
      const result = await (await given()).host.script('echo "$#:$1:$2"\nexit 4\n', ['$(id)', 'b c']);
      expect(result).toMatchObject({ code: 4, stdout: '2:$(id):b c\n' });
    });

    test('of long output the start is kept, and all of it is seen on the way', async () => {
      let seen = 0;
      const result = await (await given()).host.exec(['sh', '-c', 'seq 1 20000; echo fin'], {
        maxBytes: 100,
        onStdout: (text) => {
          seen += text.length;
        },
      });
      expect(result.stdout).toHaveLength(100);
      expect(result.stdout.startsWith('1\n2\n')).toBe(true);
      expect(seen).toBe(108_894 + 4);
    });

    test('lines come whole, and aborting ends the program', async () => {
      const { host, dir } = await given();
      const stop = new AbortController();
      const lines: string[] = [];
      const script =
        'echo $$ > "$1"; printf "läng"; sleep 0.05; echo e; echo err >&2; while :; do sleep 0.05; done';
      const ended = host.lines(
        ['sh', '-c', script, 'sh', join(dir, 'pid')],
        (line, from) => lines.push(`${from}: ${line}`),
        stop.signal,
      );
      await until('both lines', () => lines.length === 2);
      expect(lines.sort()).toEqual(['stderr: err', 'stdout: länge']);
      stop.abort(new Error('enough'));
      await expect(ended).rejects.toThrow('enough');
      const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'));
      await until('the program is gone', () => !runs(pid));
    });

    test('a program that takes too long is ended and says so', async () => {
      const { host } = await given();
      await expect(host.exec(['sleep', '60'], { timeoutMs: 100 })).rejects.toMatchObject({
        code: 'HOST_TIMEOUT',
      });
    });

    test('files: write, look, read, list, rename, remove', async () => {
      const { host, dir } = await given();
      const path = join(dir, 'deep', 'er', 'a file');
      await host.files.mkdir(join(dir, 'deep', 'er'));
      await host.files.mkdir(join(dir, 'deep', 'er'));
      await host.files.write(path, 'one', 0o640);
      await host.files.write(path, 'zwölf', 0o600);
      expect(await host.files.stat(path)).toMatchObject({ size: 6, mode: 0o600, isDirectory: false });
      expect((await host.files.read(path, 100))?.toString()).toBe('zwölf');
      expect((await host.files.read(path, 2))?.toString()).toBe('zw');
      await host.files.write(join(dir, 'deep', 'er', 'b'), 'b', 0o600);
      await host.files.rename(join(dir, 'deep', 'er', 'b'), path);
      expect(await host.files.list(join(dir, 'deep', 'er'))).toEqual(['a file']);
      expect((await host.files.read(path, 100))?.toString()).toBe('b');
      await host.files.remove(path);
      await host.files.remove(path);
      await host.files.remove(join(dir, 'deep', 'er'));
      expect(await host.files.list(join(dir, 'deep'))).toEqual([]);
      expect(await host.files.stat(path)).toBeUndefined();
      expect(await host.files.read(path, 100)).toBeUndefined();
      await expect(host.files.list(join(dir, 'nothing'))).rejects.toMatchObject({ code: 'HOST_FILE' });
    });

    test('a large file is uploaded whole, with progress; an aborted one leaves nothing', async () => {
      const { host, dir } = await given();
      const content = randomBytes(3_000_000);
      writeFileSync(join(dir, 'from'), content);
      const progress: number[] = [];
      await host.files.upload(join(dir, 'from'), join(dir, 'to'), {
        mode: 0o755,
        onProgress: (sent, total) => progress.push(sent / total),
      });
      expect(readFileSync(join(dir, 'to')).equals(content)).toBe(true);
      expect(await host.files.stat(join(dir, 'to'))).toMatchObject({ mode: 0o755 });
      expect(progress.at(-1)).toBe(1);
      expect(progress.length).toBeGreaterThan(10);

      const stop = new AbortController();
      const aborted = host.files.upload(join(dir, 'from'), join(dir, 'never'), {
        mode: 0o644,
        signal: stop.signal,
        onProgress: () => stop.abort(new Error('enough')),
      });
      await expect(aborted).rejects.toThrow('enough');
      expect((await host.files.list(dir)).sort()).toEqual(['from', 'to']);
    });
  });
}

/** Whether a process of this machine still runs. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie that nobody has collected yet has ended.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
