import type { Redis } from 'ioredis';

/** Times of the pulse, ms. */
export interface PulseTimes {
  /** Between two pings while ready. Default 1000. */
  pingEveryMs: number;
  /** Silence after which it is called degraded. Default 2000. */
  degradedAfterMs: number;
  /** Silence after which it is given up and connected anew. Default 3000. */
  lostAfterMs: number;
  /** How long an answer may take after waking up. Default 1500. */
  wakeProbeMs: number;
}

interface Pulse {
  /** Asks at once; silence counts as dead after a short while already. */
  prove(): void;
  stop(): void;
}

/**
 * Pings one connection and tells how long ago it last answered. Sleep of the laptop counts as silence, so the wall
 * clock is used.
 */
export function keepPulse(
  client: Redis,
  times: PulseTimes,
  tell: { heard: (rttMs: number) => void; silent: (ms: number) => void; dead: (ms: number) => void },
): Pulse {
  let heardAt = Date.now();
  let probedAt: number | undefined;
  let stopped = false;
  let waiting = false;
  const ping = () => {
    if (waiting) return;
    waiting = true;
    const asked = performance.now();
    // What was asked before the probe may have been answered before there was something to prove.
    const proves = probedAt !== undefined;
    client.ping().then(
      () => {
        waiting = false;
        if (stopped) return;
        heardAt = Date.now();
        if (proves) probedAt = undefined;
        else if (probedAt !== undefined) ping();
        tell.heard(performance.now() - asked);
      },
      // A failed ping is silence; the close of the connection tells more.
      () => {
        waiting = false;
      },
    );
  };
  const pinging = setInterval(ping, times.pingEveryMs);
  const watching = setInterval(
    () => {
      const now = Date.now();
      const ms = now - heardAt;
      const unproved = probedAt !== undefined && now - probedAt > times.wakeProbeMs;
      if (unproved || ms > times.lostAfterMs) tell.dead(ms);
      else if (ms > times.degradedAfterMs) tell.silent(ms);
    },
    Math.min(250, times.degradedAfterMs / 4),
  );
  return {
    prove() {
      probedAt ??= Date.now();
      ping();
    },
    stop() {
      stopped = true;
      clearInterval(pinging);
      clearInterval(watching);
    },
  };
}
