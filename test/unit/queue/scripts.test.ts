import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

test('the embedded scripts are those of the .lua files', () => {
  const generate = resolve(import.meta.dirname, '../../../worker-agent/src/queue/scripts/generate.ts');
  const { status, stderr } = spawnSync(process.execPath, [generate, '--check'], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
