import { createHash } from 'node:crypto';
import { isIPv4 } from '../env-file/addresses.ts';

/** What one look at the VPS told about the way for files. */
export interface VpsFindings {
  /** Whom we are there; the agent comes as the same. */
  user: string;
  /** Of its sshd, as seen from outside; null when the machine does not tell. */
  port: number | null;
  /** `SHA256:…` of every key that its sshd may show, sorted. */
  hostKeys: string[];
  outputs: FolderState;
  inputs: FolderState;
  /** People's folders below the outputs that this user may not write into. */
  locked: string[];
  /** The agent's lines in authorized_keys; one where all is well. */
  lines: string[];
  /** Such lines in the usual file, where sshd does not read it. */
  strays: string[];
  /** Where sshd reads this user's keys and they may write: absolute, or '' for ~/.ssh/authorized_keys. */
  keyFile: string;
  /** Why a key of this user's would not be taken; null where nothing is known against it. */
  keysClosed: { kind: 'elsewhere'; file: string } | { kind: 'refused' } | null;
  /** IPv4 addresses by which it can be found: where this console's login arrives, then what its network has. */
  addresses: string[];
  /** Addresses that Redis's port listens on; null where the machine does not tell. */
  redis: string[] | null;
}

/** `missing` also where nobody asked for it. */
export type FolderState = 'missing' | 'closed' | 'readable' | 'writable';

const FOLDER_STATES = ['missing', 'closed', 'readable', 'writable'] as const;
/** A key as it stands in a .pub file: type and base64. */
const HOST_KEY = /^(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp\d+) ([A-Za-z0-9+/]{40,2000}={0,2})$/;

/** Reads what services/deploy/delivery-scripts.ts printed: one `key=value` a line. undefined when it is no such text. */
export function parseVpsFindings(text: string): VpsFindings | undefined {
  const entries = text.split('\n').flatMap((line): [string, string][] => {
    const at = line.indexOf('=');
    return at > 0 ? [[line.slice(0, at), line.slice(at + 1).trim()]] : [];
  });
  const all = (key: string) => entries.flatMap(([name, value]) => (name === key ? [value] : []));
  const one = (key: string) => all(key)[0] ?? '';
  const choice = <T extends string>(key: string, choices: readonly T[], otherwise: T): T =>
    choices.find((each) => each === one(key)) ?? otherwise;
  if (!/^[a-zA-Z0-9_][a-zA-Z0-9_.@-]{0,63}$/.test(one('user'))) return undefined;
  const port = Number(one('port'));
  return {
    user: one('user'),
    port: Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : null,
    hostKeys: [...new Set(all('hostkey').flatMap(fingerprintOf))].sort(),
    outputs: choice('outputs', FOLDER_STATES, 'missing'),
    inputs: choice('inputs', FOLDER_STATES, 'missing'),
    locked: all('locked').filter((name) => name !== ''),
    lines: all('line').filter((line) => line !== ''),
    strays: all('stray').filter((line) => line !== ''),
    keyFile: one('keyfile').startsWith('/') ? one('keyfile') : '',
    keysClosed:
      one('keys') === 'refused'
        ? { kind: 'refused' }
        : one('keysof').startsWith('/')
          ? { kind: 'elsewhere', file: one('keysof') }
          : null,
    addresses: [...new Set(all('address').filter(isIPv4))],
    redis: one('looked') === 'yes' ? all('listen').map((at) => at.replace(/^\[|\]$/g, '')) : null,
  };
}

/** As `ssh-keygen -lf` writes it. */
function fingerprintOf(key: string): string[] {
  const base64 = HOST_KEY.exec(key)?.[1];
  if (base64 === undefined) return [];
  const digest = createHash('sha256').update(Buffer.from(base64, 'base64')).digest('base64');
  return [`SHA256:${digest.replace(/=+$/, '')}`];
}
