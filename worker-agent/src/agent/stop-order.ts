import type { Logger } from 'pino';
import type { HostStatus } from '../contract/host.ts';
import type { Deliveries } from '../outputs/open-deliveries.ts';
import type { Fleet } from './fleet.ts';
import type { StatusPublisher } from './host-status.ts';
import { createShutdown } from './shutdown.ts';

const GOODBYE_LIMIT_MS = 5000;
/** How long a stop waits for files that are late, ms. */
const LAST_DELIVERY_MS = 20_000;
/** How long the runtime may take to let go of its servers, ms. */
const LEAVE_SERVERS_MS = 30_000;

export interface StopParts {
  fleet: Pick<Fleet, 'leave'>;
  deliveries: Pick<Deliveries, 'backlog' | 'drained' | 'close'>;
  /** Where late files wait, for the log. */
  outboxPath: string;
  /** Everything that acts by itself and is not needed for a goodbye. */
  timers: readonly { close(): void }[];
  flushSpool: () => Promise<unknown> | undefined;
  status: StatusPublisher;
  hostClaim: { release(): Promise<unknown> };
  /** Tells the next phase to whoever asks for it. */
  announce: (phase: HostStatus['phase']) => void;
  runtime: { close(): Promise<unknown> };
  gpu: { close(): unknown };
  link: { close(): unknown };
  log: Logger;
}

/** The agent's end, in the one order in which nothing that is done gets lost. @returns `stop`, idempotent. */
export function shutDownInOrder(parts: StopParts): () => Promise<void> {
  const { fleet, deliveries, status, log } = parts;
  return createShutdown(
    [
      {
        name: 'finish running jobs',
        run: async () => {
          parts.announce('stopping');
          status.soon();
          await fleet.leave();
        },
      },
      {
        // Machines are rented: what has not left this one may go with it.
        name: 'deliver what waits for the VPS',
        run: async () => {
          if (deliveries.backlog().files > 0) await deliveries.drained(AbortSignal.timeout(LAST_DELIVERY_MS));
          await deliveries.close();
          const { jobs, files } = deliveries.backlog();
          if (files > 0)
            log.error(
              { jobs, files, folder: parts.outboxPath },
              'outputs have not reached the VPS; they stay here and leave when the agent runs again. Do not give up this machine yet',
            );
        },
        limitMs: LAST_DELIVERY_MS + GOODBYE_LIMIT_MS,
      },
      {
        name: 'stop timers',
        run: () => {
          for (const timer of parts.timers) timer.close();
        },
      },
      { name: 'settle what is on disk', run: parts.flushSpool, limitMs: GOODBYE_LIMIT_MS },
      {
        name: 'say goodbye',
        run: async () => {
          parts.announce('stopped');
          await status.now();
          await parts.hostClaim.release();
          status.close();
        },
        limitMs: GOODBYE_LIMIT_MS,
      },
      { name: 'leave the servers', run: () => parts.runtime.close(), limitMs: LEAVE_SERVERS_MS },
      {
        name: 'close',
        run: () => Promise.all([parts.gpu.close(), parts.link.close()]),
        limitMs: GOODBYE_LIMIT_MS,
      },
    ],
    log,
  );
}
