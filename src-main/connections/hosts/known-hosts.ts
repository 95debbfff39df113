import { createHash, createHmac, randomBytes } from 'node:crypto';
import { appendFile, chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What known_hosts says about the key that a machine shows. */
export type KeyVerdict =
  | { kind: 'known' }
  | { kind: 'unknown' }
  /** It is not to be trusted whoever confirmed it. `where`: file and line. */
  | { kind: 'revoked'; where: string }
  /** Another key is known. `ofSystem`: also by a file that is not the person's own, so forgetting it here does not help. */
  | { kind: 'changed'; expected: string; where: string; ofSystem: boolean };

interface Entry {
  names: string;
  type: string;
  key: string;
  revoked: boolean;
  where: string;
  ofSystem: boolean;
}

/** The machines that were confirmed before, as OpenSSH keeps them: sshd(8), section SSH_KNOWN_HOSTS FILE FORMAT. */
export interface KnownHosts {
  /** Key types known for a name, so that the machine is asked for one of these. */
  types(name: string): string[];
  /** `name`: the host, or `[host]:port` for another port than 22. */
  judge(name: string, key: Buffer): KeyVerdict;
}

/**
 * @param files the person's own.
 * @param systemFiles those that hold for all users of this computer; they are only ever read.
 */
export async function readKnownHosts(
  files: readonly string[],
  systemFiles: readonly string[] = [],
): Promise<KnownHosts> {
  const entries: Entry[] = [];
  for (const [at, file] of [...files, ...systemFiles].entries()) {
    const text = await readFile(file, 'utf8').catch(() => '');
    text.split('\n').forEach((line, index) => {
      const entry = parseLine(line, `${file}:${index + 1}`, at >= files.length);
      if (entry) entries.push(entry);
    });
  }
  const named = (name: string) => entries.filter((entry) => matches(entry.names, name));
  return {
    types: (name) => [...new Set(named(name).flatMap((entry) => (entry.revoked ? [] : entry.type)))],
    judge(name, key) {
      const shown = key.toString('base64');
      const about = named(name);
      const revoked = about.find((entry) => entry.revoked && entry.key === shown);
      if (revoked) return { kind: 'revoked', where: revoked.where };
      const valid = about.filter((entry) => !entry.revoked);
      if (valid.some((entry) => entry.key === shown)) return { kind: 'known' };
      const type = keyType(key);
      // The machine was asked for a type that is known, so a new type is as suspicious as a new key.
      // Of several, the one that the person cannot forget here is named first.
      const told = valid.some(({ ofSystem }) => ofSystem) ? valid.filter(({ ofSystem }) => ofSystem) : valid;
      const other = told.find((entry) => entry.type === type) ?? told[0];
      if (!other) return { kind: 'unknown' };
      const { where, ofSystem } = other;
      return { kind: 'changed', expected: fingerprintOf(Buffer.from(other.key, 'base64')), where, ofSystem };
    },
  };
}

/** Adds a machine; the file keeps its other lines. */
export async function rememberHostKey(file: string, name: string, key: Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const before = await readFile(file, 'utf8').catch(() => '');
  // Hashed where the person's file hashes: the names in it are nobody's business.
  const shown = /^\|1\|/m.test(before) ? hashName(name) : name;
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  await appendFile(file, `${gap}${shown} ${keyType(key)} ${key.toString('base64')}\n`, { mode: 0o600 });
}

/** Takes a machine out of these files; as it was, each stays beside it as `.old` (as `ssh-keygen -R` does). */
export async function forgetHostKeys(files: readonly string[], name: string): Promise<void> {
  for (const file of files) {
    const before = await readFile(file, 'utf8').catch(() => '');
    const kept = before.split('\n').filter((line) => {
      const entry = parseLine(line, file, false);
      return !entry || entry.revoked || !matches(entry.names, name);
    });
    if (kept.join('\n') === before) continue;
    await writeFile(`${file}.old`, before, { mode: 0o600 });
    await writeFile(`${file}.new`, kept.join('\n'), { mode: 0o600 });
    await chmod(`${file}.new`, 0o600);
    await rename(`${file}.new`, file);
  }
}

/** As `ssh-keygen -lf` writes it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type stands at the start of a key, after its length: RFC 4253, section 6.6. */
export function keyType(key: Buffer): string {
  return key.length < 4 ? 'unknown' : key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
}

function parseLine(line: string, where: string, ofSystem: boolean): Entry | undefined {
  const words = line.trim().split(/\s+/);
  if (words[0]?.startsWith('#')) return undefined;
  const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
  const [names, type, key] = words;
  if (!names || !type || !key || marker === '@cert-authority') return undefined;
  return { names, type, key, revoked: marker === '@revoked', where, ofSystem };
}

function matches(names: string, name: string): boolean {
  if (names.startsWith('|1|')) {
    const [, , salt = '', hash = ''] = names.split('|');
    return hmac(salt, name) === hash;
  }
  const wanted = name.toLowerCase();
  let found = false;
  for (const part of names.split(',')) {
    const pattern = part.replace(/^!/, '');
    if (!asPattern(pattern).test(wanted)) continue;
    if (part.startsWith('!')) return false;
    found = true;
  }
  return found;
}

function asPattern(text: string): RegExp {
  const escaped = text.toLowerCase().replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}

function hashName(name: string): string {
  const salt = randomBytes(20).toString('base64');
  return `|1|${salt}|${hmac(salt, name)}`;
}

function hmac(salt: string, name: string): string {
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name.toLowerCase()).digest('base64');
}
