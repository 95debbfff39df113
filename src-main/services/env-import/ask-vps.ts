import { type EnvEntry, envEntries, parseEnvText } from '../../../worker-agent/src/contract/env-text.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import type { FolderFact } from '../../domain/env-file/redis-address.ts';
import type { ImportMachines } from './roles.ts';
import { ASK_ADDRESSES, ASK_FOLDERS } from './scripts.ts';

/** What a VPS says about itself, as far as an import needs it. */
export interface VpsAnswer {
  asked: boolean;
  /** A sentence about why it was not asked; null when it was. */
  notice: string | null;
  tailnet: string | null;
  /** Addresses that Redis's port is open on; null = not known. */
  listensOn: string[] | null;
  outputs: FolderFact;
  inputs: FolderFact;
}

const LOOK_MS = 20_000;
const NOT_ASKED: FolderFact = { kind: 'not-asked' };

/**
 * Asks the VPS for its addresses and for the participants' folders. That it cannot be asked is an answer.
 * @param text of its .env.
 * @param folder where that lies on the VPS; '' when it came from elsewhere.
 */
export async function askVps(
  machines: Pick<ImportMachines, 'vps'>,
  text: string,
  folder = '',
): Promise<VpsAnswer> {
  const entries = envEntries(parseEnvText(text));
  try {
    const host = await machines.vps();
    const [addresses, folders] = await Promise.all([
      addressesOf(host, portOf(entries)),
      foldersOf(host, entries, folder),
    ]);
    return { asked: true, notice: null, ...addresses, ...folders };
  } catch (cause) {
    const why = cause instanceof WorkshopError ? cause.message : 'It cannot be reached.';
    return {
      asked: false,
      notice: `The VPS was not asked for its tailnet address. ${why}`,
      tailnet: null,
      listensOn: null,
      outputs: NOT_ASKED,
      inputs: NOT_ASKED,
    };
  }
}

/** The port that Redis is published on, as the file says. */
export function portOf(entries: ReadonlyMap<string, EnvEntry>): string {
  const port = entries.get('REDIS_PORT')?.value ?? entries.get('APP_SERVER_REDIS_PORT')?.value ?? '';
  return /^\d{1,5}$/.test(port) ? port : '6379';
}

async function addressesOf(host: RemoteHost, port: string) {
  const { stdout } = await host.script(ASK_ADDRESSES, [port], { timeoutMs: LOOK_MS });
  const told = (word: string) =>
    stdout
      .split('\n')
      .flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1).trim()] : []));
  const bare = (address: string) => address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  return {
    tailnet: told('tailnet')[0] ?? null,
    listensOn: stdout.split('\n').includes('looked') ? [...new Set(told('listen').map(bare))] : null,
  };
}

async function foldersOf(
  host: RemoteHost,
  entries: ReadonlyMap<string, EnvEntry>,
  folder: string,
): Promise<Record<'outputs' | 'inputs', FolderFact>> {
  // Compose would put something in the place of a $; who knows what.
  const told = (key: string) =>
    /\$/.test(entries.get(key)?.value ?? '') ? '' : (entries.get(key)?.value ?? '');
  const named = { outputs: told('OUTPUTS_PATH'), inputs: told('INPUTS_PATH') };
  const { stdout } = await host.script(ASK_FOLDERS, [folder, named.outputs, named.inputs], {
    timeoutMs: LOOK_MS,
  });
  const factOf = (name: 'outputs' | 'inputs'): FolderFact => {
    if (named[name] === '' || (folder === '' && !/^[/~]/.test(named[name]))) return NOT_ASKED;
    const line = stdout.split('\n').find((one) => one.startsWith(`${name} /`));
    return line === undefined ? { kind: 'missing' } : { kind: 'known', path: line.slice(name.length + 1) };
  };
  return { outputs: factOf('outputs'), inputs: factOf('inputs') };
}
