import { toWorkshopError, WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { finishingSince, gpuSpans } from '../../worker-agent/src/contract/gpu-spans.ts';
import type { HistoryService, HistoryState } from '../api/roles/history.ts';
import type { WatchService } from '../api/roles.ts';
import { knowsQueue } from '../domain/alerts/facts.ts';
import { endedListedSince } from '../domain/ended-lists.ts';
import { boundsOf, dayOf, type LocalDay } from '../domain/history/local-day.ts';
import { lossFault, noLoss, withLoss } from '../domain/history/loss.ts';
import { recapOf } from '../domain/history/recap.ts';
import { GAP_MS, type OpenRun } from '../domain/history/recap-cost.ts';
import { recapCsv } from '../domain/history/recap-csv.ts';
import { type HistoryRecord, jobRecord, sampleRecord } from '../domain/history/record.ts';
import { hostOfWorker } from '../domain/hosts/host-of-worker.ts';
import type { Lesson } from '../domain/wait/lesson.ts';
import type { JobSummary, Sample, WorkshopChange, WorkshopSnapshot } from '../domain/workshop.ts';
import type { HistoryLog } from './roles.ts';

/** One sample in so many ms is kept: finer than a point of the half-hour chart. */
const SAMPLE_EVERY_MS = 5000;
/** Shortest time between two writes, ms; each waits for the disk. */
const WRITE_EVERY_MS = 1000;
/** After a write that failed, ms. */
const AGAIN_AFTER_MS = 10_000;
/** Lines that wait for a disk that takes none; beyond that the oldest samples go first. */
const WAITING_MAX = 20_000;
/** The charts reach back so far, ms. */
const CHARTS_MS = 12 * 3_600_000;
/** A console that begins to watch says of at most so long before what it read of it, ms. */
const REACH_MS = 7 * 24 * 3_600_000;

const NOTHING_YET: HistoryState = { savedUntil: null, keeps: 'all', fault: null };

export interface HistoryNeeds {
  watch: WatchService & {
    restore(redisAddress: string, samples: readonly Sample[]): void;
    lessons(redisAddress: string): Lesson[];
    recall(redisAddress: string, lessons: readonly Lesson[]): void;
  };
  snapshot(): Readonly<WorkshopSnapshot>;
  open(workshop: string): HistoryLog;
}

export interface HistoryKeeper extends HistoryService {
  /** Begins to keep what is seen. */
  start(): void;
  /** Writes what waits, and ends. */
  close(): Promise<void>;
}

/** Keeps what is seen of a workshop, gives the charts their past back, and sums up days. */
export function createHistoryService({ watch, snapshot, open }: HistoryNeeds): HistoryKeeper {
  const ending = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let state: HistoryState = NOTHING_YET;
  let workshop: string | null = null;
  let log: HistoryLog | undefined;
  let waiting: HistoryRecord[] = [];
  let lost = noLoss();
  /** Everything until then was taken from the feed, local epoch ms. */
  let takenUntil = 0;
  /** Ended jobs that were seen before Redis's clock was known. */
  let undated: JobSummary[] = [];
  let sampledAt = 0;
  let nextWriteAt = 0;
  /** What was last written of each host's rental, with its day. */
  let rentalsNoted = new Map<string | null, string>();
  /** Until when it is known of every job when it ended, local epoch ms; null for not yet. */
  let reachedUntil: number | null = null;

  const turnTo = async (next: string | null) => {
    if (next === workshop) return;
    await write(Number.POSITIVE_INFINITY);
    workshop = next;
    log = next === null ? undefined : open(next);
    state = NOTHING_YET;
    lost = noLoss();
    [waiting, undated, sampledAt, nextWriteAt] = [[], [], 0, 0];
    [rentalsNoted, reachedUntil] = [new Map(), null];
  };

  const takeJobs = (jobs: readonly JobSummary[]) => {
    const offset = snapshot().clockOffsetMs;
    if (offset === null) {
      undated.push(...jobs);
      return;
    }
    const all = [...undated.splice(0), ...jobs];
    const hostOf = hostOfWorker(Object.values(snapshot().hosts));
    waiting.push(...all.flatMap((job) => jobRecord(job, offset, hostOf(job.workerId)) ?? []));
  };

  const take = async (change: WorkshopChange) => {
    switch (change.kind) {
      case 'snapshot': {
        await turnTo(change.snapshot.redisAddress);
        // Just opened, also when the same workshop is opened again.
        if (log && workshop !== null && change.histories.fine.length <= 1) {
          const { samples, lessons } = await pastOf(log, Date.now());
          watch.recall(workshop, lessons);
          watch.restore(workshop, samples);
        }
        takeJobs(Object.values(change.snapshot.jobs));
        for (const event of change.snapshot.events) takeEvent(event);
        return;
      }
      case 'jobs':
        return takeJobs(change.upsert);
      case 'event':
        return takeEvent(change.event);
      case 'sample': {
        if (change.coarse || change.sample.at - sampledAt < SAMPLE_EVERY_MS) return;
        sampledAt = change.sample.at;
        const record = sampleRecord(change.sample);
        if (record) waiting.push(record);
        takeReach(change.sample);
        return takeRentals(change.sample.at);
      }
    }
  };
  /** When a console begins to watch, also after a gap: how far back the jobs that ended without it are listed. */
  const takeReach = ({ at, pending }: Sample) => {
    if (pending === null) return;
    if (reachedUntil === null || at - reachedUntil > GAP_MS) {
      const { clockOffsetMs } = snapshot();
      const since = endedListedSince(snapshot());
      // Not read to the end yet: the next sample tells.
      if (since === null || clockOffsetMs === null) return;
      waiting.push(...reachRecords(Math.max(since - clockOffsetMs, reachedUntil ?? at - REACH_MS), at));
    }
    reachedUntil = at;
  };
  const rentalsNow = () => snapshot().capacity?.rentals ?? [];
  /** Once a day and whenever it changes, so that a day keeps its price when another rental is entered. */
  const takeRentals = (at: number) => {
    for (const { hostId, rental } of rentalsNow()) {
      const noted = JSON.stringify([dayOf(at), rental]);
      if (noted === rentalsNoted.get(hostId)) continue;
      rentalsNoted.set(hostId, noted);
      waiting.push({ t: 'rental', at, rental, hostId });
    }
  };
  const takeEvent = (event: Extract<HistoryRecord, { t: 'event' }>['event']) => {
    waiting.push({ t: 'event', offset: snapshot().clockOffsetMs ?? 0, event });
  };

  /** Writes what waits, if it is time. Never rejects. */
  const write = async (now: number) => {
    if (!log || waiting.length === 0 || now < nextWriteAt) return;
    const records = waiting;
    waiting = [];
    const at = Date.now();
    const until = takenUntil;
    if (dayOf(lost.at) !== dayOf(at)) lost = noLoss();
    try {
      lost = withLoss(lost, await log.append(records, at), 'full', at);
      // A job whose day is not known yet is in memory only, and what is lost is not saved by the next line.
      const whole = undated.length === 0 && lost.others === 0;
      const fault = lossFault(lost);
      state = {
        savedUntil: whole ? until : state.savedUntil,
        keeps: fault ? 'part' : 'all',
        fault: fault?.toInfo() ?? null,
      };
      nextWriteAt = at + WRITE_EVERY_MS;
    } catch (cause) {
      // What was written all the same is recognised when it is written again.
      const { kept, left } = bounded([...records, ...waiting]);
      waiting = kept;
      lost = withLoss(lost, left, 'disk', at);
      state = { ...state, keeps: 'nothing', fault: toWorkshopError(cause, 'CONFIG').toInfo() };
      nextWriteAt = at + AGAIN_AFTER_MS;
    }
  };

  const follow = async () => {
    for await (const { changes } of watch.watch(ending.signal)) {
      takenUntil = Date.now();
      for (const change of changes) await take(change);
      if (workshop !== null)
        waiting.push(...watch.lessons(workshop).map((lesson) => ({ t: 'estimate' as const, lesson })));
      if (undated.length > 0 && snapshot().clockOffsetMs !== null) takeJobs([]);
      await write(Date.now());
    }
    await write(Number.POSITIVE_INFINITY);
  };

  /** Of the workshop that is watched now; what is said of it comes a moment later, which must not read as nothing kept. */
  const logNow = (): HistoryLog | undefined => {
    const { redisAddress } = snapshot();
    if (redisAddress === workshop) return log;
    return redisAddress === null ? undefined : open(redisAddress);
  };
  const recordsOf = async (day: LocalDay) => {
    if (!boundsOf(day))
      throw new WorkshopError('BAD_INPUT', 'This is not a day of the calendar.', {
        remedy: 'Choose one of the days that are listed.',
      });
    const current = logNow();
    const kept = (await current?.read(day)) ?? [];
    return current === log ? [...kept, ...waiting] : kept;
  };
  /** What the day after tells of a day: jobs that ran over midnight, and what was read only then. */
  const aftermathOf = async (day: LocalDay) => {
    const next = boundsOf(day)?.until;
    const kept = next === undefined || next > Date.now() ? [] : ((await logNow()?.read(dayOf(next))) ?? []);
    return kept.filter(({ t }) => t === 'job' || t === 'reach');
  };
  /** Jobs that keep a worker busy now, as far as that is known. */
  const runningNow = (now: number): OpenRun[] => {
    const { jobs, hosts, clockOffsetMs } = snapshot();
    if (clockOffsetMs === null || !knowsQueue(snapshot(), now)) return [];
    const hostOf = hostOfWorker(Object.values(hosts));
    const finishing = finishingSince(Object.values(hosts).map(({ status }) => status));
    const running = Object.values(jobs).filter(({ queue }) => queue === 'running');
    const spans = gpuSpans(running, ({ id }) => finishing.get(id) ?? now + clockOffsetMs);
    return [...spans].map(([{ workerId }, [from, until]]) => ({
      hostId: hostOf(workerId),
      span: [from - clockOffsetMs, until - clockOffsetMs],
    }));
  };
  const nameOf = (userId: string) => {
    const nicknames = snapshot().room?.nicknames ?? {};
    return Object.hasOwn(nicknames, userId) ? (nicknames[userId] ?? userId) : userId;
  };
  const recap = (day: LocalDay, records: readonly HistoryRecord[]) => {
    const now = Date.now();
    const hostOf = hostOfWorker(Object.values(snapshot().hosts));
    return recapOf(day, records, {
      ...{ nameOf, hostOf, rentals: rentalsNow(), running: runningNow(now), now },
    });
  };

  return {
    start() {
      running = follow().catch((cause: unknown) => {
        state = { ...state, keeps: 'nothing', fault: toWorkshopError(cause).toInfo() };
      });
    },
    close() {
      ending.abort();
      return running;
    },
    state: () => state,
    days: async () => (await logNow()?.days()) ?? [],
    recap: async ({ day }) => recap(day, [...(await recordsOf(day)), ...(await aftermathOf(day))]),
    async table({ day, table }) {
      const records = await recordsOf(day);
      const own = records.filter(
        (record) => record.t !== 'job' || dayOf(record.completedAt - record.offset) === day,
      );
      return { fileName: `workshop-${day}-${table}.csv`, text: recapCsv(recap(day, own), own, table) };
    },
  };
}

/**
 * Samples as far back as the charts reach, and what the estimates learned on those days. A past that cannot be read is
 * none.
 */
async function pastOf(log: HistoryLog, now: number): Promise<{ samples: Sample[]; lessons: Lesson[] }> {
  const days = new Set([dayOf(now - CHARTS_MS), dayOf(now)]);
  const past = { samples: [] as Sample[], lessons: [] as Lesson[] };
  for (const day of days) {
    const records = await log.read(day).catch(() => []);
    for (const record of records) {
      if (record.t === 'estimate') past.lessons.push(record.lesson);
      if (record.t !== 'sample' || record.at < now - CHARTS_MS || record.at > now) continue;
      const { t: _kind, ...sample } = record;
      past.samples.push(sample);
    }
  }
  return past;
}

/** One for each local day, so that each lies with the day that it is about. */
function reachRecords(from: number, until: number): HistoryRecord[] {
  const records: HistoryRecord[] = [];
  for (let at = from; at < until; ) {
    const end = Math.min(until, boundsOf(dayOf(at))?.until ?? until);
    records.push({ t: 'reach', from: at, until: end });
    at = end;
  }
  return records;
}

/** @returns what still waits, in order, and what there is no room for: the oldest samples first. */
function bounded(records: HistoryRecord[]): { kept: HistoryRecord[]; left: HistoryRecord[] } {
  if (records.length <= WAITING_MAX) return { kept: records, left: [] };
  const samples = records.filter(({ t }) => t === 'sample');
  const others = records.filter(({ t }) => t !== 'sample');
  const room = Math.max(0, WAITING_MAX - others.length);
  const left = [
    ...samples.slice(0, Math.max(0, samples.length - room)),
    ...others.slice(0, Math.max(0, others.length - WAITING_MAX)),
  ];
  const gone = new Set(left);
  return { kept: records.filter((record) => !gone.has(record)), left };
}
