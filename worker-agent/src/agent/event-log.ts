import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { type AgentEvent, EVENTS_KEPT, type EventKind } from '../contract/event.ts';
import { keys, STREAM_FIELD } from '../contract/keys.ts';
import { PROTOCOL_VERSION } from '../contract/protocol.ts';
import type { Clock } from './clock.ts';
import { cleanJson, type Scrub } from './secrets.ts';

export interface EventDetails {
  jobId?: string;
  userId?: string;
  workerId?: string;
}

/** Tells people what happened; never waits and never fails its caller. */
export type Emit = (kind: EventKind, message: string, details?: EventDetails) => void;

/** Entries kept while Redis is away; older ones give way to newer. */
const BACKLOG = 200;

export interface EventLog {
  emit: Emit;
  /** Writes what waited for Redis. */
  flush(): void;
}

/** Writes events to the bounded stream `agent:events`, each also to the log. */
export function createEventLog(
  redis: Redis,
  hostId: string,
  clock: Clock,
  log: Logger,
  scrub: Scrub,
): EventLog {
  let backlog: AgentEvent[] = [];
  const write = (event: AgentEvent) => {
    redis
      .xadd(keys.events, 'MAXLEN', '~', EVENTS_KEPT, '*', STREAM_FIELD, cleanJson(event, scrub))
      .catch(() => {
        backlog = [...backlog, event].slice(-BACKLOG);
      });
  };
  return {
    emit(kind, message, details = {}) {
      const { jobId = null, userId = null, workerId = null } = details;
      log.info({ event: kind, ...details }, message);
      write({
        protocol: PROTOCOL_VERSION,
        at: clock.now(),
        kind,
        by: hostId,
        jobId,
        userId,
        workerId,
        message: message.slice(0, 2000),
      });
    },
    flush() {
      const waiting = backlog;
      backlog = [];
      for (const event of waiting) write(event);
    },
  };
}
