/**
 * What the console can mend on a machine that it is logged in to, after a person has seen the exact commands and who
 * is hit. Plain data.
 */
export const REMEDIES = [
  'start-docker',
  'stop-platform-worker',
  'install-tailscale',
  'start-tailscale',
  'join-tailnet',
  'renew-tailnet-key',
  'read-journal',
  'sync-clock',
  'open-redis',
  'set-env-key',
  'open-folder',
  'install-ssh-client',
  'complete-import',
] as const;

export type RemedyId = (typeof REMEDIES)[number];

/** A remedy with a button of its own, ready to be offered. */
export interface RemedyOffer {
  machineId: string;
  remedy: RemedyId;
  /** What it is about there: a key of an import, or the GPU host whose way for files it opens; null for neither. */
  subject: string | null;
  /** Words on the button. */
  label: string;
}

/** What will be done, as it stands on the machine now. */
export interface RemedyPlan {
  remedy: RemedyId;
  /** e.g. "Start Docker on the H100". */
  title: string;
  /** Who or what is hit, a sentence each. */
  hits: string[];
  /** Exactly what will be run, a line each; empty when nothing is to be done. */
  commands: string[];
  asRoot: boolean;
  /** sudo there asks for a password. */
  wantsPassword: boolean;
  /** Whoever logs in there may become root, where that is needed; false: somebody else has to do it. */
  able: boolean;
}

/** What came of it. `login`: it goes on there as soon as a person has logged in at `url`, which may be opened. */
export type RemedyResult =
  | { kind: 'done'; sentence: string }
  | { kind: 'login'; url: string; sentence: string };
