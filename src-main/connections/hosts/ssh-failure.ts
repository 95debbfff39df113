import { z } from 'zod';
import type { ErrorCode } from '../../../worker-agent/src/contract/errors.ts';
import type { HostQuestion } from '../../domain/hosts/host-link.ts';
import { reasonOf } from './reason-of.ts';
import type { SshHop } from './ssh-config-files.ts';

type DistributiveOmit<T, K extends string> = T extends unknown ? Omit<T, K> : never;
export type OpenQuestion = DistributiveOmit<HostQuestion, 'id'>;

/** Why there is no link, and what goes on from there. */
export type SshFailure =
  /** It is worth another try by itself. `reached`: the machine was there, so it is not hurried. */
  | { kind: 'retry'; code: ErrorCode; why: string; remedy: string; reached: boolean }
  /** Only a person can mend it. `stranger`: the machine on the way whose confirmed key may be forgotten for a new one. */
  | {
      kind: 'refused';
      code: ErrorCode;
      why: string;
      remedy: string;
      stranger?: { hop: SshHop; label: string };
    }
  /** A person has to answer; `take` keeps the answer, then it is tried again. */
  | {
      kind: 'ask';
      question: OpenQuestion;
      take: (answer: readonly string[]) => Promise<void>;
      decline: () => void;
    };

/** Carries a failure out of the depth of an attempt. */
export class SshFailed extends Error {
  readonly failure: SshFailure;
  constructor(failure: SshFailure) {
    super(failure.kind === 'ask' ? failure.question.kind : failure.why);
    this.failure = failure;
  }
}

/** What a machine is called in a sentence: `the VPS (dev@1.2.3.4)`. */
export interface Named {
  label: string;
  /** `host:port`. */
  address: string;
}

const causeSchema = z.object({ code: z.string().optional(), level: z.string().optional() });

/** Puts an error of Node's network or of ssh2 into words; the only place that looks at their texts. */
export function explainSshFailure(cause: unknown, { label, address }: Named, reached: boolean): SshFailure {
  if (cause instanceof SshFailed) return cause.failure;
  const parsed = causeSchema.safeParse(cause);
  const code = parsed.success ? parsed.data.code : undefined;
  const text = reasonOf(cause);
  const retry = (name: ErrorCode, why: string, remedy: string): SshFailure => ({
    kind: 'retry',
    code: name,
    why,
    remedy,
    reached,
  });

  if (code === 'ECONNREFUSED' || /Connection refused/.test(text))
    return retry(
      'HOST_REFUSED',
      `${upper(label)} is there, but nothing answers SSH at ${address}.`,
      'Check the port. A machine that was just started may need a minute until its SSH server runs.',
    );
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return retry(
      'HOST_UNREACHABLE',
      `This computer does not find the name of ${label} (${address}).`,
      'Check the spelling, and whether this computer is online and Tailscale is connected.',
    );
  if (code && ['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL', 'EHOSTDOWN'].includes(code))
    return retry(
      'HOST_UNREACHABLE',
      `There is no way from this computer to ${label} (${address}).`,
      'Check that this computer is online, and that Tailscale is connected if the address starts with 100.',
    );
  if (code === 'ETIMEDOUT' || /Timed out|timeout/i.test(text))
    return retry('HOST_SILENT', `${upper(label)} does not answer at ${address}.`, SILENT_REMEDY);
  if (/no matching|unsupported/i.test(text) && reached)
    return {
      kind: 'refused',
      code: 'HOST_REFUSED',
      why: `${upper(label)} and this console know no common way to encrypt.`,
      remedy: 'Bring the SSH server of the machine up to date.',
    };
  if (reached)
    return retry(
      'HOST_LINK_LOST',
      `${upper(label)} ended the connection.`,
      'It is tried again by itself. If it stays so, look at the log of sshd on the machine.',
    );
  return retry(
    'HOST_UNREACHABLE',
    `${upper(label)} cannot be reached at ${address}: ${text}.`,
    SILENT_REMEDY,
  );
}

export const SILENT_REMEDY =
  'Check that the machine runs and the address is right, and that Tailscale is connected on both sides if you use it.';

export function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
