import { type EnvFile, envEntries } from '../../../worker-agent/src/contract/env-text.ts';
import { addressKind } from './check-value.ts';

/**
 * A folder that the .env names, on the VPS. `path`: absolute, links followed. `not-asked`: the VPS is away, or the file
 * does not lie there and a relative path means nothing.
 */
export type FolderFact = { kind: 'known'; path: string } | { kind: 'missing' } | { kind: 'not-asked' };

/** What the import knows when it plans. */
export interface ImportFacts {
  /** The VPS's .env. */
  source: EnvFile;
  /** What stands on the GPU host now; null for nothing. */
  existing: EnvFile | null;
  /** The VPS's own address in the tailnet, from its own mouth; null when it was not asked or has none. */
  tailnetAddress: string | null;
  /** Where participants' files are, from the VPS's own mouth. */
  outputs: FolderFact;
  inputs: FolderFact;
  /** Addresses that Redis's port is open on, on the VPS; null when that is not known. */
  listensOn: string[] | null;
}

/** What the person decided in the review. */
export interface ImportChoices {
  /** Ids of problems whose fix was taken. */
  accepted: readonly string[];
  /** Values entered by hand, by key. */
  values: Readonly<Record<string, string>>;
}

/** Where the GPU host finds Redis, and how that is known (contract 4.2); undefined while only a person can know. */
export function redisAddress(
  { source, tailnetAddress }: Pick<ImportFacts, 'source' | 'tailnetAddress'>,
  { values }: ImportChoices,
): { host: string; why: string } | undefined {
  if (values.REDIS_HOST) return { host: values.REDIS_HOST, why: 'the address that you entered' };
  const entries = envEntries(source);
  const told = ['INFERENCE_SERVER_REDIS_HOST', 'REDIS_HOST', 'REDIS_BIND_IP'].map(
    (key) => [key, entries.get(key)?.value ?? ''] as const,
  );
  if (tailnetAddress !== null) {
    const old = told.find(([key, value]) => key !== 'REDIS_BIND_IP' && value !== '')?.[1] ?? '';
    return { host: tailnetAddress, why: whyRewritten(old, tailnetAddress) };
  }
  const tailnet = told.find(([, value]) => addressKind(value) === 'tailnet');
  if (tailnet) return { host: tailnet[1], why: `the tailnet address that ${tailnet[0]} names` };
  return undefined;
}

function whyRewritten(old: string, address: string): string {
  if (old === address) return 'the VPS’s own address in the tailnet';
  switch (addressKind(old)) {
    case 'only-there':
      return `${old === '' ? 'nothing' : `“${old}”`} means Redis only on the VPS itself; this is the VPS’s address in the tailnet`;
    case 'public-name':
      return `Redis is not open on the public name ${old}; this is the VPS’s address in the tailnet`;
    default:
      return `the VPS says that this is its address in the tailnet, not ${old}`;
  }
}
