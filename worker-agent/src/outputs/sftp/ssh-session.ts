import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Client } from 'ssh2';
import { reasonOf } from '../delivery-words.ts';
import { connectionFailure, RemoteFailure } from './remote-failure.ts';

/** The VPS as an SSH server. */
export interface VpsAddress {
  host: string;
  port: number;
  user: string;
  /** Private key without a passphrase; read anew for each connection. */
  keyFile: string;
  /** Fingerprints `SHA256:…` of the host keys it may show. */
  hostKeys: readonly string[];
}

/** An SSH connection that stands. */
export interface SshSession {
  readonly client: Client;
  /** Resolves with the reason when it has ended, however that came. */
  readonly gone: Promise<RemoteFailure>;
  end(): void;
}

/**
 * Logs in to the VPS, which must show a known key.
 * @param pace A peer that leaves three of `keepaliveMs` unanswered is gone; `handshakeMs` from dialling to logged in.
 * @throws RemoteFailure.
 */
export async function connectSsh(
  address: VpsAddress,
  pace: { keepaliveMs: number; handshakeMs: number },
): Promise<SshSession> {
  const name = nameOf(address);
  const privateKey = await readKey(address.keyFile);
  // Loaded when it is needed: it takes 17 MB.
  const { Client } = await import('ssh2').then((module) => module.default ?? module);
  const client = new Client();
  let shown: string | undefined;
  let failure: RemoteFailure | undefined;
  const note = (cause: unknown) => {
    failure ??= connectionFailure(cause, name, address.user);
    return failure;
  };
  const gone = new Promise<RemoteFailure>((resolve) => {
    client.on('close', () => resolve(failure ?? note(new Error('it was closed'))));
  });
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown) => {
      reject(note(shown === undefined ? cause : wrongHostKey(name, shown, address.hostKeys)));
      client.destroy();
    };
    client.on('error', fail);
    client.on('close', () => fail(new Error('it was closed')));
    client.on('ready', () => {
      // Without this each small round trip costs about 44 ms: ssh2 sends in pieces (Nagle, delayed ACK).
      client.setNoDelay(true);
      resolve();
    });
    try {
      client.connect({
        host: address.host,
        port: address.port,
        username: address.user,
        privateKey,
        readyTimeout: pace.handshakeMs,
        keepaliveInterval: pace.keepaliveMs,
        keepaliveCountMax: 3,
        // Without a verifier ssh2 accepts any host.
        hostVerifier: (key: Buffer) => {
          const fingerprint = fingerprintOf(key);
          const known = address.hostKeys.includes(fingerprint);
          if (!known) shown = fingerprint;
          return known;
        },
      });
    } catch (cause) {
      fail(unusableKey(address.keyFile, cause));
    }
  });
  return { client, gone, end: () => client.destroy() };
}

async function readKey(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new RemoteFailure(
      'refused',
      `the key of VPS_SSH_KEY_FILE cannot be read: ${reasonOf(cause)}`,
      'Correct the path, or let this user read the file.',
      cause,
    );
  }
}

function unusableKey(path: string, cause: unknown): unknown {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (!/privateKey|private key|passphrase/i.test(message)) return cause;
  const locked = /passphrase|encrypted/i.test(message);
  // The cause is left out: what a parser of keys quotes may be the key.
  return new RemoteFailure(
    'refused',
    locked
      ? `the key ${path} is locked with a passphrase, which nobody can type for the agent`
      : `the file ${path} holds no private key that can be used`,
    "Deploy from the console’s Hosts screen, which makes one; or make a key of the agent's own with ssh-keygen -t ed25519 -N '' and name it in VPS_SSH_KEY_FILE.",
  );
}

function wrongHostKey(name: string, shown: string, expected: readonly string[]): RemoteFailure {
  return new RemoteFailure(
    'refused',
    `the VPS at ${name} shows the host key ${shown}, but VPS_SSH_HOST_KEY says ${expected.join(' or ')}; ` +
      'another machine may answer in its place, so nothing was sent',
    'If the VPS was set up anew, deploy from the console’s Hosts screen, which asks the VPS itself for its keys; or compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` typed on the VPS, and correct VPS_SSH_HOST_KEY only if that says the same.',
  );
}

/** As `ssh-keygen -lf` writes it. */
function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** `host:port`. */
export function nameOf({ host, port }: Pick<VpsAddress, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
