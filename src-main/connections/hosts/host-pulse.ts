export interface PulseTimes {
  /** Between two proofs of life while ready, ms. Default 2000. */
  pingEveryMs: number;
  /** Silence after which the link is called degraded. Default 5000. */
  degradedAfterMs: number;
  /** Silence after which it is given up and made anew. Default 10 000. */
  lostAfterMs: number;
  /** Round trip from which a link counts as slow. Default 1000. */
  slowMs: number;
  /** How long an answer may take after waking up. Default 1500. */
  wakeProbeMs: number;
}

export interface Pulse {
  /** Asks at once; silence counts as lost after a short while already. */
  wake(): void;
  stop(): void;
}

/**
 * Proves again and again that the other end lives. Any byte from it counts as a sign of life. Sleep of the laptop
 * counts as silence, so the wall clock is used.
 */
export function keepPulse(
  needs: {
    ping: () => Promise<unknown>;
    /** When a byte last came, `performance.now()`. */
    heardAt: () => number;
    heard: (rttMs: number) => void;
    silent: (ms: number) => void;
    dead: (ms: number) => void;
  },
  times: PulseTimes,
): Pulse {
  const startedAt = Date.now();
  let waiting: { since: number; limit: number } | undefined;
  const ping = (limit: number) => {
    if (waiting) {
      waiting.limit = Math.min(waiting.limit, Date.now() - waiting.since + limit);
      return;
    }
    const mine = { since: Date.now(), limit };
    waiting = mine;
    const asked = performance.now();
    needs.ping().then(
      () => {
        if (waiting === mine) waiting = undefined;
        if (!stopped) needs.heard(performance.now() - asked);
      },
      // A failed ping is silence; the close of the connection tells more.
      () => {
        if (waiting === mine) waiting = undefined;
      },
    );
  };
  let stopped = false;
  const look = () => {
    if (!waiting || stopped) return;
    const sinceByte = performance.now() - needs.heardAt();
    const silence = Math.min(Date.now() - waiting.since, Math.max(sinceByte, 0), Date.now() - startedAt);
    // After sleep the monotonic clock may have stood still; the wall clock has not.
    const asleep = Date.now() - waiting.since - sinceByte > times.lostAfterMs;
    if (asleep || silence > waiting.limit) needs.dead(Math.max(silence, Date.now() - waiting.since));
    else if (silence > times.degradedAfterMs) needs.silent(silence);
  };
  const pinging = setInterval(() => ping(times.lostAfterMs), times.pingEveryMs);
  ping(times.lostAfterMs);
  // Bytes that came while this process was busy are read before they are missed: timers run ahead of input.
  const watching = setInterval(
    () => setImmediate(look),
    Math.min(250, times.wakeProbeMs / 4, times.degradedAfterMs / 4),
  );
  return {
    wake: () => ping(times.wakeProbeMs),
    stop() {
      stopped = true;
      clearInterval(pinging);
      clearInterval(watching);
    },
  };
}
