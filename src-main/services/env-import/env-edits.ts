import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import {
  type EnvFile,
  envEntries,
  parseEnvText,
  printEnvFile,
} from '../../../worker-agent/src/contract/env-text.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import { checkValue, isPlaceholder } from '../../domain/env-file/check-value.ts';
import { servicesReading } from '../../domain/env-file/key-readers.ts';
import { isSecret } from '../../domain/env-file/mask.ts';
import { peoplesFolders } from '../../domain/env-file/peoples-folders.ts';
import { setValue, writeValue } from '../../domain/env-file/write-value.ts';
import { askVps } from './ask-vps.ts';
import { readIfThere, readText, replaceText } from './machine-files.ts';
import type { Completion, EnvEdit, ImportMachines } from './roles.ts';

/**
 * The platform's .env with one key as it should be: another value, the same one in quotes, or a new password in the
 * place of one that everybody knows, which is made up here each time.
 */
export function correctionOf(file: string, source: EnvFile, key: string): EnvEdit | null {
  const entry = envEntries(source).get(key);
  if (!entry) return null;
  const known = key === 'ADMIN_PASSWORD' && isPlaceholder(entry.value);
  const better = known ? randomBytes(18).toString('base64url') : checkValue(key, entry.value)?.better;
  const value = better ?? entry.value;
  const [before, after] = [printEnvFile(source), printEnvFile(setValue(source, key, value))];
  if (before === after) return null;
  const shown = known
    ? '(24 characters, made up now)'
    : isSecret(key, value)
      ? '(its value, in quotes)'
      : writeValue(value);
  // The same value in other letters is nothing that a service has to be told.
  const services = better === undefined ? [] : servicesReading(key);
  return { file, added: [[key, shown]], before, after, services };
}

/** The platform's .env with Redis at an address of the VPS. */
export function bindingOf(file: string, source: EnvFile, address: string): EnvEdit {
  const key = 'REDIS_BIND_IP';
  const [before, after] = [printEnvFile(source), printEnvFile(setValue(source, key, address))];
  return { file, added: [[key, address]], before, after, services: ['redis'] };
}

/**
 * What an import of today would add to a GPU host's file: participants' folders, which older imports did not ask for.
 * The VPS's file is known again by the password of Redis, which both hold.
 * @param needs.files .env files on the VPS. @throws WorkshopError where it is not known.
 */
export async function completionOf(needs: {
  host: RemoteHost;
  vps: RemoteHost;
  machines: Pick<ImportMachines, 'vps'>;
  path: string;
  files: readonly string[];
}): Promise<Completion> {
  const { host, vps, machines, path, files } = needs;
  const byHand =
    'Read the .env of the VPS on Setup and write it to this GPU host: it is asked for the folders then.';
  const before = await readIfThere(host, path);
  if (before === null)
    throw new WorkshopError('WRONG_STATE', `Nothing was imported to ${host.label} yet.`, { remedy: byHand });
  const existing = parseEnvText(before);
  const entries = envEntries(existing);
  const password = entries.get('REDIS_PASSWORD')?.value ?? '';
  const origin = await sameRedis(vps, files, password);
  if (!origin)
    throw new WorkshopError(
      'NOT_FOUND',
      `No .env was found on the VPS that is of the Redis of ${host.label}.`,
      {
        remedy: byHand,
      },
    );
  const { file, text } = origin;
  const asked = await askVps(machines, text, posix.dirname(file));
  const folders = peoplesFolders(asked).filter(({ key }) => !entries.get(key)?.value);
  const known = folders.flatMap(({ key, fact }) =>
    fact.kind === 'known' ? [[key, fact.path] as const] : [],
  );
  const lost = folders.find(({ key, fact }) => key === 'VPS_OUTPUTS_PATH' && fact.kind !== 'known');
  if (lost)
    throw new WorkshopError(
      'HOST_FILE',
      `The folder that ${lost.named} in ${file} names is not there on the VPS.`,
      { remedy: 'Read that file on Setup: the folder can be made from there.' },
    );
  const after = printEnvFile(known.reduce((into, [key, value]) => setValue(into, key, value), existing));
  return {
    ...{ file: path, before, after, services: [], source: `${file} on ${vps.label}` },
    added: known.map(([key, value]) => [key, writeValue(value)] as const),
    async write() {
      if ((await readIfThere(host, path)) !== before)
        throw new WorkshopError('CONFLICT', `${path} on ${host.label} changed since it was looked at.`, {
          remedy: 'Look again, then press.',
        });
      return replaceText(host, path, before, after);
    },
  };
}

async function sameRedis(
  vps: RemoteHost,
  files: readonly string[],
  password: string,
): Promise<{ file: string; text: string } | undefined> {
  if (password === '') return undefined;
  for (const file of files) {
    const text = await readText(vps, file);
    if (envEntries(parseEnvText(text)).get('REDIS_PASSWORD')?.value === password) return { file, text };
  }
  return undefined;
}
