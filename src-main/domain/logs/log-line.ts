/** How serious a line is; `note` is a word of this console about the log itself. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'note';

/** One line of a log as it may leave main: plain text, without secrets, of bounded length. */
export interface LogLine {
  /** Counts the lines of one tail; a jump means that the lines between are not shown. */
  seq: number;
  /** Epoch ms: by the clock of the machine where the line says so, else of this laptop when it came; null: old. */
  at: number | null;
  /** `at` is when it came to this laptop. */
  came: boolean;
  level: LogLevel;
  text: string;
  /** Characters that were cut off its end. */
  cut: number;
  /** Secrets in it that were hidden. */
  hidden: number;
}

/** The state of one tail. Times are local epoch ms. */
export type TailState =
  | { kind: 'opening'; since: number }
  | { kind: 'live'; since: number }
  /** What is shown is as old as `since`; it is tried again at `retryAt`. */
  | {
      kind: 'lost';
      since: number;
      why: string;
      remedy: string;
      retryAt: number;
      /** The user who logs in may not read the journal; a remedy lets them. */
      forbidden?: true;
    };

export interface LogMessage {
  /** Differs for every tail, so that a reader who comes back knows whether it is the same. */
  tail: string;
  state: TailState;
  lines: LogLine[];
}

/** Something on a machine that writes a log. */
export interface LogSource {
  /** e.g. "agent", "worker-1". */
  id: string;
  kind: 'agent' | 'worker';
  /** For people: where the lines come from. */
  where: string;
}

/** A machine with logs, as the host calls it. */
export interface LogMachine {
  id: string;
  name: string;
}
