import type { AnyAuthMethod, AuthHandlerMiddleware, Prompt } from 'ssh2';
import type { HostAnswer } from '../../domain/hosts/host-link.ts';
import type { SshHop } from './ssh-config-files.ts';
import { type Named, type OpenQuestion, type SshFailure, upper } from './ssh-failure.ts';
import { askPassphrase, type KeyFile, type SshMemory } from './ssh-keys.ts';

export interface AuthNeeds {
  hop: SshHop;
  named: Named;
  keys: readonly KeyFile[];
  memory: SshMemory;
  parse: Parameters<typeof askPassphrase>[3];
  /** Asks while the connection waits: for what the machine itself wants to know. */
  ask: (question: OpenQuestion) => Promise<HostAnswer>;
}

/** The ways in, one after the other, and what is missing when none of them worked. */
export interface Auth {
  handler: AuthHandlerMiddleware;
  /** After all were tried. */
  failure(): SshFailure;
}

/** Methods as in RFC 4252: keys and agent, then a password, then what the machine asks for (RFC 4256). */
export function createAuth({ hop, named, keys, memory, parse, ask }: AuthNeeds): Auth {
  const { user: username } = hop;
  const account = `${username}@${hop.host}:${hop.port}`;
  let offered: readonly string[] = [];
  /** The password that was tried and not accepted. */
  let wrong = false;
  let wantsPassword = false;

  const fromFiles = keys.flatMap((key): AnyAuthMethod[] =>
    key.kind === 'ready' ? [{ type: 'publickey', username, key: key.key }] : [],
  );
  const fromAgent: AnyAuthMethod[] = hop.agent ? [{ type: 'agent', username, agent: hop.agent }] : [];
  const waiting: AnyAuthMethod[] = hop.keysNamed
    ? [...fromFiles, ...fromAgent]
    : [...fromAgent, ...fromFiles];
  const password = memory.passwords.get(account);
  if (password !== undefined) waiting.push({ type: 'password', username, password });
  waiting.push({
    type: 'keyboard-interactive',
    username,
    prompt(_name, instruction, _lang, prompts, finish) {
      answer(instruction, prompts).then(finish, () => finish([]));
    },
  });
  if (waiting.length === 1) waiting.unshift({ type: 'none', username });

  const answer = async (instruction: string, prompts: Prompt[]): Promise<string[]> => {
    if (prompts.length === 0) return [];
    const [only] = prompts;
    if (prompts.length === 1 && only && !only.echo && /password/i.test(only.prompt)) {
      wantsPassword = true;
      if (password !== undefined && !wrong) {
        wrong = true;
        return [password];
      }
      return [];
    }
    const answers = await ask({
      kind: 'prompts',
      machine: account,
      instruction: instruction.slice(0, 500),
      prompts: prompts.map(({ prompt, echo }) => ({ text: prompt.slice(0, 200), echo: echo ?? false })),
    });
    return answers ? [...answers] : [];
  };

  return {
    handler(left, _partial, next) {
      // null before the first answer of the machine, whatever the types say.
      offered = (left as string[] | null) ?? offered;
      for (let method = waiting.shift(); method; method = waiting.shift()) {
        const asked = method.type === 'agent' ? 'publickey' : method.type;
        if (offered.length > 0 && !offered.includes(asked)) continue;
        if (method.type === 'password') wrong = true;
        return next(method);
      }
      // The types do not know that this means "no more".
      next(false as never);
    },

    failure() {
      const locked = keys.find((key) => key.kind === 'locked' && !memory.declined.has(key.file));
      if (locked?.kind === 'locked' && offered.includes('publickey'))
        return askPassphrase(locked, account, memory, parse).failure;
      const takesPassword = offered.includes('password') || wantsPassword;
      if (takesPassword && !memory.declined.has(account)) {
        if (wrong) memory.passwords.delete(account);
        return {
          kind: 'ask',
          question: { kind: 'password', machine: account, again: wrong },
          take: async ([text = '']) => void memory.passwords.set(account, text),
          decline: () => memory.declined.add(account),
        };
      }
      return refusal(named, keys, memory, takesPassword);
    },
  };
}

function refusal(
  { label }: Named,
  keys: readonly KeyFile[],
  memory: SshMemory,
  takesPassword: boolean,
): SshFailure {
  const locked = keys.find((key) => key.kind === 'locked' && memory.declined.has(key.file));
  if (locked)
    return {
      kind: 'refused',
      code: 'HOST_PASSPHRASE',
      why: `The key ${locked.file} is locked, and no passphrase was given for it.`,
      remedy: 'Connect again and type the passphrase, or unlock the key with ssh-add.',
    };
  const broken = keys.flatMap((key) => (key.kind === 'unusable' ? `${key.file} (${key.why})` : []));
  const tried = keys.flatMap((key) => (key.kind === 'ready' ? key.file : []));
  const detail =
    broken.length > 0
      ? ` Not usable: ${broken.join(', ')}.`
      : tried.length > 0
        ? ` Tried: ${tried.join(', ')}.`
        : '';
  return {
    kind: 'refused',
    code: 'HOST_AUTH',
    why: takesPassword
      ? `${upper(label)} lets nobody in without a password, and none was given.`
      : `${upper(label)} accepts none of this computer's keys.${detail}`,
    remedy: takesPassword
      ? 'Connect again and type the password.'
      : "Check the user name, choose the key file that belongs to the machine, or add this computer's public key to ~/.ssh/authorized_keys there.",
  };
}
