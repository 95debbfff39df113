import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSecretWatch } from '../support/secret-watch.ts';
import { until } from './main/until.ts';

// What finds nothing proves nothing unless it would find something.

const VALUE = 'Zq9+a"secret/of%this';
const found = (text: string) => createSecretWatch({ password: VALUE }).find(text, 'here');

test('a secret is found in every shape in which it could leave, wherever it begins', () => {
  const inside = (lead: string) => Buffer.from(`${lead}${VALUE}, and more`);
  const texts = [
    `x${VALUE}y`,
    JSON.stringify({ password: VALUE }),
    `redis://:${encodeURIComponent(VALUE)}@vps`,
    ...['', 'a', 'ab', 'abc'].flatMap((lead) => [
      inside(lead).toString('base64'),
      inside(lead).toString('base64url'),
      inside(lead).toString('hex'),
    ]),
  ];
  for (const text of texts) expect(found(text), text).toEqual([{ secret: 'password', where: 'here' }]);
  expect(found('Zq9+another/secret')).toEqual([]);
});

test('a secret is found in a file, on a command line and in an environment', async () => {
  const watch = createSecretWatch({ file: 'Zq9file', called: 'Zq9called', around: 'Zq9around' });
  const dir = await mkdtemp(join(tmpdir(), 'secret-watch-'));
  await writeFile(join(dir, 'some.log'), 'it is Zq9file.');
  expect(await watch.folder(dir, 'logs')).toEqual([{ secret: 'file', where: 'logs/some.log' }]);
  await rm(dir, { recursive: true });
  watch.watchProcesses();
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'Zq9called'], {
    env: { SECRET: 'Zq9around' },
  });
  try {
    await until('both', async () => watch.seen() >= 2);
  } finally {
    child.kill('SIGKILL');
  }
  expect((await watch.processes()).map(({ secret }) => secret).sort()).toEqual(['around', 'called']);
});
