import { toWorkshopError, WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { HistoryService, HistoryState, WatchService } from '../api/roles.ts';
import { boundsOf, dayOf, type LocalDay } from '../domain/history/local-day.ts';
import { lossFault, noLoss, withLoss } from '../domain/history/loss.ts';
import { recapOf } from '../domain/history/recap.ts';
import { recapCsv } from '../domain/history/recap-csv.ts';
import { type HistoryRecord, jobRecord, sampleRecord } from '../domain/history/record.ts';
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
  /** What was last written of the rental, with its day; empty for nothing. */
  let rentalNoted = '';

  const turnTo = async (next: string | null) => {
    if (next === workshop) return;
    await write(Number.POSITIVE_INFINITY);
    workshop = next;
    log = next === null ? undefined : open(next);
    state = NOTHING_YET;
    lost = noLoss();
    [waiting, undated, sampledAt, nextWriteAt, rentalNoted] = [[], [], 0, 0, ''];
  };

  const takeJobs = (jobs: readonly JobSummary[]) => {
    const offset = snapshot().clockOffsetMs;
    if (offset === null) {
      undated.push(...jobs);
      return;
    }
    const all = [...undated.splice(0), ...jobs];
    waiting.push(...all.flatMap((job) => jobRecord(job, offset) ?? []));
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
        return takeRental(change.sample.at);
      }
    }
  };
  const rentalNow = () => snapshot().capacity?.settings.rental ?? null;
  /** Once a day and whenever it changes, so that a day keeps its price when another rental is entered. */
  const takeRental = (at: number) => {
    const rental = rentalNow();
    const noted = JSON.stringify([dayOf(at), rental]);
    if (rental === null || noted === rentalNoted) return;
    rentalNoted = noted;
    waiting.push({ t: 'rental', at, rental });
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

  const recordsOf = async (day: LocalDay) => {
    if (!boundsOf(day))
      throw new WorkshopError('BAD_INPUT', 'This is not a day of the calendar.', {
        remedy: 'Choose one of the days that are listed.',
      });
    const kept = (await log?.read(day)) ?? [];
    return [...kept, ...waiting];
  };
  const nameOf = (userId: string) => {
    const nicknames = snapshot().room?.nicknames ?? {};
    return Object.hasOwn(nicknames, userId) ? (nicknames[userId] ?? userId) : userId;
  };
  const recap = (day: LocalDay, records: readonly HistoryRecord[]) =>
    recapOf(day, records, { nameOf, rental: rentalNow(), now: Date.now() });

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
    days: async () => (await log?.days()) ?? [],
    recap: async ({ day }) => recap(day, await recordsOf(day)),
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
