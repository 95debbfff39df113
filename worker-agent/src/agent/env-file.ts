import { readFileSync } from 'node:fs';
import { envValues } from '../contract/env-text.ts';
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
  return envValues(text);
}
