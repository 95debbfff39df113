import { toWorkshopError, WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { same } from '../domain/same.ts';
import type {
  DocumentShape,
  FoundDocument,
  KeptShared,
  SharedMark,
  Stamped,
} from '../domain/shared/shared-document.ts';
import { ownOf, stamped } from '../domain/shared/stamped.ts';
import { type Entries, fulfil, type RefusedWish, type Wish, wishOf } from '../domain/shared/wish.ts';
import type { WorkshopKey } from '../domain/workshops/workshop-key.ts';
import { conflict } from './conflict.ts';
import type { SharedStore } from './roles.ts';

/** Others may write at the same moment: that many are followed. */
const ROUNDS = 8;
/** Pause before what could not be shared is tried again, ms. */
const RETRY_MS = 5000;
/** Nobody reads and reacts faster, ms: what another host changed since was not seen by who presses now. */
const UNSEEN_MS = 1000;
/** A reading that began before our own write may come that much after it, ms. */
const LATE_READING_MS = 5000;

export interface SharedNeeds<Content> {
  shape: DocumentShape<Content>;
  kept: {
    load(workshop: WorkshopKey): Promise<KeptShared<Content> | undefined>;
    save(workshop: WorkshopKey, value: KeptShared<Content>): Promise<void>;
  };
  /** What an older version of this console kept by itself; undefined for nothing. */
  before(workshop: WorkshopKey): Promise<Content | undefined>;
  /** @throws WorkshopError when Redis cannot be used. */
  store(): SharedStore<Stamped<Content>>;
  /** Name of this console as others read it. */
  by(): string;
  /** Adds a sentence to the story of the workshop. */
  note(message: string): Promise<void>;
  /** Content or mark are others now. */
  changed(): void;
  retryMs?: number;
}

export interface SharedDocument<Content> {
  /** Another workshop is current; null for none. Resolves when what was kept of it is known. */
  turnTo(workshop: WorkshopKey | null): Promise<void>;
  /** What holds, with what was changed here and has not reached the others; null before it is known. */
  content(): Content | null;
  mark(): SharedMark;
  /** What the feed finds in Redis. */
  take(found: FoundDocument<Content>): void;
  /**
   * Changes it here at once, then for everybody. While Redis cannot be used it holds on this computer, and is shared
   * once Redis is back.
   * @param told the act in one sentence, as the other consoles read it.
   * @throws WorkshopError CONFLICT when another host changed the same meanwhile (then nothing is changed), BAD_INPUT,
   * CONFIG when it cannot be kept, WRONG_STATE without a workshop.
   */
  change(told: string, next: (content: Content) => Content): Promise<void>;
  /** Wants again what was refused when Redis came back. */
  applyAgain(): Promise<void>;
  close(): void;
}

/**
 * One document that all consoles of a workshop share through Redis, by compare-and-set on its revision. What it was is
 * kept on this computer, so that it is there while Redis is not.
 */
export function createSharedDocument<Content>(needs: SharedNeeds<Content>): SharedDocument<Content> {
  const { shape, changed } = needs;
  let workshop: WorkshopKey | null = null;
  let loaded: Promise<void> = Promise.resolve();
  let ready = false;
  let kept: KeptShared<Content> = { shared: null, wishes: [] };
  let content = shape.fresh();
  let unshared: string | null = null;
  let refused: SharedMark['refused'] = null;
  /** Wishes of `refused`. */
  let lost: Wish[] = [];
  let refusals = 0;
  /** What the screens showed before another host's change that nobody can have read yet. */
  let unseen: { entries: Entries; until: number } | undefined;
  let wroteAt = 0;
  let exchanging: Promise<void> = Promise.resolve();
  let retry: NodeJS.Timeout | undefined;
  /** Acts that wait for their outcome here, and how it ended. */
  const acting = new Map<Wish, WorkshopError | undefined>();

  const sharedEntries = () => shape.entriesOf(kept.shared?.content ?? shape.fresh());
  const derive = () => {
    const entries = sharedEntries();
    try {
      content = shape.contentOf(fulfil(entries, kept.wishes).entries);
    } catch {
      // Together with what others wrote it is too much; the exchange says so.
      content = shape.contentOf(entries);
    }
  };
  /** Works the content out anew, tells it and keeps it. */
  const settle = async () => {
    derive();
    changed();
    if (workshop !== null) await needs.kept.save(workshop, kept);
  };
  const settleQuietly = () => void settle().catch(() => {});

  const hear = (document: Stamped<Content>) => {
    const { revision, at, by } = document;
    if (kept.shared?.revision !== revision) {
      const fresh = unseen && Date.now() < unseen.until ? unseen.entries : shape.entriesOf(content);
      unseen = by === needs.by() ? undefined : { entries: fresh, until: Date.now() + UNSEEN_MS };
    }
    kept = { ...kept, shared: { content: shape.contentOf(shape.entriesOf(document)), revision, at, by } };
  };

  /** Writes what is wished for, or finds out why not. @throws WorkshopError when Redis cannot be used. */
  const exchange = async () => {
    const about = workshop;
    const over = () => workshop !== about;
    for (let round = 0; round < ROUNDS && kept.wishes.length > 0; round += 1) {
      const store = needs.store();
      const wishes = [...kept.wishes];
      const stands = await store.read();
      const before = stands ? shape.entriesOf(stands) : shape.entriesOf(shape.fresh());
      const { entries, refused: against } = fulfil(before, wishes);
      const at = await store.time();
      if (over()) return;
      let now = stands;
      if (!same(entries, before)) {
        const next = stamped(shape.contentOf(entries), stands, at, needs.by());
        const outcome = await store.write(next);
        if (over()) return;
        if (outcome.kind === 'conflict') continue;
        wroteAt = Date.now();
        now = next;
      }
      if (now) hear(now);
      kept = { ...kept, wishes: kept.wishes.filter((wish) => !wishes.includes(wish)) };
      unshared = null;
      giveUp(against, stands, at);
      settleQuietly();
      const done = wishes.filter((wish) => !against.some((one) => one.wish === wish));
      // It is done; a lost note changes nothing.
      for (const message of new Set(done.map(({ told }) => told))) void needs.note(message).catch(() => {});
    }
    if (kept.wishes.length > 0)
      throw new WorkshopError('CONFLICT', 'Other hosts changed it again and again meanwhile.');
  };

  /** Tells whoever waits for it, else the host. */
  const giveUp = (against: readonly RefusedWish[], stands: Stamped<Content> | null, at: number) => {
    const late = against.filter(({ wish }) => !acting.has(wish));
    const why = (entry: string) =>
      conflict(
        shape.describe(entry, stands ?? shape.fresh()),
        stands && stands.by !== needs.by() ? stands : null,
        at,
      );
    for (const { wish, entry } of against) if (acting.has(wish)) acting.set(wish, why(entry));
    const [first] = late;
    if (!first) return;
    lost = late.map(({ wish }) => wish);
    refusals += 1;
    refused = {
      id: refusals,
      acts: [...new Set(lost.map(({ told }) => told))].join(' '),
      why: why(first.entry).message,
    };
  };

  /** One exchange after the other. Resolves when this one is over; its failure stands in `unshared`. */
  const flush = (): Promise<void> => {
    exchanging = exchanging.then(async () => {
      clearTimeout(retry);
      try {
        await exchange();
      } catch (cause) {
        if (kept.wishes.length === 0) return;
        unshared = toWorkshopError(cause).message;
        changed();
        retry = setTimeout(() => void flush(), needs.retryMs ?? RETRY_MS).unref();
      }
    });
    return exchanging;
  };

  const want = async (wish: Wish) => {
    acting.set(wish, undefined);
    kept = { ...kept, wishes: [...kept.wishes, wish] };
    try {
      // What the room sees must wait neither for a disk nor for Redis.
      const written = settle().then(
        () => undefined,
        (cause: unknown) => cause,
      );
      await flush();
      const fault = await written;
      if (fault !== undefined) throw fault;
      const refusal = acting.get(wish);
      if (!refusal) return;
      // Read by now: pressed again, it is meant.
      unseen = undefined;
      throw refusal;
    } finally {
      acting.delete(wish);
    }
  };

  return {
    turnTo(next) {
      workshop = next;
      ready = next === null;
      kept = { shared: null, wishes: [] };
      content = shape.fresh();
      [unshared, refused, lost, unseen] = [null, null, [], undefined];
      clearTimeout(retry);
      if (next === null) {
        loaded = Promise.resolve();
        return loaded;
      }
      loaded = needs.kept
        .load(next)
        .then(async (found) => found ?? ownOf(shape, await needs.before(next)))
        .catch(() => undefined)
        .then((found) => {
          if (workshop !== next) return;
          ready = true;
          if (!found) return changed();
          kept = found;
          // Its address may be another one now, and is what it is found by without a profile.
          settleQuietly();
        });
      return loaded;
    },
    content: () => (workshop !== null && ready ? content : null),
    mark: () => ({
      changed: kept.shared && { revision: kept.shared.revision, at: kept.shared.at, by: kept.shared.by },
      unshared,
      refused,
    }),
    take(found) {
      const about = workshop;
      void loaded.then(() => {
        if (workshop !== about || about === null) return;
        const { shared } = kept;
        const late = Date.now() - wroteAt < LATE_READING_MS;
        if (found.kind === 'unusable') {
          unshared = found.why;
          return changed();
        }
        if (found.kind === 'absent') {
          if (late && shared) return;
          // Redis has lost it, or is another one: what was last known is offered to it.
          const own = shared ? ownOf(shape, shared.content).wishes : [];
          kept = { shared: null, wishes: [...own, ...kept.wishes] };
        } else {
          if (shared && late && found.document.revision < shared.revision) return;
          if (found.document.revision !== shared?.revision) hear(found.document);
        }
        if (kept.wishes.length > 0) void flush();
        else unshared = null;
        if (shared !== kept.shared) settleQuietly();
      });
    },
    async change(told, next) {
      await loaded;
      if (workshop === null)
        throw new WorkshopError('WRONG_STATE', 'No workshop is set up yet.', {
          remedy: 'Enter the Redis address of the workshop first.',
        });
      const before = shape.entriesOf(content);
      const after = shape.entriesOf(next(content));
      shape.contentOf(after);
      const seen = unseen && Date.now() < unseen.until ? unseen.entries : before;
      const wish = wishOf(told, seen, before, after);
      if (Object.keys(wish.entries).length > 0) await want(wish);
    },
    async applyAgain() {
      await loaded;
      const again = lost;
      [lost, refused] = [[], null];
      for (const { told, entries } of again) {
        const now = shape.entriesOf(content);
        const asked = Object.entries(entries);
        await want({
          told,
          entries: Object.fromEntries(
            asked.map(([key, { want: wanted }]) => [key, { base: now[key] ?? null, want: wanted }]),
          ),
        });
      }
    },
    close: () => clearTimeout(retry),
  };
}
