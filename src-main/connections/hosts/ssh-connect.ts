import { once } from 'node:events';
import { connect as dialTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Client, ServerHostKeyAlgorithm } from 'ssh2';
import type { HostAnswer } from '../../domain/hosts/host-link.ts';
import { fingerprintOf, type KnownHosts, keyType, readKnownHosts, rememberHostKey } from './known-hosts.ts';
import { createAuth } from './ssh-auth.ts';
import type { SshHop } from './ssh-config-files.ts';
import {
  explainSshFailure,
  type Named,
  type OpenQuestion,
  SILENT_REMEDY,
  SshFailed,
  type SshFailure,
  upper,
} from './ssh-failure.ts';
import { readKeyFile, type SshMemory } from './ssh-keys.ts';

export interface ConnectTimes {
  /** Until a machine answers at all, ms. Default 6000. */
  dialMs: number;
  /** From there until it has let us in, without the time that a person takes to answer. Default 12 000. */
  handshakeMs: number;
}

export interface ConnectOptions {
  /** For sentences: the machine at the end of the way. */
  label: string;
  memory: SshMemory;
  times: ConnectTimes;
  signal: AbortSignal;
  ask: (question: OpenQuestion) => Promise<HostAnswer>;
}

/** A way to a machine that stands. */
export interface SshConnection {
  readonly client: Client;
  /** When the machine last sent a byte, `performance.now()`. */
  heardAt(): number;
  /** Resolves with the reason when it is gone, however that came. */
  readonly gone: Promise<SshFailure>;
  end(): void;
}

/**
 * Goes one way from jump to jump; nothing is ever sent to a machine whose key was not confirmed.
 * @throws SshFailed; the signal's reason.
 */
export async function connectSsh(way: readonly SshHop[], options: ConnectOptions): Promise<SshConnection> {
  const clients: Client[] = [];
  const end = () => {
    for (const client of clients.toReversed()) client.destroy();
  };
  options.signal.addEventListener('abort', end, { once: true });
  try {
    let last: Entered | undefined;
    for (const [index, hop] of way.entries()) {
      options.signal.throwIfAborted();
      const before: Client | undefined = clients.at(-1);
      const isLast = index === way.length - 1;
      const named: Named = {
        label: isLast
          ? `${options.label} (${hop.user}@${hop.host})`
          : `the jump host ${hop.user}@${hop.host}`,
        address: `${hop.host.includes(':') ? `[${hop.host}]` : hop.host}:${hop.port}`,
      };
      const socket = await dial(hop, named, before, options);
      last = await enter(hop, named, socket, options, (client) => clients.push(client));
    }
    options.signal.throwIfAborted();
    if (!last) throw new Error('a way has at least one machine');
    const [client] = clients.slice(-1);
    if (!client) throw new Error('a way has at least one machine');
    // A jump that drops takes down what goes through it.
    for (const jump of clients.slice(0, -1)) jump.once('close', () => client.destroy());
    return { client, heardAt: last.heardAt, gone: last.gone, end };
  } catch (cause) {
    end();
    options.signal.throwIfAborted();
    throw cause;
  } finally {
    options.signal.removeEventListener('abort', end);
  }
}

/** The stream to a machine: TCP, or through the one before it. */
async function dial(
  hop: SshHop,
  named: Named,
  before: Client | undefined,
  { times, signal }: ConnectOptions,
): Promise<Duplex> {
  try {
    if (before) return await throughJump(before, hop, times.dialMs);
    const socket = dialTcp({ host: hop.host, port: hop.port, noDelay: true, keepAlive: true });
    const limit = AbortSignal.any([signal, AbortSignal.timeout(times.dialMs)]);
    try {
      await once(socket, 'connect', { signal: limit });
    } catch (cause) {
      socket.destroy();
      if (limit.aborted) throw silent(named);
      throw cause;
    }
    return socket;
  } catch (cause) {
    throw new SshFailed(explainSshFailure(cause, named, false));
  }
}

function throughJump(client: Client, hop: SshHop, limitMs: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('Timed out')), limitMs);
    client.forwardOut('127.0.0.1', 0, hop.host, hop.port, (error, channel) => {
      clearTimeout(late);
      if (error) reject(error);
      else resolve(channel);
    });
  });
}

interface Entered {
  heardAt: () => number;
  gone: Promise<SshFailure>;
}

