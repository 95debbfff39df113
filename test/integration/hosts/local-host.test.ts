import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';

const host = createLocalHost();
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'workshop-local-host-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));

describe('the local machine', () => {
  test('runs a program with its arguments as they are, and tells both streams apart', async () => {
    const hostile = `a b'c"d $HOME \`id\`; rm`;
    expect(await host.exec(['printf', '%s', hostile])).toEqual({
      code: 0,
      signal: null,
      stdout: hostile,
      stderr: '',
    });
    const result = await host.script('printf "%s" "$2"; printf bad >&2; exit 3', ['one', hostile]);
    expect(result).toEqual({ code: 3, signal: null, stdout: hostile, stderr: 'bad' });
  });

  test('says 127 for a program that is not there, as a shell does', async () => {
    expect((await host.exec(['no-such-program-here'])).code).toBe(127);
  });

  test('keeps no more than asked for, and passes on all', async () => {
    let passed = '';
    const result = await host.exec(['printf', '0123456789'], {
      maxBytes: 4,
      onStdout: (text) => {
        passed += text;
      },
    });
    expect(result.stdout).toBe('0123');
    expect(passed).toBe('0123456789');
  });

  test('ends what takes too long, with all it started', async () => {
    const script = 'sleep 60 & echo $! > "$1"; wait';
    await expect(host.script(script, [join(dir, 'pid')], { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'HOST_TIMEOUT',
    });
    const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'));
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test('follows a command line by line until it is told to stop', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const following = host.lines(
      ['sh', '-c', 'echo one; echo two >&2; sleep 60'],
      (line, from) => {
        seen.push(`${from} ${line}`);
        if (seen.length === 2) stop.abort(new Error('enough'));
      },
      stop.signal,
    );
    await expect(following).rejects.toThrow('enough');
    expect(seen.sort()).toEqual(['stderr two', 'stdout one']);
  });

  test('writes files whole, with their mode, and reads them back', async () => {
    const path = join(dir, 'secret.env');
    await host.files.write(path, 'A=1\n', 0o600);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await host.files.read(path, 100))?.toString()).toBe('A=1\n');
    expect(await host.files.read(join(dir, 'absent'), 10)).toBeUndefined();
    expect(await host.files.stat(join(dir, 'absent'))).toBeUndefined();
    const source = join(dir, 'source');
    writeFileSync(source, 'x'.repeat(200_000));
    const progress: number[] = [];
    await host.files.upload(source, join(dir, 'copy'), {
      mode: 0o755,
      onProgress: (sent) => progress.push(sent),
    });
    expect(progress.at(-1)).toBe(200_000);
    expect((await host.files.stat(join(dir, 'copy')))?.mode).toBe(0o755);
    expect((await host.files.list(dir)).filter((name) => name.endsWith('.draft'))).toEqual([]);
  });
});

function isAlive(pid: number): boolean {
  try {
    // A zombie counts as gone.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
