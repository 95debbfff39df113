import type { SFTPWrapper } from 'ssh2';
import { connectionFailure, RemoteFailure } from './remote-failure.ts';
import { type RemoteFiles, remoteFiles } from './remote-files.ts';
import { connectSsh, nameOf, type VpsAddress } from './ssh-session.ts';

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
  gone: Promise<RemoteFailure>;
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
      const made = await connect(address, pace);
      if (closing.signal.aborted) made.end();
      closing.signal.throwIfAborted();
      session = made;
      void made.gone.then((failure) => {
        if (session === made) down(failure);
      });
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

async function connect(address: VpsAddress, pace: LinkTiming): Promise<Session> {
  const { client, end, gone } = await connectSsh(address, pace);
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
    void gone.then(reject);
    client.sftp((error, made) => {
      if (!error) return resolve(made);
      reject(connectionFailure(error, nameOf(address), address.user));
      end();
    });
  });
  sftp.on('close', end);
  return { files: remoteFiles(sftp, end), gone, end };
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
