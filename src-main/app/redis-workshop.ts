import { isErrorCode, WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { createQueueConsole } from '../../worker-agent/src/queue/queue-console.ts';
import type { QueueConsole } from '../../worker-agent/src/queue/roles.ts';
import { attempt } from '../connections/redis/attempt.ts';
import { addressInWords, directConnection } from '../connections/redis/connect.ts';
import { createControlStore } from '../connections/redis/control-store.ts';
import { createJobLookup } from '../connections/redis/job-lookup.ts';
import { openRedisLink, type RedisLink } from '../connections/redis/link.ts';
import { createPrefixClaims } from '../connections/redis/prefix-claims.ts';
import { createSharedStores } from '../connections/redis/shared-store.ts';
import { readWorkshop } from '../connections/redis/snapshot-reader.ts';
import { type Forward, tunnelledConnection } from '../connections/redis/tunnel.ts';
import type { LinkState } from '../domain/workshop.ts';
import type { OpenWorkshop, WorkshopSettings } from '../services/settings.ts';

/** How long a first connection may take until it counts as failed, ms. */
const FIRST_ANSWER_MS = 8000;

/**
 * Opens the workshop behind a Redis address: directly, or through the VPS, which only changes how connections are made.
 * @param forward a stream from the VPS to an address as it sees it.
 */
export function openRedisWorkshop(settings: WorkshopSettings, forward: Forward = noWay): OpenWorkshop {
  const redisAddress = addressInWords(settings);
  const where = settings.through === 'vps' ? `${redisAddress} through the VPS` : redisAddress;
  const link = openRedisLink({
    connect: settings.through === 'vps' ? tunnelledConnection(settings, forward) : directConnection(settings),
    where,
  });
  const client = () => link.client();
  const act = <T>(on: (queue: QueueConsole) => Promise<T>) =>
    attempt(async () => on(createQueueConsole(client())));
  return {
    name: settings.name,
    redisAddress,
    source: { observe: (tell) => readWorkshop(link, tell) },
    control: createControlStore(client),
    shared: createSharedStores(client),
    prefixes: createPrefixClaims(client),
    queue: {
      cancelPending: (jobId) => act((queue) => queue.cancelPending(jobId)),
      cancelRunning: (jobId) => act((queue) => queue.cancelRunning(jobId)),
      prioritise: (jobId, priority) => act((queue) => queue.prioritise(jobId, priority)),
      requeue: (jobId) => act((queue) => queue.requeue(jobId)),
      reinstate: (jobId) => act((queue) => queue.reinstate(jobId)),
    },
    lookup: createJobLookup(client),
    answered: () => firstAnswer(link, where),
    reconnectNow: () => link.reconnectNow(),
    wake: () => link.wake(),
    close: () => link.close(),
  };
}

const noWay: Forward = async () => {
  throw new WorkshopError('HOST_LINK_LOST', 'No login to the VPS is set up.', {
    remedy: 'Enter it in Setup, or reach Redis directly.',
  });
};

/** Waits until the link is ready, or has failed once. */
function firstAnswer(link: RedisLink, where: string): Promise<void> {
  return new Promise((done, fail) => {
    const look = () => {
      const state = link.state();
      if (state.kind === 'ready') finish(done);
      else if (state.kind === 'lost') finish(() => fail(failure(state)));
    };
    const off = link.onState(look);
    const late = setTimeout(
      () =>
        finish(() =>
          fail(
            new WorkshopError(
              'REDIS_UNREACHABLE',
              `Redis at ${where} did not answer within ${FIRST_ANSWER_MS / 1000} s.`,
            ),
          ),
        ),
      FIRST_ANSWER_MS,
    );
    const finish = (settle: () => void) => {
      off();
      clearTimeout(late);
      settle();
    };
    look();
  });
}

function failure({ code, why, remedy }: Extract<LinkState, { kind: 'lost' }>): WorkshopError {
  return new WorkshopError(isErrorCode(code) ? code : 'REDIS_UNREACHABLE', why, { remedy });
}