/** Handshake, host key, login. */
async function enter(
  hop: SshHop,
  named: Named,
  socket: Duplex,
  options: ConnectOptions,
  made: (client: Client) => void,
): Promise<Entered> {
  const { memory, times } = options;
  const [{ Client, utils }, known] = await Promise.all([
    // Loaded when it is needed: it takes 17 MB.
    import('ssh2').then((module) => module.default),
    readKnownHosts(hop.knownHostsFiles, hop.systemKnownHostsFiles),
  ]);
  const keys = await Promise.all(hop.keyFiles.map((file) => readKeyFile(file, memory, utils.parseKey)));
  let heardAt = performance.now();
  socket.on('data', () => {
    heardAt = performance.now();
  });

  const client = new Client();
  made(client);
  let failure: SshFailure | undefined;
  let late: NodeJS.Timeout | undefined;
  const hurry = () => {
    clearTimeout(late);
    late = setTimeout(() => {
      failure ??= silent(named).failure;
      client.destroy();
    }, times.handshakeMs);
  };
  const auth = createAuth({
    hop,
    named,
    keys,
    memory,
    parse: utils.parseKey,
    async ask(question) {
      clearTimeout(late);
      try {
        return await options.ask(question);
      } finally {
        hurry();
      }
    },
  });

  const gone = new Promise<SshFailure>((resolve) => {
    client.on('error', (error: Error & { level?: string }) => {
      // An agent that does not answer is one way in less.
      if (error.level === 'agent') return;
      failure ??=
        error.level === 'client-authentication' ? auth.failure() : explainSshFailure(error, named, true);
    });
    client.on('close', () => {
      clearTimeout(late);
      resolve(failure ?? explainSshFailure(new Error('it was closed'), named, true));
    });
  });
  hurry();
  const ready = once(client, 'ready').then(() => 'ready' as const);
  // `once` rejects on an error event; `gone` has its reason.
  ready.catch(() => {});
  client.connect({
    sock: socket,
    username: hop.user,
    readyTimeout: 0,
    authHandler: auth.handler,
    algorithms: { serverHostKey: keyOrder(known.types(hop.knownAs)) },
    hostVerifier: (key: Buffer) => {
      failure = judge(hop, named, known, key);
      return failure === undefined;
    },
  });
  const outcome = await Promise.race([ready, gone]).catch(() => gone);
  clearTimeout(late);
  if (outcome !== 'ready') throw new SshFailed(outcome);
  failure = undefined;
  return { heardAt: () => heardAt, gone };
}

/** undefined: it is the machine that was confirmed before. */
function judge(hop: SshHop, named: Named, known: KnownHosts, key: Buffer): SshFailure | undefined {
  const verdict = known.judge(hop.knownAs, key);
  const fingerprint = fingerprintOf(key);
  if (verdict.kind === 'known') return undefined;
  if (verdict.kind === 'revoked')
    return {
      kind: 'refused',
      code: 'HOST_KEY_CHANGED',
      why: `${upper(named.label)} shows the host key ${fingerprint}, which was revoked (${verdict.where}): it is not to be trusted any more. Nothing was sent to it.`,
      remedy: 'Have the machine given a new host key, or ask who revoked this one.',
    };
  if (verdict.kind === 'changed')
    return {
      kind: 'refused',
      code: 'HOST_KEY_CHANGED',
      why: `${upper(named.label)} shows the host key ${fingerprint}, but ${verdict.expected} ${verdict.ofSystem ? 'stands for it in the settings of this computer' : 'was confirmed before'} (${verdict.where}). Either the machine was set up anew, or another machine answers in its place. Nothing was sent to it.`,
      ...(verdict.ofSystem
        ? {
            remedy: `${verdict.where} is kept by who administers this computer; the console does not change it. Only if you know that the machine was set up anew: have the line replaced there.`,
          }
        : {
            remedy:
              'Only if you know that the machine was set up anew (a rented GPU with a used address, say): forget the old key and compare the new one with what its provider shows.',
            stranger: { hop, label: named.label },
          }),
    };
  const [file = ''] = hop.knownHostsFiles;
  return {
    kind: 'ask',
    question: {
      kind: 'host-key',
      machine: `${hop.user}@${named.address}`,
      keyType: keyType(key),
      fingerprint,
    },
    take: () => rememberHostKey(file, hop.knownAs, key),
    decline: () => {},
  };
}

const KEY_ORDER: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512' as ServerHostKeyAlgorithm,
  'rsa-sha2-256' as ServerHostKeyAlgorithm,
  'ssh-rsa',
];

/** The types that are known of a machine first: it may have keys of others too, which nobody has confirmed. */
function keyOrder(types: readonly string[]): ServerHostKeyAlgorithm[] {
  const isKnown = (algorithm: string) => types.includes(algorithm.replace(/^rsa-sha2-.*/, 'ssh-rsa'));
  return [...KEY_ORDER.filter(isKnown), ...KEY_ORDER.filter((algorithm) => !isKnown(algorithm))];
}

function silent({ label, address }: Named): SshFailed {
  return new SshFailed({
    kind: 'retry',
    code: 'HOST_SILENT',
    why: `${upper(label)} does not answer at ${address}.`,
    remedy: SILENT_REMEDY,
    reached: false,
  });
}
