import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { toWorkshopError } from '../contract/errors.ts';
import type { HostStatus } from '../contract/host.ts';
import { keys } from '../contract/keys.ts';
import { cleanJson, type Scrub } from './secrets.ts';

/** The next word is sent this often when nothing changes, ms. */
const EVERY_MS = 15_000;
/** What the console is told to wait for, ms: the interval and some slack. */
export const NEXT_WITHIN_MS = 20_000;
/** Changes closer together than this are told as one, ms. */
const GAP_MS = 100;

export interface StatusPublisher {
  /** Something changed: tell it soon, with whatever else changes meanwhile. */
  soon(): void;
  /** Tells it now. @returns whether Redis took it. */
  now(): Promise<boolean>;
  close(): void;
}

/** Keeps `agent:host:{id}:status` true: at every change, coalesced, and every 15 s. */
export function publishHostStatus(
  redis: Pick<Redis, 'multi'>,
  hostId: string,
  what: { build: () => HostStatus; mayTell: () => boolean; scrub: Scrub },
  log: Logger,
): StatusPublisher {
  let timer: NodeJS.Timeout | undefined;
  let lastAt = 0;
  let closed = false;

  const now = async () => {
    clearTimeout(timer);
    timer = undefined;
    lastAt = performance.now();
    if (!what.mayTell()) return false;
    try {
      await redis
        .multi()
        .set(keys.hostStatus(hostId), cleanJson(what.build(), what.scrub))
        .sadd(keys.hosts, hostId)
        .exec();
      return true;
    } catch (cause) {
      log.debug({ reason: toWorkshopError(cause).message }, 'status could not be told');
      return false;
    }
  };
  const regular = setInterval(() => void now(), EVERY_MS);
  return {
    soon() {
      if (timer || closed) return;
      timer = setTimeout(() => void now(), Math.max(0, lastAt + GAP_MS - performance.now()));
    },
    now,
    close() {
      closed = true;
      clearInterval(regular);
      clearTimeout(timer);
    },
  };
}
