/** How patient the client of one ComfyUI server is. Times in milliseconds. */
export interface ComfyOptions {
  /** Interval of the look into history behind the WebSocket while no event arrives. Default 3000. */
  pollMs?: number;
  /** Limit of one small HTTP call. A stall alone is no failure (contract 5.10). Default 10 000. */
  httpTimeoutMs?: number;
  /** Limit of POST /prompt; validation of a large prompt takes its time. Default 60 000. */
  submitTimeoutMs?: number;
  /** How long a starting prompt waits for the WebSocket before it is submitted without one. Default 1000. */
  socketWaitMs?: number;
  /** How long connections may be refused in the middle of a prompt before it counts as vanished. Default 10 000. */
  goneAfterMs?: number;
  /**
   * Silence (no event, no answer that shows a change) after which a running prompt counts as stuck.
   * Model loads are silent for minutes, so keep it above 10 minutes (contract 5.10). Default 20 minutes.
   */
  stuckAfterMs?: number;
  /** Asked when a prompt seems stuck: true means the GPU computes, so the silence is believed. */
  gpuBusy?: () => boolean | null;
  /** Interval of WebSocket pings; the server never pings (contract 5.8). Default 20 000. */
  pingMs?: number;
  /** How long a cancelled prompt may live on before interrupt is sent again. Default 1000. */
  cancelRepeatMs?: number;
  /** Gap before a second socket takes over a lost socket's client id; too early makes it deaf. Default 1500. */
  rejoinMs?: number;
  /** Told one sentence when something unusual was noticed and handled (a deaf socket, a lost answer). */
  onNotice?: (sentence: string) => void;
}

export type Patience = Required<ComfyOptions>;

/** The options with defaults in place of what was left out. */
export function withDefaults(options: ComfyOptions): Patience {
  return {
    pollMs: options.pollMs ?? 3000,
    httpTimeoutMs: options.httpTimeoutMs ?? 10_000,
    submitTimeoutMs: options.submitTimeoutMs ?? 60_000,
    socketWaitMs: options.socketWaitMs ?? 1000,
    goneAfterMs: options.goneAfterMs ?? 10_000,
    stuckAfterMs: options.stuckAfterMs ?? 20 * 60_000,
    gpuBusy: options.gpuBusy ?? (() => null),
    pingMs: options.pingMs ?? 20_000,
    cancelRepeatMs: options.cancelRepeatMs ?? 1000,
    rejoinMs: options.rejoinMs ?? 1500,
    onNotice: options.onNotice ?? (() => {}),
  };
}
