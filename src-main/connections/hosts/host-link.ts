import type { Duplex } from 'node:stream';
import { toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { HostAnswer, HostLinkState, HostTarget } from '../../domain/hosts/host-link.ts';
import type { HostLinkTimes } from './host-link-times.ts';
import { keepPulse, type Pulse } from './host-pulse.ts';
import { createSession, type HostSession, hostOver } from './host-session.ts';
import { forgetHostKeys } from './known-hosts.ts';
import { createQuestionDesk } from './question-desk.ts';
import type { ExecResult, RemoteHost } from './remote-host.ts';
import { createRetryPauses } from './retry-pauses.ts';
import { findWay, type SshHome, type SshHop } from './ssh-config-files.ts';
import { connectSsh, type SshConnection } from './ssh-connect.ts';
import { explainSshFailure, type OpenQuestion, SshFailed, type SshFailure } from './ssh-failure.ts';
import type { SshMemory } from './ssh-keys.ts';

/** A link to one machine: keeps itself alive, says in which state it is and why, and goes on by itself after a break. */
export interface HostLink {
  readonly target: HostTarget;
  readonly host: RemoteHost;
  readonly state: HostLinkState;
  onChange(listener: (state: HostLinkState) => void): () => void;
  /** Small work that comes again and again, over one shell that stays open: costs one round trip. Reads no input. */
  run(argv: readonly string[], timeoutMs?: number): Promise<ExecResult>;
  /** A stream to an address as the machine sees it; no port is opened here. */
  forward(host: string, port: number): Promise<Duplex>;
  /** Connects now: ends waiting, a refusal, or having been disconnected; a link that works badly is made anew. */
  connect(): void;
  /** Stays idle until `connect`. */
  disconnect(): void;
  /** The answer to the question that `state` shows; one for another question does nothing. */
  answer(questionId: string, answer: HostAnswer): Promise<void>;
  /**
   * Takes the old key of one machine on the way out of the person's known_hosts, and asks anew.
   * @param machine the one whose new key was refused, as `state` names it. @throws WorkshopError CONFLICT for another.
   */
  forgetHostKey(machine: string): Promise<void>;
  /** The laptop woke up, or its network changed: proves the link at once. */
  wake(): void;
  /** Idempotent. */
  close(): void;
}

export interface HostLinkNeeds {
  memory: SshMemory;
  where: SshHome;
  times: HostLinkTimes;
}

/** Starts connecting at once. */
export function openHostLink(target: HostTarget, { memory, where, times }: HostLinkNeeds): HostLink {
  const listeners = new Set<(state: HostLinkState) => void>();
  let state: HostLinkState = { kind: 'idle' };
  let session: (HostSession & { connection: SshConnection; pulse: Pulse }) | undefined;
  let dialling: AbortController | undefined;
  let retry: NodeJS.Timeout | undefined;
  /** The machine on the way that showed another key than the one that was confirmed. */
  let stranger: SshHop | undefined;
  let attempt = 0;
  let closed = false;
  const pauses = createRetryPauses(times);

  const become = (next: HostLinkState) => {
    state = next;
    for (const listener of [...listeners]) listener(next);
  };
  const questions = createQuestionDesk((question) => become({ kind: 'asking', since: Date.now(), question }));
  const gone = () => {
    if (state.kind === 'lost' || state.kind === 'refused')
      return new WorkshopError('HOST_LINK_LOST', state.why, { remedy: state.remedy });
    return new WorkshopError('HOST_LINK_LOST', `The link to ${target.name} dropped.`, {
      remedy: 'It is made anew by itself; try again when it is back.',
    });
  };

  /** @param atOnce it stood a moment ago: the first try to make it anew waits for nothing. */
  const fail = (failure: SshFailure, atOnce = false) => {
    if (closed) return;
    if (failure.kind === 'ask') return put(failure.question, failure);
    const { code, why, remedy } = failure;
    const since = state.kind === 'lost' || state.kind === 'refused' ? state.since : Date.now();
    if (failure.kind === 'refused') {
      stranger = failure.stranger?.hop;
      const named = failure.stranger && { stranger: failure.stranger.label };
      return become({ kind: 'refused', since, code, why, remedy, ...named });
    }
    const pause = atOnce ? 0 : pauses.next(failure.reached);
    retry = setTimeout(dial, pause);
    become({ kind: 'lost', since, code, why, remedy, retryAt: Date.now() + pause });
  };

  /** Shows a question and waits for its answer with nothing open. */
  const put = (open: OpenQuestion, { take, decline }: Extract<SshFailure, { kind: 'ask' }>): void =>
    questions.put(open, async (answer) => {
      if (!answer) decline();
      if (!answer && open.kind === 'host-key')
        return fail({
          kind: 'refused',
          code: 'HOST_KEY_UNKNOWN',
          why: `The host key of ${target.name} was not confirmed; nothing was sent to it.`,
          remedy: 'Connect again when you can compare its fingerprint.',
        });
      try {
        if (answer) await take(answer);
      } catch (cause) {
        return fail(explainSshFailure(cause, { label: target.name, address: target.host }, true));
      }
      dial();
    });
  /** Shows a question of the machine itself, while the connection waits. */
  const askLive = (open: OpenQuestion, signal: AbortSignal) =>
    new Promise<HostAnswer>((resolve) => {
      const before = state;
      const end = (answer: HostAnswer) => {
        signal.removeEventListener('abort', abort);
        resolve(answer);
      };
      const abort = () => end(null);
      signal.addEventListener('abort', abort, { once: true });
      questions.put(open, async (answer) => {
        become(before);
        end(answer);
      });
    });

  const dial = () => {
    clearTimeout(retry);
    questions.lapse();
    if (closed || dialling || session) return;
    const mine = new AbortController();
    dialling = mine;
    attempt += 1;
    // While it is lost it stays so until it is ready: the reason and its age are worth more than "connecting".
    if (state.kind !== 'lost') become({ kind: 'connecting', since: Date.now(), attempt });
    enter(mine.signal).then(
      (made) => {
        if (mine.signal.aborted) return made.connection.end();
        dialling = undefined;
        hold(made.connection, made.rttMs, made.session);
      },
      (cause: unknown) => {
        if (mine.signal.aborted) return;
        dialling = undefined;
        fail(explainSshFailure(cause, { label: target.name, address: target.host }, false));
      },
    );
  };
  const enter = async (signal: AbortSignal) => {
    const connection = await connectSsh(way(), {
      label: target.name,
      memory,
      times,
      signal,
      ask: (question) => askLive(question, signal),
    });
    const made = createSession(connection, gone);
    made.warm();
    const asked = performance.now();
    const answered = made.ping(times.handshakeMs).then(() => undefined);
    answered.catch(() => {});
    const failure = await Promise.race([answered, connection.gone]).catch((cause: unknown) => {
      connection.end();
      throw cause;
    });
    if (failure) throw new SshFailed(failure);
    return { connection, session: made, rttMs: performance.now() - asked };
  };
  const way = (): SshHop[] => {
    try {
      return findWay(target, where);
    } catch (cause) {
      const { code, message: why, remedy = '' } = toWorkshopError(cause, 'CONFIG');
      throw new SshFailed({ kind: 'refused', code, why, remedy });
    }
  };

  const hold = (connection: SshConnection, firstRttMs: number, made: HostSession) => {
    const drop = (failure: SshFailure) => {
      if (session?.connection !== connection) return;
      const { pulse } = session;
      session = undefined;
      pulse.stop();
      connection.end();
      fail(failure, true);
    };
    const pulse = keepPulse(
      {
        ping: () => made.ping(times.lostAfterMs * 2),
        heardAt: connection.heardAt,
        heard(rttMs) {
          if (rttMs <= times.slowMs)
            return become({ kind: 'ready', since: state.kind === 'ready' ? state.since : Date.now(), rttMs });
          const since = state.kind === 'degraded' ? state.since : Date.now();
          const why = `${target.name} takes ${Math.round(rttMs)} ms to answer.`;
          become({ kind: 'degraded', since, rttMs, why });
        },
        silent(ms) {
          if (state.kind !== 'ready') return;
          const why = `${target.name} has not answered for ${Math.round(ms / 1000)} s.`;
          become({ kind: 'degraded', since: Date.now() - ms, rttMs: state.rttMs, why });
        },
        dead: (ms) =>
          drop({
            kind: 'retry',
            code: 'HOST_LINK_LOST',
            why: `${target.name} has not answered for ${Math.round(ms / 1000)} s.`,
            remedy:
              'The link is made anew by itself. Check the network of this computer if it does not come back.',
            reached: false,
          }),
      },
      times,
    );
    session = { ...made, connection, pulse };
    attempt = 0;
    pauses.reset();
    become({ kind: 'ready', since: Date.now(), rttMs: firstRttMs });
    void connection.gone.then((failure) =>
      // It was there a moment ago: no reason to wait long.
      drop(failure.kind === 'retry' ? { ...failure, code: 'HOST_LINK_LOST', reached: false } : failure),
    );
  };

  /** The session, or the one that is just being made. */
  const ready = (): Promise<HostSession> =>
    new Promise((resolve, reject) => {
      const look = () => {
        if (session) finish(() => session && resolve(session));
        else if (closed || state.kind !== 'connecting') finish(() => reject(notReady()));
      };
      const late = setTimeout(() => finish(() => reject(notReady())), times.patienceMs);
      const finish = (settle: () => void) => {
        clearTimeout(late);
        listeners.delete(look);
        settle();
      };
      listeners.add(look);
      look();
    });
  const notReady = () => {
    if (state.kind === 'lost' || state.kind === 'refused') return gone();
    const why =
      state.kind === 'asking'
        ? `The link to ${target.name} waits for an answer of yours.`
        : `The link to ${target.name} is not open.`;
    return new WorkshopError('HOST_LINK_LOST', why, {
      remedy: state.kind === 'asking' ? 'Answer its question first.' : 'Connect it first.',
    });
  };

  const drop = () => {
    clearTimeout(retry);
    dialling?.abort();
    dialling = undefined;
    questions.lapse();
    const before = session;
    session = undefined;
    before?.pulse.stop();
    before?.connection.end();
  };

  const anew = () => {
    drop();
    become({ kind: 'connecting', since: Date.now(), attempt: 1 });
    dial();
  };

  dial();
  return {
    target,
    host: {
      ...hostOver(`${target.name} (${target.host})`, ready, (used) =>
        used === session ? undefined : gone(),
      ),
      async renew() {
        anew();
        await ready();
      },
    },
    get state() {
      return state;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    run: async (argv, timeoutMs = 10_000) => (await ready()).run(argv, timeoutMs),
    forward: async (host, port) => (await ready()).forward(host, port),
    connect() {
      if (closed || dialling) return;
      if (session && state.kind !== 'degraded') return;
      if (session) return anew();
      memory.declined.clear();
      pauses.reset();
      if (state.kind !== 'lost') become({ kind: 'connecting', since: Date.now(), attempt: 1 });
      dial();
    },
    disconnect() {
      drop();
      become({ kind: 'idle' });
    },
    answer: questions.answer,
    async forgetHostKey(machine) {
      if (!stranger || state.kind !== 'refused' || state.stranger !== machine)
        throw new WorkshopError('CONFLICT', `The key of ${machine} is not what is wrong now.`, {
          remedy: 'Look at the link again.',
        });
      await forgetHostKeys(stranger.knownHostsFiles, stranger.knownAs);
      anew();
    },
    wake() {
      if (session) session.pulse.wake();
      else if (state.kind === 'lost') dial();
    },
    close() {
      if (closed) return;
      closed = true;
      drop();
      become({ kind: 'idle' });
      listeners.clear();
    },
  };
}
