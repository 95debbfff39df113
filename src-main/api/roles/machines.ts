import type { DeployChoices } from '../../domain/deploy/agent-settings.ts';
import type { DeployAct, DeployView, StepId } from '../../domain/deploy/deploy-view.ts';
import type { LogMachine, LogMessage, LogSource } from '../../domain/logs/log-line.ts';
import type { RemedyId, RemedyPlan, RemedyResult } from '../../domain/remedies/remedy.ts';

/** Puts the agent on GPU hosts. What happens is followed through `changes`, also by a console that opens later. */
export interface DeployService {
  /** Every machine's picture: at once, then whenever one changes, at most ten times a second. */
  changes(signal: AbortSignal): AsyncIterable<DeployView[]>;
  /** Looks a machine over and plans; changes nothing there. */
  look(input: { targetId: string; skip: StepId[] }): Promise<void>;
  /** Begins and returns. `sudoPassword` is used for this run and not kept. */
  start(input: {
    targetId: string;
    act: DeployAct;
    skip: StepId[];
    sudoPassword: string | null;
  }): Promise<void>;
  /** How ComfyUI is to run there; kept, and used by the next look. @throws WorkshopError CONFIG. */
  choose(input: { targetId: string; choices: DeployChoices }): Promise<void>;
  /** Ends what runs for a machine; it can be resumed. */
  stop(input: { targetId: string }): Promise<void>;
}

/**
 * The links to the workshop's machines. Answers go in and stay in main; states travel with the live workshop.
 * All methods @throw WorkshopError.
 */
export interface MachinesService {
  /** Connects now: ends waiting, a refusal, or having been disconnected. */
  connect(input: { id: string }): Promise<void>;
  disconnect(input: { id: string }): Promise<void>;
  /** Takes its old key out of known_hosts and asks about the new one. */
  /** @param input.machine the one on the way whose key is forgotten, as the link names it. */
  forgetHostKey(input: { id: string; machine: string }): Promise<void>;
  /** @param input.answer null: the person does not want to. `keep`: in the keychain, once it has let us in. */
  answer(input: { id: string; questionId: string; answer: string[] | null; keep: boolean }): Promise<void>;
  /** Whether answers can be kept on this computer. */
  keeping(): Promise<{ keychain: boolean }>;
}

/** The logs of agents and workers, on the machines where they run. All methods @throw WorkshopError. */
export interface LogsService {
  machines(): Promise<LogMachine[]>;
  /** Looks on the machine which logs there are. */
  sources(input: { machineId: string }): Promise<LogSource[]>;
  /** The last lines, then new ones as they come. Secrets are taken out; a reader who is slow gets fewer lines. */
  follow(
    input: { machineId: string; sourceId: string },
    signal: AbortSignal,
    backlogBytes?: () => number,
  ): AsyncIterable<LogMessage>;
}

/** The network of the computer that the console runs on. */
export interface NetworkService {
  /** It is back, or another one: every link is proved, and one that is lost is dialled at once. */
  changed(): Promise<void>;
}

/** `draftId`: the import that it is about; `subject`: as in `RemedyOffer`; null for none. */
export interface RemedyInput {
  machineId: string;
  remedy: RemedyId;
  draftId: string | null;
  subject: string | null;
}

/** What can be mended on a machine over its link. All methods @throw WorkshopError. */
export interface RemediesService {
  /** Looks at the machine and says what would be done; changes nothing. */
  plan(input: RemedyInput): Promise<RemedyPlan>;
  /** @param input.commands what the person saw; anything else to be done by now gives CONFLICT. The password is not kept. */
  carryOut(input: RemedyInput & { commands: string[]; sudoPassword: string | null }): Promise<RemedyResult>;
}
