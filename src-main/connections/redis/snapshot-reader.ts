import type { QueueMode } from '../../../worker-agent/src/contract/desired.ts';
import { toWorkshopError, type WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { channels, jobIdOfKey, keys } from '../../../worker-agent/src/contract/keys.ts';
import { openChangeFeed } from '../../../worker-agent/src/queue/change-feed.ts';
import type { Observation } from '../../domain/observation.ts';
import type { LinkState } from '../../domain/workshop.ts';
import { createDirt, type Dirt, type Marks } from './dirt.ts';
import { readControl, readEvents, readHostIds, readHosts, readLiveFrame } from './host-reader.ts';
import { createJobReader } from './job-reader.ts';
import type { RedisLink, RedisSession } from './link.ts';
import { readShared } from './shared-store.ts';

export interface SnapshotReaderTimes {
  /** Changes within this time are read together, ms. Default 10. */
  gatherMs: number;
  /** Least pause between two readings, ms; longer when the list is long. Default 50. */
  paceMs: number;
  /** The queue is asked for its digest this often, whatever the change feed says, ms. Default 2000. */
  pollMs: number;
  /** Pause after a reading that failed, ms; doubled with each further failure, up to 16 times. Default 1000. */
  retryMs: number;
}

const DEFAULT_TIMES: SnapshotReaderTimes = { gatherMs: 10, paceMs: 50, pollMs: 2000, retryMs: 1000 };
/** A view of many ids weighs 65 bytes each: this many are read at most, a second. */
const IDS_A_SECOND = 4000;

/**
 * Reads one workshop out of Redis: everything once for each session of the link, then only what the change feed
 * names, with a digest poll behind it (decisions 6 and 7 of the architecture). What it finds out goes to `tell`.
 * @returns a function that ends it.
 */
export function readWorkshop(
  link: RedisLink,
  tell: (observation: Observation) => void,
  options: Partial<SnapshotReaderTimes> = {},
): () => void {
  const times = { ...DEFAULT_TIMES, ...options };
  const jobs = createJobReader(tell);
  const ending = new AbortController();
  let hostIds: string[] = [];
  let lastEvent: string | undefined;
  let trouble: WorkshopError | undefined;
  /** The order of the queue as last read: what round_robin counts is read only while it holds. */
  let chosenMode: QueueMode | null = null;
  const ownModes = new Map<string, QueueMode>();
  const takesTurns = () =>
    chosenMode === null ? [...ownModes.values()].includes('round_robin') : chosenMode === 'round_robin';

  const tellLink = (state: LinkState) => {
    if (!trouble || (state.kind !== 'ready' && state.kind !== 'degraded'))
      return tell({ kind: 'link', link: state });
    const why = `The workshop cannot be read: ${trouble.message}`;
    tell({ kind: 'link', link: { kind: 'degraded', since: state.since, why, rttMs: state.rttMs } });
  };
  const setTrouble = (error: WorkshopError | undefined) => {
    if (trouble === undefined && error === undefined) return;
    trouble = error;
    tellLink(link.state());
  };

  const read = async ({ client }: RedisSession, marks: Marks) => {
    await jobs.read(client, marks.jobs, marks.resync, takesTurns());
    let hosts: readonly string[];
    if (marks.hosts === 'all') {
      hostIds = await readHostIds(client);
      tell({ kind: 'all-hosts', hostIds });
      hosts = hostIds;
    } else hosts = [...marks.hosts];
    for (const fact of await readHosts(client, hosts, jobs.localTime)) {
      if (fact.kind === 'host-status') ownModes.set(fact.hostId, fact.status.queueMode);
      tell(fact);
    }
    if (marks.control) {
      const fact = await readControl(client);
      if (fact.kind === 'control') chosenMode = fact.control?.mode ?? null;
      tell(fact);
    }
    if (marks.room) tell(await readShared(client, 'room'));
    if (marks.plan) tell(await readShared(client, 'plan'));
    if (marks.events) {
      const news = await readEvents(client, lastEvent);
      lastEvent = news.last;
      for (const event of news.events) tell({ kind: 'event', event });
    }
  };

  const serve = (session: RedisSession) => {
    const over = AbortSignal.any([session.signal, ending.signal]);
    const dirt = createDirt();
    let timer: NodeJS.Timeout | undefined;
    let reading = false;
    let nextAt = 0;
    let failures = 0;

    const schedule = (inMs: number) => {
      if (over.aborted || reading || dirt.clean) return;
      timer ??= setTimeout(flush, Math.max(inMs, nextAt - performance.now()));
    };
    const flush = () => {
      timer = undefined;
      reading = true;
      read(session, dirt.take()).then(
        () => {
          reading = false;
          nextAt = performance.now() + Math.max(times.paceMs, (jobs.listed / IDS_A_SECOND) * 1000);
          failures = 0;
          setTrouble(undefined);
          schedule(0);
        },
        (cause: unknown) => {
          reading = false;
          if (over.aborted) return;
          setTrouble(toWorkshopError(cause, 'REDIS_PROTOCOL'));
          dirt.all();
          nextAt = performance.now() + times.retryMs * 2 ** Math.min(failures, 4);
          failures += 1;
          schedule(0);
        },
      );
    };

    const feed = openChangeFeed({
      connect: (_role, required) =>
        session.connect({
          ...required,
          connectionName: 'workshop-console-feed',
          enableReadyCheck: false,
          retryStrategy: (attempt) => Math.min(200 * 2 ** attempt, 3000),
        }),
      channels: [channels.live],
      onChange(changed) {
        for (const key of changed) mark(dirt, key, hostIds);
        schedule(times.gatherMs);
      },
      onResync() {
        dirt.all();
        schedule(0);
      },
      onMessage(_channel, message) {
        const frame = readLiveFrame(message.toString(), Date.now());
        if (frame) tell(frame);
      },
    });
    const polling = setInterval(() => {
      // Without the feed only looking tells what changed.
      if (feed.state().kind === 'live') dirt.queue();
      else dirt.all();
      schedule(0);
    }, times.pollMs);
    over.addEventListener('abort', () => {
      clearInterval(polling);
      clearTimeout(timer);
      feed.close();
    });

    jobs.forgetDigest();
    dirt.all();
    schedule(0);
  };

  tellLink(link.state());
  const offState = link.onState(tellLink);
  const offSession = link.onSession(serve);
  return () => {
    offState();
    offSession();
    ending.abort();
  };
}

const QUEUE_KEYS: ReadonlySet<string> = new Set([
  keys.pending,
  keys.running,
  keys.completed,
  keys.failed,
  keys.cancelled,
  keys.deadLetter,
]);

/** Marks what a changed key asks to be read. */
function mark(dirt: Dirt, key: string, hostIds: readonly string[]): void {
  const jobId = jobIdOfKey(key);
  const hostId = hostIds.find((id) => key === keys.hostStatus(id) || key === keys.hostDesired(id));
  if (jobId !== undefined) dirt.job(jobId);
  else if (QUEUE_KEYS.has(key)) dirt.queue();
  else if (key === keys.hosts) dirt.allHosts();
  else if (key === keys.control) dirt.control();
  else if (key === keys.events) dirt.events();
  else if (key === keys.room) dirt.shared('room');
  else if (key === keys.plan) dirt.shared('plan');
  else if (hostId !== undefined) dirt.host(hostId);
}
