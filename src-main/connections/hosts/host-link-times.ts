import type { PulseTimes } from './host-pulse.ts';
import type { RetryTimes } from './retry-pauses.ts';
import type { ConnectTimes } from './ssh-connect.ts';

/** Times of the link, ms. Defaults suit a laptop on hotel Wi-Fi; tests may hurry. */
export interface HostLinkTimes extends ConnectTimes, PulseTimes, RetryTimes {
  /** How long a call waits for a link that is just being made. */
  patienceMs: number;
}

export const DEFAULT_TIMES: HostLinkTimes = {
  dialMs: 6000,
  handshakeMs: 12_000,
  pingEveryMs: 2000,
  degradedAfterMs: 5000,
  lostAfterMs: 10_000,
  slowMs: 1000,
  wakeProbeMs: 1500,
  retryFastMs: 250,
  fastForMs: 60_000,
  retryFirstMs: 1000,
  retryMaxMs: 15_000,
  patienceMs: 10_000,
};
