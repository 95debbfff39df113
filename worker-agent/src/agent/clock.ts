import type { Redis } from 'ioredis';

/** Redis time as the agent knows it; the only clock that crosses machines. */
export interface Clock {
  /** Redis time, epoch ms; this machine's own clock until the first measurement. */
  now(): number;
  /** Redis time, epoch microseconds. */
  nowMicros(): number;
  /** Redis clock minus this machine's clock, ms; null before the first measurement. */
  offsetMs(): number | null;
  /** Measures again. @throws what Redis throws. */
  sync(): Promise<void>;
}

const SAMPLES = 3;

/**
 * Measures Redis TIME and carries it on by the monotonic clock, so that a step of this machine's wall clock (NTP,
 * suspend) moves nothing.
 */
export function createClock(redis: Pick<Redis, 'time'>): Clock {
  let anchor = { redisMs: Date.now(), at: performance.now() };
  let measured = false;
  const now = () => anchor.redisMs + (performance.now() - anchor.at);
  return {
    now: () => Math.round(now()),
    nowMicros: () => Math.round(now() * 1000),
    offsetMs: () => (measured ? Math.round(now() - Date.now()) : null),
    async sync() {
      let best = Number.POSITIVE_INFINITY;
      for (let sample = 0; sample < SAMPLES; sample++) {
        const before = performance.now();
        const [seconds, micros] = await redis.time();
        const after = performance.now();
        if (after - before >= best) continue;
        best = after - before;
        anchor = { redisMs: Number(seconds) * 1000 + Number(micros) / 1000, at: (before + after) / 2 };
        measured = true;
      }
    },
  };
}
