import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  removeKey,
  setValue,
  unportable,
  writeValue,
} from '../../../src-main/domain/env-file/write-value.ts';
import {
  envValues,
  parseEnvText,
  printEnvFile,
  repeatedKeys,
} from '../../../worker-agent/src/contract/env-text.ts';
import { envSample } from '../../support/env-samples.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'env-text-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));

/** What bash makes of a file by `set -a; source`, for the keys asked for. */
function sourced(text: string, keys: readonly string[]): Record<string, string> {
  const path = join(dir, 'sourced.env');
  writeFileSync(path, text);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is bash's.
  const script = 'set -a; source "$1" || exit; shift; for key; do printf "%s\\0" "${!key-}"; done';
  const said = execFileSync('bash', ['--noprofile', '--norc', '-c', script, 'bash', path, ...keys], {
    encoding: 'utf8',
    env: { LC_ALL: 'C.UTF-8' },
  });
  const read = said.split('\0');
  return Object.fromEntries(keys.map((key, at) => [key, read[at] ?? '']));
}

const PYTHON = `
import sys, json, io
from dotenv import dotenv_values
print(json.dumps(dict(dotenv_values(sys.argv[1], encoding='utf-8'))))
`;
const hasPython = (() => {
  try {
    execFileSync('python3', ['-c', 'from dotenv import dotenv_values'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** What python-dotenv makes of a file; this is also what docker-compose before version 2 reads it with. */
function pythonRead(text: string): Record<string, string | null> {
  const path = join(dir, 'python.env');
  writeFileSync(path, text);
  return JSON.parse(
    execFileSync('python3', ['-c', PYTHON, path], { encoding: 'utf8', env: { PATH: process.env.PATH } }),
  );
}

describe('reading', () => {
  test.each(['vps-comfy-multi', 'vps-comfyume-v1'] as const)('the platform’s %s.env', (name) => {
    const text = envSample(name);
    const file = parseEnvText(text);
    expect(printEnvFile(file)).toBe(text);
    expect(file.lines.filter(({ kind }) => kind === 'unreadable')).toEqual([]);
    expect(repeatedKeys(file)).toEqual([]);
    const read = envValues(text);
    expect(read).toMatchObject({ NUM_WORKERS: '1', WORKER_GPU_MEMORY_LIMIT: '70G', QUEUE_MODE: 'fifo' });
    if (hasPython) expect(pythonRead(text)).toEqual(read);
  });

  test.each<[string, string]>([
    ['A=1', '1'],
    ['export A=1', '1'],
    ['  A = 1  ', '1'],
    ['A=a#b', 'a#b'],
    ['A=a #b', 'a'],
    ['A=   # only a comment', ''],
    ['A=', ''],
    ['A="a # b" # c', 'a # b'],
    ["A='a # b'#c", 'a # b'],
    ['A="two\\nlines"', 'two\nlines'],
    ["A='raw\\n'", 'raw\\n'],
    ['A="0.3.5"', '0.3.5'],
    ['A=NVIDIA H100', 'NVIDIA H100'],
    ['A=$B\u0024{C}', '$B\u0024{C}'],
    ['A=1\nA=2', '2'],
    ['A="one\ntwo"', 'one\ntwo'],
    ["A='one\nB=2 #\n'", 'one\nB=2 #\n'],
    ['A="one\r\ntwo"\r\n', 'one\ntwo'],
    ['\uFEFFA=1\r\nB=2\r\n', '1'],
    ["A='it\\'s'", "it's"],
    ["A='C:\\'", 'C:\\'],
    ['A=ключ', 'ключ'],
  ])('%j', (text, expected) => {
    expect(envValues(text).A).toBe(expected);
    expect(printEnvFile(parseEnvText(text))).toBe(text);
  });

  test.each(['A="open', "A='open", 'A="x" y', 'no equals sign', '1A=2', 'A B=3', 'export'])(
    '%j is kept and named, and the lines after it are read',
    (text) => {
      const file = parseEnvText(`${text}\nNEXT=1\n`);
      expect(file.lines[0]).toMatchObject({ kind: 'unreadable', line: 1, raw: `${text}\n` });
      expect(envValues(`${text}\nNEXT=1\n`)).toEqual({ NEXT: '1' });
    },
  );

  test('any text can be read and printed back unchanged', () => {
    const piece = fc.constantFrom(
      'A=',
      'export ',
      '"',
      "'",
      '#',
      '\\',
      '\n',
      '\r\n',
      '\r',
      ' ',
      '\t',
      '$',
      '\uFEFF',
      'x',
      '=',
      'é',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 40 }).map((all) => all.join('')),
        ),
        (text) => {
          expect(printEnvFile(parseEnvText(text))).toBe(text);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

const anyValue = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc
    .array(
      fc.constantFrom(
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
        '\t',
        '!',
        '~',
        ':',
        'a',
        '&',
        ';',
      ),
      { maxLength: 12 },
    )
    .map((all) => all.join('')),
);
const portable = anyValue.filter((value) => unportable(value) === undefined);

describe('writing', () => {
  test('what is written reads back the same', () => {
    fc.assert(
      fc.property(portable, (value) => {
        const text = `A=${writeValue(value)}\nB=1\n`;
        expect(envValues(text)).toEqual({ A: value, B: '1' });
      }),
      { numRuns: 3000 },
    );
  });

  test('bash and python-dotenv read the same', () => {
    // Many values in one file: starting a process for each would take minutes.
    fc.assert(
      fc.property(fc.array(portable, { minLength: 150, maxLength: 150 }), (all) => {
        const keys = all.map((_, at) => `KEY_${at}`);
        const text = all.map((value, at) => `KEY_${at}=${writeValue(value)}`).join('\n');
        const expected = Object.fromEntries(keys.map((key, at) => [key, all[at]]));
        expect(sourced(text, keys)).toEqual(expected);
        if (hasPython) expect(pythonRead(text)).toEqual(expected);
      }),
      { numRuns: 6 },
    );
  });

  test('a value that no spelling saves is named as such, and still read back by the agent’s rules', () => {
    for (const value of ["it's $5", "a'b\\c", 'end\\', 'a\u0024{b}', 'a\x07b', 'a\rb'])
      expect(unportable(value)).toBeDefined();
    for (const value of ['', "it's", 'a"b', 'a$b', 'a\\b', 'two words', '#x', '~', 'a;b&c'])
      expect(unportable(value)).toBeUndefined();
  });

  test('setting and removing change one key only and keep place, export and comment', () => {
    const text = 'A=1 # one\r\nexport B="2"  # two\nA=3 # three\n# end';
    const file = parseEnvText(text);
    expect(printEnvFile(setValue(file, 'A', 'x y'))).toBe(`export B="2"  # two\nA='x y' # three\n# end`);
    expect(printEnvFile(setValue(file, 'B', '5'))).toBe('A=1 # one\r\nexport B=5  # two\nA=3 # three\n# end');
    expect(printEnvFile(setValue(file, 'C', '6'))).toBe(`${text}\nC=6\n`);
    expect(printEnvFile(removeKey(file, 'A'))).toBe('export B="2"  # two\n# end');
    expect(printEnvFile(setValue(parseEnvText('A=1\n'), 'A', '1'))).toBe('A=1\n');
  });

  test('a file whose keys are set to generated values reads back as those values', () => {
    const key = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,6}$/);
    fc.assert(
      fc.property(
        fc.string({ maxLength: 60 }),
        fc.dictionary(key, portable, { maxKeys: 6 }),
        (text, wanted) => {
          // Whatever stood there must not swallow what is added: an open quote would.
          let file = parseEnvText(text.replaceAll(/["']/g, ''));
          for (const [name, value] of Object.entries(wanted)) file = setValue(file, name, value);
          expect(envValues(printEnvFile(file))).toMatchObject(wanted);
        },
      ),
      { numRuns: 500 },
    );
  });
});
