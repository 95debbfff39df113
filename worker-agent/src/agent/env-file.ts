import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import { toWorkshopError, WorkshopError } from '../contract/errors.ts';

/**
 * Reads an env file by the platform's rules (contract 4.3): `export`, comments, quotes, CRLF, BOM, last key wins.
 * @throws WorkshopError CONFIG when the file cannot be read.
 */
export function readEnvFile(path: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new WorkshopError(
      'CONFIG',
      `The env file ${path} cannot be read: ${toWorkshopError(cause).message}.`,
      {
        remedy: 'Give the path of a readable file to --env-file.',
        cause,
      },
    );
  }
  return parseEnv(text);
}

/** The text of an env file as key and value. */
export function parseEnv(text: string): Record<string, string> {
  return parse(
    text
      .replace(/^\uFEFF/, '')
      .replace(/\r\n?/g, '\n')
      .split('\n')
      .map(shieldHash)
      .join('\n'),
  );
}

const UNQUOTED = /^(\s*(?:export\s+)?[\w.-]+\s*=\s*)([^\s'"`#][^\n]*)$/;

/**
 * dotenv ends an unquoted value at any `#`; the platform only at a `#` after whitespace. Such a value is quoted here
 * with a quote that it does not hold.
 */
function shieldHash(line: string): string {
  const match = UNQUOTED.exec(line);
  if (!match?.[1] || !match[2]?.includes('#')) return line;
  const value = match[2].replace(/\s+#.*$/, '').trimEnd();
  if (!value.includes('#')) return line;
  const quote = ["'", '`', '"'].find((candidate) => !value.includes(candidate));
  return quote ? `${match[1]}${quote}${value}${quote}` : line;
}
