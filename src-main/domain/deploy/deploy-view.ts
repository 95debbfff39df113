import type { ErrorInfo } from '../../../worker-agent/src/contract/errors.ts';
import type { RemedyOffer } from '../remedies/remedy.ts';
import type { DeployChoices } from './agent-settings.ts';

/** What the renderer shows of deploying to one machine. Plain data; times are local epoch ms. */

export type DeployAct = 'deploy' | 'rollback' | 'uninstall';

export type StepId =
  | 'system'
  | 'disk'
  | 'room'
  | 'models'
  | 'gpu'
  | 'ports'
  | 'docker'
  | 'toolkit'
  | 'tailscale'
  | 'node'
  | 'release'
  | 'delivery'
  | 'configuration'
  | 'check'
  | 'switch'
  | 'service'
  | 'start'
  | 'heartbeat'
  | 'stop'
  | 'withdraw'
  | 'remove';

/**
 * `blocked` needs a person first; `warned` stops nothing, but something will be missed; `done` is found in place;
 * `skipped` by the host's wish.
 */
export type PlanState = 'needed' | 'done' | 'skipped' | 'blocked' | 'warned';

export interface PlanStep {
  id: StepId;
  title: string;
  state: PlanState;
  /** Why it is needed, or what was found. */
  why: string;
  /** Exactly what will be run, a line each; empty where nothing of the machine itself changes. */
  commands: string[];
  /** The commands run as root. */
  asRoot: boolean;
  /** The host may leave it out. */
  skippable: boolean;
  problem: ErrorInfo | null;
}

export interface StepView extends Omit<PlanStep, 'state'> {
  state: PlanState | 'running' | 'failed' | 'finished';
  /** 0 to 1 while it is known. */
  progress: number | null;
}

/** One fact about the machine, for people. */
export interface FindingView {
  label: string;
  value: string;
  tone: 'ok' | 'warn' | 'fail' | 'off';
  /** What it means, or what to do about it; empty when the value says all. */
  note: string;
}

export interface InstalledView {
  release: string;
  version: string;
  /** The release before this one, if it can be gone back to. */
  previous: string | null;
  running: boolean;
  /** It runs, but something older than what is installed. */
  stale: boolean;
  service: 'system' | 'user' | 'daemon' | null;
}

/** Something on the machine, or on the VPS, that keeps workers from running well, with the remedy for it. */
export interface Obstacle extends RemedyOffer {
  sentence: string;
}

export interface DeployView {
  targetId: string;
  /** AGENT_HOST_ID of its agent: under this name it reports. */
  hostId: string;
  name: string;
  /** Where it is, in words: "root@100.64.0.7" or "this computer". */
  where: string;
  /**
   * `stopping`: it was stopped, and its end there is waited for; `interrupted`: this console ended in the middle of it and
   * has not looked since.
   */
  phase: 'unseen' | 'looking' | 'ready' | 'running' | 'stopping' | 'interrupted' | 'failed' | 'done';
  act: DeployAct;
  lookedAt: number | null;
  findings: FindingView[];
  steps: StepView[];
  /** The VPS's .env was written there, as far as this console saw; null: it has not looked. */
  imported: boolean | null;
  /** null: none, or before a look. */
  installed: InstalledView | null;
  /** The release that this console would deploy. */
  offers: string | null;
  choices: DeployChoices;
  /** What the console decided, from the choices and the machine; null before a look. */
  runtime: 'compose' | 'process' | 'external' | null;
  /** Where its ComfyUI will look for models; null where nobody said and it is not known. */
  modelsPath: string | null;
  /** Folders with models that were found on it, the fullest first. */
  modelFolders: string[];
  /** A password for sudo is needed to carry the plan out. */
  wantsPassword: boolean;
  /** 0 to 1 over all steps. */
  progress: number;
  /** The last lines that the commands printed. */
  output: { n: number; text: string }[];
  /** Where the step that runs waits for a login; one that may be opened. null while none waits. */
  loginUrl: string | null;
  /** What stands in the way there and can be mended from here. */
  obstacles: Obstacle[];
  error: ErrorInfo | null;
  /** What was done, in a sentence. */
  result: string | null;
  since: number | null;
  /** Title of the step that an interrupted run was at; null before the first, and for all others. */
  wasAt: string | null;
  /** What an earlier run left running there, in a sentence, while this one waits for its end. */
  waitsFor: string | null;
}
