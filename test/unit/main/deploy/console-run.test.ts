import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { consoleRun } from '../../../../src-main/connections/console-run.ts';
import { consoleFile } from '../../../../src-main/connections/store/console-file.ts';

/** Process id of a process that has just ended. */
async function endedPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('what an ended process of this console signed is gone; what a living one signed is here, while it shows signs', async () => {
  const now = consoleRun('one');
  expect(now.own(consoleRun('one', await endedPid()).id, 0)).toBe('gone');
  expect(now.own(consoleRun('one', process.ppid).id, 30)).toBe('here');
  // A number that another program has got meanwhile: who signed shows no signs any more.
  expect(now.own(consoleRun('one', process.ppid).id, 60)).toBe('gone');
});

test('another console, another computer and nonsense are never gone', async () => {
  const now = consoleRun('one');
  expect(now.own(consoleRun('two', await endedPid()).id, 500)).toBeNull();
  expect(now.own(`one~${await endedPid()}~elsewhere`, 500)).toBe('here');
  expect(now.own('', 500)).toBeNull();
});

test('the id of a console outlasts its processes and its name', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'console-id-'));
  try {
    const id = await consoleFile(dir).id();
    expect(await consoleFile(dir).id()).toBe(id);
    await consoleFile(dir).save('Anna');
    expect(await consoleFile(dir).id()).toBe(id);
    expect(await consoleFile(dir).load()).toBe('Anna');
    expect(JSON.parse(await readFile(join(dir, 'console.json'), 'utf8'))).toMatchObject({ id, name: 'Anna' });
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }
});
