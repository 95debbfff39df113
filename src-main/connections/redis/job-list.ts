import { createHash } from 'node:crypto';
import { parsePlatformDate } from '../../../worker-agent/src/contract/job.ts';
import { describeWorkflow } from '../../../worker-agent/src/contract/workflow-kind.ts';
import type { QueueView } from '../../../worker-agent/src/queue/queue-view.ts';
import type { JobDigest } from '../../../worker-agent/src/queue/summaries.ts';
import type { JobSummary } from '../../domain/workshop.ts';

type QueueName = NonNullable<JobSummary['queue']>;

/** Where the queues list a job. */
interface Place {
  queue: QueueName;
  score: number | null;
  /** Why it was parked, in the dead-letter list only. */
  reason: string | null;
}

interface Entry {
  places: Place[];
  /** undefined = not read yet; null = there is no such job key. */
  digest: JobDigest | null | undefined;
  /** In words, from its traits. Those never change, so they are read once. */
  kind: string | undefined;
  /** Tells workflows of one kind apart by what they compute; as long known as `kind`. */
  signature: string | null;
  /** Its text has to be read (again). */
  stale: boolean;
}

/**
 * The jobs that the queues list, as last read: knows which texts must be read, and joins place and text into what
 * lists show. No I/O.
 */
export interface JobList {
  /** Takes in a view. @returns jobs no longer listed, and those whose place alone changed. */
  place(view: QueueView): { gone: string[]; moved: string[] };
  /** Their texts changed. Jobs that are not listed do not matter. */
  mark(ids: Iterable<string>): void;
  /** Any text may have changed where queues do not tell: the waiting and the running. */
  markActive(): void;
  /** Whether one of these has to be read with its traits. */
  needTraits(ids: readonly string[]): boolean;
  /** Jobs to read: with their traits, and without. */
  toRead(): { fresh: string[]; stale: string[] };
  /** Takes in what was read; undefined stands for a job key that does not exist. */
  read(ids: readonly string[], digests: readonly (JobDigest | undefined)[], withTraits: boolean): void;
  /** What is known of these; jobs that are not listed or were not read are left out. */
  summaries(ids: readonly string[]): JobSummary[];
  /** Users of waiting jobs, as far as those were read. */
  waitingUsers(): Set<string>;
  readonly size: number;
}

export function createJobList(): JobList {
  let entries = new Map<string, Entry>();

  return {
    place(view) {
      const before = entries;
      const moved: string[] = [];
      entries = new Map();
      for (const [id, places] of placesOf(view)) {
        const old = before.get(id);
        const entry = old ?? { places, digest: undefined, kind: undefined, signature: null, stale: true };
        if (old && !sameQueues(old.places, places)) entry.stale = true;
        if (old && !samePlaces(old.places, places)) moved.push(id);
        entry.places = places;
        entries.set(id, entry);
      }
      for (const { id, status } of view.running) {
        const entry = entries.get(id);
        if (entry && status !== null && entry.digest?.status !== status) entry.stale = true;
      }
      return { moved, gone: [...before.keys()].filter((id) => !entries.has(id)) };
    },

    mark(ids) {
      for (const id of ids) {
        const entry = entries.get(id);
        if (entry) entry.stale = true;
      }
    },

    markActive() {
      for (const entry of entries.values())
        if (entry.places.some(({ queue }) => queue === 'pending' || queue === 'running')) entry.stale = true;
    },

    needTraits: (ids) => ids.some((id) => entries.get(id)?.kind === undefined),

    toRead() {
      const fresh: string[] = [];
      const stale: string[] = [];
      for (const [id, entry] of entries) if (entry.stale) (entry.kind === undefined ? fresh : stale).push(id);
      return { fresh, stale };
    },

    read(ids, digests, withTraits) {
      ids.forEach((id, index) => {
        const entry = entries.get(id);
        if (!entry) return;
        const digest = digests[index] ?? null;
        entry.digest = digest;
        entry.stale = false;
        // What cannot be read now may be mended with another workflow.
        if (!digest || digest.status === 'unreadable') {
          entry.kind = undefined;
          entry.signature = null;
        } else if (withTraits) {
          entry.kind = describeWorkflow(digest).label;
          entry.signature = signatureOf(digest);
        }
      });
    },

    summaries: (ids) =>
      ids.flatMap((id) => {
        const entry = entries.get(id);
        return entry && entry.digest !== undefined ? [summaryOf(id, entry)] : [];
      }),

    waitingUsers() {
      const users = new Set<string>();
      for (const { places, digest } of entries.values())
        if (digest && places.some(({ queue }) => queue === 'pending')) users.add(digest.userId);
      return users;
    },

    get size() {
      return entries.size;
    },
  };
}

