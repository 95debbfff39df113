import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { SFTPWrapper } from 'ssh2';
import { reasonOf } from '../delivery-words.ts';
import { connectionFailure, RemoteFailure } from './remote-failure.ts';
import { type RemoteFiles, remoteFiles } from './remote-files.ts';

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

export type LinkState =
  | { kind: 'idle' }
  | { kind: 'connecting' }
  | { kind: 'ready' }
  /** `since` on the clock of performance.now(). */
  | { kind: 'down'; failure: RemoteFailure; since: number };

/** One SSH connection with one SFTP session, shared by all transfers and kept alive. */
export interface SftpLink {
  state(): LinkState;
  /**
   * The session, once there is one; connects and goes on trying until the signal aborts.
   * @throws RemoteFailure: the last one, when the signal aborts; `refused` at once, since only a person can mend that.
   */
  files(signal: AbortSignal): Promise<RemoteFiles>;
  /** Idempotent. */
  close(): void;
}

export interface LinkTiming {
  /** First and longest pause between two attempts, ms; each is twice the one before. */
  firstPauseMs: number;
  longestPauseMs: number;
  /** A peer that leaves three of these unanswered is gone, ms. */
  keepaliveMs: number;
  handshakeMs: number;
}

const TIMING: LinkTiming = {
  firstPauseMs: 500,
  longestPauseMs: 30_000,
  keepaliveMs: 10_000,
  handshakeMs: 15_000,
};

interface Session {
  files: RemoteFiles;
  end: () => void;
}

/** @param onDown told when the connection is lost or cannot be made for another reason than before. */
export function openSftpLink(
  address: VpsAddress,
  options: { timing?: Partial<LinkTiming> | undefined; onDown?: (failure: RemoteFailure) => void } = {},
): SftpLink {
  const pace = { ...TIMING, ...options.timing };
  const closing = new AbortController();
  let state: LinkState = { kind: 'idle' };
  let session: Session | undefined;
  let attempt: Promise<Session> | undefined;
  let pause = pace.firstPauseMs;
  let notBefore = 0;
  let downSince: number | undefined;

  const down = (failure: RemoteFailure) => {
    session = undefined;
    downSince ??= performance.now();
    const known = state.kind === 'down' && state.failure.message === failure.message;
    if (!known && !closing.signal.aborted) options.onDown?.(failure);
    state = { kind: 'down', failure, since: downSince };
  };
  /** One attempt, shared by all who wait; a pause goes before it when the last one failed. */
  const connectOnce = async (): Promise<Session> => {
    await pauseFor(notBefore - performance.now(), closing.signal);
    if (state.kind === 'idle') state = { kind: 'connecting' };
    try {
      const made = await connect(address, pace, (failure) => {
        if (session === made) down(failure);
      });
      if (closing.signal.aborted) made.end();
      closing.signal.throwIfAborted();
      session = made;
      state = { kind: 'ready' };
      downSince = undefined;
      pause = pace.firstPauseMs;
      notBefore = 0;
      return made;
    } catch (cause) {
      if (closing.signal.aborted) throw closedFailure();
      const failure = connectionFailure(cause, nameOf(address), address.user);
      down(failure);
      notBefore = performance.now() + pause * (0.75 + Math.random() / 2);
      pause = Math.min(pause * 2, pace.longestPauseMs);
      throw failure;
    } finally {
      attempt = undefined;
    }
  };

  return {
    state: () => state,
    async files(signal) {
      for (;;) {
        if (closing.signal.aborted) throw closedFailure();
        if (signal.aborted) throw state.kind === 'down' ? state.failure : notYet(address);
        if (session) return session.files;
        if (state.kind === 'down' && state.failure.kind === 'refused' && performance.now() < notBefore)
          throw state.failure;
        attempt ??= connectOnce();
        const tried = attempt.then(
          () => {},
          () => {},
        );
        await untilAborted(tried, signal);
      }
    },
    close() {
      closing.abort();
      session?.end();
      session = undefined;
    },
  };
}

async function connect(
  address: VpsAddress,
  pace: LinkTiming,
  onEnd: (failure: RemoteFailure) => void,
): Promise<Session> {
  const name = nameOf(address);
  const privateKey = await readKey(address.keyFile);
  // Loaded when it is needed: it takes 17 MB.
  const { Client } = await import('ssh2').then((module) => module.default ?? module);
  const client = new Client();
  let shown: string | undefined;
  let failure: RemoteFailure | undefined;
  const note = (cause: unknown) => {
    failure ??= connectionFailure(cause, name, address.user);
  };
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
    const fail = (cause: unknown) => {
      note(shown === undefined ? cause : wrongHostKey(name, shown, address.hostKeys));
      client.destroy();
      reject(failure);
    };
    client.on('error', fail);
    client.on('close', () => fail(new Error('it was closed')));
    client.on('ready', () => {
      // Without this each small round trip costs about 44 ms: ssh2 sends in pieces (Nagle, delayed ACK).
      client.setNoDelay(true);
      client.sftp((error, made) => (error ? fail(error) : resolve(made)));
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
  const end = () => client.destroy();
  client.on('close', () =>
    onEnd(failure ?? connectionFailure(new Error('it was closed'), name, address.user)),
  );
  sftp.on('close', end);
  return { files: remoteFiles(sftp, end), end };
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
    "Make a key of the agent's own with ssh-keygen -t ed25519 -N '' and name it in VPS_SSH_KEY_FILE.",
  );
}

function wrongHostKey(name: string, shown: string, expected: readonly string[]): RemoteFailure {
  return new RemoteFailure(
    'refused',
    `the VPS at ${name} shows the host key ${shown}, but VPS_SSH_HOST_KEY says ${expected.join(' or ')}; ` +
      'another machine may answer in its place, so nothing was sent',
    'Compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` typed on the VPS itself, and correct VPS_SSH_HOST_KEY only if that says the same.',
  );
}

/** As `ssh-keygen -lf` writes it. */
function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

function nameOf({ host, port }: VpsAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function notYet(address: VpsAddress): RemoteFailure {
  return new RemoteFailure(
    'lost',
    `the VPS at ${nameOf(address)} does not answer`,
    'Check that the VPS runs and that Tailscale connects both machines.',
  );
}

function closedFailure(): RemoteFailure {
  return new RemoteFailure('lost', 'the agent stops', 'Start the agent again.');
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await untilAborted(new Promise((done) => setTimeout(done, ms).unref()), signal);
}

/** Resolves with the work's end or the signal's abort, whichever comes first. */
async function untilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  await Promise.race([
    work,
    new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      signal.addEventListener('abort', () => resolve(), { once: true, signal: over.signal });
    }),
  ]);
  over.abort();
}
