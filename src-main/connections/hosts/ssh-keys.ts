import { readFile } from 'node:fs/promises';
import type { ParsedKey } from 'ssh2';
import { reasonOf } from './reason-of.ts';
import { SshFailed } from './ssh-failure.ts';

/** What a person has told us so far, for as long as the console runs. Never leaves this process. */
export interface SshMemory {
  /** By `user@host:port`. */
  passwords: Map<string, string>;
  /** By key file. Keys stay unlocked: unlocking takes a good part of a second on purpose. */
  unlocked: Map<string, ParsedKey>;
  /** What the person did not want to answer; forgotten when the person connects again. */
  declined: Set<string>;
}

export function createSshMemory(): SshMemory {
  return { passwords: new Map(), unlocked: new Map(), declined: new Set() };
}

export type KeyFile =
  | { kind: 'ready'; file: string; key: ParsedKey }
  | { kind: 'locked'; file: string; data: Buffer }
  | { kind: 'unusable'; file: string; why: string };

type ParseKey = typeof import('ssh2').utils.parseKey;

/** Reads a private key as far as that goes without a passphrase. */
export async function readKeyFile(file: string, memory: SshMemory, parse: ParseKey): Promise<KeyFile> {
  const unlocked = memory.unlocked.get(file);
  if (unlocked) return { kind: 'ready', file, key: unlocked };
  let data: Buffer;
  try {
    data = await readFile(file);
  } catch (cause) {
    return { kind: 'unusable', file, why: reasonOf(cause) };
  }
  const [key] = [parse(data)].flat();
  if (key instanceof Error)
    // What a parser of keys says about a file may quote it: only the class of its complaint is used.
    return /encrypted|passphrase/i.test(key.message)
      ? { kind: 'locked', file, data }
      : { kind: 'unusable', file, why: 'it is no private key that can be used' };
  return key?.isPrivateKey()
    ? { kind: 'ready', file, key }
    : { kind: 'unusable', file, why: 'it is a public key' };
}

/** The failure that asks for a passphrase. A wrong one is asked for again. */
export function askPassphrase(
  locked: Extract<KeyFile, { kind: 'locked' }>,
  machine: string,
  memory: SshMemory,
  parse: ParseKey,
  again = false,
): SshFailed {
  return new SshFailed({
    kind: 'ask',
    question: { kind: 'passphrase', machine, keyFile: locked.file, again },
    take: async ([passphrase = '']) => {
      const [key] = [parse(locked.data, passphrase)].flat();
      if (!key || key instanceof Error) throw askPassphrase(locked, machine, memory, parse, true);
      memory.unlocked.set(locked.file, key);
    },
    decline: () => memory.declined.add(locked.file),
  });
}