function placesOf(view: QueueView): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  const add = (id: string, place: Place) => {
    const known = places.get(id);
    if (known) known.push(place);
    else places.set(id, [place]);
  };
  for (const queue of ['running', 'pending', 'failed', 'cancelled', 'completed'] as const)
    for (const { id, score } of view[queue]) add(id, { queue, score, reason: null });
  for (const { id, reason } of view.deadLetter) add(id, { queue: 'dead-letter', score: null, reason });
  return places;
}

/** A job can stand in two queues (contract 2.3); the one that its own status names is the one to show. */
function shownPlace({ places, digest }: Entry): Place | undefined {
  return places.find(({ queue }) => queue === digest?.status) ?? places[0];
}

/** What a list would show of a job that was read by itself. */
export function summariseOne(id: string, digest: JobDigest, places: Place[]): JobSummary {
  const readable = digest.status !== 'unreadable';
  return summaryOf(id, {
    ...{ places, digest, stale: false },
    kind: readable ? describeWorkflow(digest).label : undefined,
    signature: readable ? signatureOf(digest) : null,
  });
}

function summaryOf(id: string, entry: Entry): JobSummary {
  const place = shownPlace(entry);
  const { digest } = entry;
  const standing = { id, queue: place?.queue ?? null, score: place?.score ?? null };
  const reason = entry.places.find((each) => each.reason !== null)?.reason ?? null;
  if (!digest)
    return {
      ...standing,
      userId: '',
      status: 'unreadable',
      priority: null,
      createdAt: null,
      startedAt: null,
      completedAt: null,
      workerId: null,
      error: reason ?? 'Its record is missing in Redis.',
      kind: 'unknown',
      signature: null,
      sizeBytes: 0,
    };
  return {
    ...standing,
    userId: digest.userId,
    status: digest.status,
    priority: digest.priority,
    createdAt: parsePlatformDate(digest.createdAt),
    startedAt: parsePlatformDate(digest.startedAt),
    completedAt: parsePlatformDate(digest.completedAt),
    ...computedOf(digest),
    workerId: digest.workerId,
    error: digest.error ?? reason,
    kind: entry.kind ?? 'unknown',
    signature: entry.signature,
    sizeBytes: digest.sizeBytes,
  };
}

function computedOf({ computed }: JobDigest): Pick<JobSummary, 'computed'> {
  const from = parsePlatformDate(computed?.from);
  const until = parsePlatformDate(computed?.until);
  return from === null || until === null || until < from ? {} : { computed: [from, until] };
}

/** Equal for equal node types, models and sizes; seeds, prompts and the order of nodes do not matter. */
function signatureOf({ classTypes, models, sizes }: JobDigest): string {
  const parts = [classTypes, models, sizes].map((names) => names.toSorted().join('\n'));
  return createHash('sha256').update(parts.join('\n\n')).digest('hex').slice(0, 16);
}

function sameQueues(a: readonly Place[], b: readonly Place[]): boolean {
  return a.length === b.length && a.every((place, index) => place.queue === b[index]?.queue);
}

function samePlaces(a: readonly Place[], b: readonly Place[]): boolean {
  return (
    sameQueues(a, b) &&
    a.every((place, index) => place.score === b[index]?.score && place.reason === b[index]?.reason)
  );
}
