import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../support/run-step.ts';

const require = createRequire(import.meta.url);

async function validate(change: object): Promise<void> {
  const { validateConfiguration } = require('app-builder-lib/out/util/config/config.js');
  const { DebugLogger } = require('builder-util');
  const config: object = parse(await readFile(join(root, 'resources/electron-builder.yml'), 'utf8'));
  await validateConfiguration({ ...config, ...change }, new DebugLogger(false));
}

test('the electron-builder configuration is valid', async () => {
  await expect(validate({})).resolves.toBeUndefined();
});

test('an unknown key in the electron-builder configuration is found', async () => {
  await expect(validate({ prodctName: 'typo' })).rejects.toThrow(/prodctName/);
});
