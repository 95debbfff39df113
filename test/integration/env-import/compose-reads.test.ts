import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { planImport } from '../../../src-main/domain/env-file/import-plan.ts';
import { setValue, unportable } from '../../../src-main/domain/env-file/write-value.ts';
import {
  envEntries,
  envValues,
  parseEnvText,
  printEnvFile,
} from '../../../worker-agent/src/contract/env-text.ts';
import { envSample } from '../../support/env-samples.ts';

/*
 * What the import writes, read by docker compose itself: the platform's own file is read by nothing else. `config`
 * needs no engine.
 */

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'compose-reads-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));

const configSchema = z.object({
  services: z.object({ reader: z.object({ environment: z.record(z.string(), z.string()) }) }),
});
/** PyYAML comes with Debian's docker-compose, for Debian's Python. */
const AS_JSON = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)';

/** The values of a file as a service would get them. */
function composed(text: string): Record<string, string> {
  const [env, file] = [join(dir, 'written.env'), join(dir, 'docker-compose.yml')];
  writeFileSync(env, text);
  const keys = [...envEntries(parseEnvText(text)).keys()];
  const environment = Object.fromEntries(keys.map((key) => [key, `\${${key}}`]));
  writeFileSync(
    file,
    JSON.stringify({ version: '3.8', services: { reader: { image: 'none', environment } } }),
  );
  // Variables of this process would go over the file's.
  const options = { encoding: 'utf8', env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } } as const;
  const yaml = execFileSync('docker-compose', ['--env-file', env, '-f', file, 'config'], options);
  const json = execFileSync('/usr/bin/python3', ['-c', AS_JSON], { ...options, input: yaml });
  const read = configSchema.parse(JSON.parse(json)).services.reader.environment;
  // What it prints can be read as a compose file again, so each $ stands twice.
  return Object.fromEntries(Object.entries(read).map(([key, value]) => [key, value.replaceAll('$$', '$')]));
}

test.each(['vps-comfy-multi', 'vps-comfyume-v1'] as const)('the plan for the platform’s %s.env', (name) => {
  const source = parseEnvText(envSample(name).replace('changeme_secure_password', `"it's 5 #1"`));
  const facts = {
    ...{ source, existing: null, tailnetAddress: '100.64.0.7', listensOn: ['100.64.0.7'] },
    outputs: { kind: 'known', path: "/home/dev/it's here/outputs" },
    inputs: { kind: 'missing' },
  } as const;
  const text = printEnvFile(planImport(facts).result);
  const read = composed(text);
  expect(read).toMatchObject({ REDIS_HOST: '100.64.0.7', REDIS_PASSWORD: "it's 5 #1" });
  expect(read).toEqual(envValues(text));
});

test('generated values', () => {
  const piece = fc.constantFrom(
    "'",
    '"',
    '\\',
    '$',
    '{',
    '}',
    '`',
    ' ',
    '#',
    '=',
    '\n',
    '!',
    '~',
    ':',
    'a',
    '&',
  );
  const value = fc
    .oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.string({ unit: piece, maxLength: 12 }))
    .filter((one) => unportable(one) === undefined);
  fc.assert(
    fc.property(fc.array(value, { minLength: 150, maxLength: 150 }), (all) => {
      let file = parseEnvText('');
      for (const [at, one] of all.entries()) file = setValue(file, `KEY_${at}`, one);
      expect(composed(printEnvFile(file))).toEqual(
        Object.fromEntries(all.map((one, at) => [`KEY_${at}`, one])),
      );
    }),
    { numRuns: 6 },
  );
});
