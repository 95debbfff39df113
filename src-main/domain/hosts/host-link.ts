/** A machine as the person names it. */
export interface HostTarget {
  /** Who it is for the console. */
  id: string;
  /** For sentences: "the VPS", "the GPU host". */
  name: string;
  /** An address, a name, or a Host alias of ~/.ssh/config. */
  host: string;
  /** null or absent: what ~/.ssh/config says, else the name of this laptop's user. */
  user?: string | null;
  /** null or absent: what ~/.ssh/config says, else 22. */
  port?: number | null;
  /** A private key to use before all others. */
  keyFile?: string | null;
}

/** What only a person can answer. `id` tells two questions apart. `machine`: user@address. */
export type HostQuestion =
  | { id: string; kind: 'host-key'; machine: string; keyType: string; fingerprint: string }
  /** `again`: the one before was wrong. */
  | { id: string; kind: 'password'; machine: string; again: boolean }
  | { id: string; kind: 'passphrase'; machine: string; keyFile: string; again: boolean }
  /** What the machine itself asks while it lets us in, e.g. for a one-time code. */
  | {
      id: string;
      kind: 'prompts';
      machine: string;
      instruction: string;
      prompts: { text: string; echo: boolean }[];
    };

/**
 * One text for a password or a passphrase, one for each prompt, none to confirm a host key; null: the person does not
 * want to.
 */
export type HostAnswer = readonly string[] | null;

/** A link to a machine as a small state machine. Times are local epoch ms. */
export type HostLinkState =
  | { kind: 'idle' }
  | { kind: 'connecting'; since: number; attempt: number }
  | { kind: 'asking'; since: number; question: HostQuestion }
  /** `rttMs`: last measured round trip. */
  | { kind: 'ready'; since: number; rttMs: number }
  /** Connected, but slow or silent: `why` is a sentence. */
  | { kind: 'degraded'; since: number; why: string; rttMs: number }
  /** It is tried again by itself at `retryAt`. */
  | { kind: 'lost'; since: number; code: string; why: string; remedy: string; retryAt: number }
  /**
   * Nothing is tried until a person has done what `remedy` says. `stranger`: the machine on the way, in words, that
   * shows another key than this person once confirmed; absent where forgetting that key here would not help.
   */
  | { kind: 'refused'; since: number; code: string; why: string; remedy: string; stranger?: string };
