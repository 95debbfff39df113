import type { WatchService } from '../api/roles.ts';
import type { AlertsState } from '../domain/alerts/alerts-state.ts';
import type { CapacityState } from '../domain/capacity/capacity-state.ts';
import { createHistoryRings, FINE_STEP_MS, sampleOf } from '../domain/history-ring.ts';
import type { MachineView } from '../domain/hosts/machine-view.ts';
import type { OwnTailnet } from '../domain/hosts/tailnet.ts';
import { createLiveModel } from '../domain/live-model.ts';
import type { Observation } from '../domain/observation.ts';
import { createOutbox, type Outbox } from '../domain/outbox.ts';
import type { RoomState } from '../domain/room/room-state.ts';
import type { Lesson } from '../domain/wait/lesson.ts';
import { createWaitEstimator } from '../domain/wait/wait-estimator.ts';
import type {
  ConsoleName,
  Sample,
  WorkshopChange,
  WorkshopMessage,
  WorkshopSnapshot,
} from '../domain/workshop.ts';
import { pause } from './pause.ts';
import type { WorkshopSource } from './roles.ts';

/** Shortest time between two messages to one subscriber, ms: 20 a second. */
const COALESCE_MS = 50;
/** Estimates are made anew once a second when something happened, else this often: time alone changes them, ms. */
const ESTIMATE_AFTER_MS = 5000;
/** Bytes that may wait in a subscriber's socket before its messages are held back. */
const BACKLOG_BYTES = 1024 * 1024;

export interface WorkshopWatch extends WatchService {
  /** Turns to another workshop (or to none, before the first run); what was known is forgotten. */
  turnTo(workshop: { name: string; redisAddress: string; source: WorkshopSource } | undefined): void;
  /** A sentence for the host about this console itself (settings that could not be read); null for none. */
  notice(sentence: string | null): void;
  /** What the host chose for the room view of the workshop that is watched; null for none. */
  room(state: RoomState | null): void;
  /** What needs a person; null for none is set up. */
  alerts(state: AlertsState | null): void;
  /** What fits and what it costs; null for none is set up. */
  capacity(state: CapacityState | null): void;
  /** Takes up samples of an earlier run, if this workshop is still the one that is watched. */
  restore(redisAddress: string, samples: readonly Sample[]): void;
  /** What its estimates learned since the last call, to outlast a restart. */
  lessons(redisAddress: string): Lesson[];
  /** Takes up what was learned in an earlier run, as `restore`. */
  recall(redisAddress: string, lessons: readonly Lesson[]): void;
  /** How the ways to the machines stand. */
  machines(machines: MachineView[]): void;
  /** How Tailscale stands on this computer; null while it is not needed. */
  tailnet(tailnet: OwnTailnet | null): void;
  /** What other consoles call this one. */
  console(console: ConsoleName): void;
  /** What is known now. */
  readonly now: Readonly<WorkshopSnapshot>;
  /** Idempotent; subscribers' streams end. */
  close(): void;
}

interface Subscriber {
  outbox: Outbox;
  /** Ends its wait for news. */
  wake: () => void;
}

/**
 * Keeps the one live model and its histories, and tells every subscriber of changes.
 * @param heard called with every fact, for those who keep what the consoles share.
 */
export function createWorkshopWatch(heard: (fact: Observation) => void = () => {}): WorkshopWatch {
  const model = createLiveModel();
  const rings = createHistoryRings();
  const estimator = createWaitEstimator();
  /** Something happened since the last estimates, made at `estimatedAt`. */
  let happened = false;
  let estimatedAt = 0;
  const subscribers = new Set<Subscriber>();
  const ending = new AbortController();
  let leave: (() => void) | undefined;

  const tell = (changes: readonly WorkshopChange[]) => {
    if (changes.length === 0) return;
    for (const subscriber of subscribers) {
      subscriber.outbox.add(changes);
      subscriber.wake();
    }
  };
  const observe = (fact: Observation) => {
    heard(fact);
    const changes = model.observe(fact);
    happened ||= changes.some(({ kind }) => kind !== 'event');
    tell(changes);
  };
  const estimate = (now: number) => {
    if (!happened && now - estimatedAt < ESTIMATE_AFTER_MS) return;
    happened = false;
    estimatedAt = now;
    tell(model.estimated(estimator.look(model.now, now)));
  };

  const sampling = setInterval(() => {
    if (model.now.name === null) return;
    const now = Date.now();
    const samples = rings.add(sampleOf(model.now, now));
    tell(samples.map((sample) => ({ kind: 'sample', ...sample })));
    estimate(now);
  }, FINE_STEP_MS);

  const whole = (): WorkshopChange => ({
    kind: 'snapshot',
    snapshot: model.snapshot(),
    histories: rings.histories(),
  });

  async function* watch(
    signal: AbortSignal,
    backlogBytes: () => number = () => 0,
  ): AsyncGenerator<WorkshopMessage> {
    const stop = AbortSignal.any([signal, ending.signal]);
    const subscriber: Subscriber = { outbox: createOutbox(), wake: () => {} };
    subscribers.add(subscriber);
    let seq = 0;
    try {
      if (stop.aborted) return;
      yield { seq: seq++, changes: [whole()] };
      while (!stop.aborted) {
        await pause(COALESCE_MS, stop);
        // A slow reader is not fed: its outbox merges meanwhile.
        while (backlogBytes() > BACKLOG_BYTES && !stop.aborted) await pause(COALESCE_MS, stop);
        await news(subscriber, stop);
        if (stop.aborted) return;
        const changes = subscriber.outbox.take();
        yield { seq: seq++, changes: changes === 'overflow' ? [whole()] : changes };
      }
    } finally {
      subscribers.delete(subscriber);
    }
  }

  return {
    watch,
    turnTo(workshop) {
      leave?.();
      leave = undefined;
      rings.clear();
      estimator.forget();
      tell(model.rename(workshop?.name ?? null, workshop?.redisAddress ?? null));
      leave = workshop?.source.observe(observe);
    },
    notice(sentence) {
      tell(model.notice(sentence));
    },
    room(state) {
      tell(model.room(state));
    },
    machines(machines) {
      tell(model.machines(machines));
    },
    tailnet(tailnet) {
      tell(model.tailnet(tailnet));
    },
    alerts(state) {
      tell(model.alerts(state));
    },
    capacity(state) {
      tell(model.capacity(state));
    },
    console(console) {
      tell(model.console(console));
    },
    restore(redisAddress, samples) {
      if (model.now.redisAddress === redisAddress && rings.restore(samples, Date.now())) tell([whole()]);
    },
    lessons: (redisAddress) => (model.now.redisAddress === redisAddress ? estimator.lessons() : []),
    recall(redisAddress, lessons) {
      if (model.now.redisAddress !== redisAddress) return;
      estimator.recall(lessons);
      happened = true;
    },
    get now() {
      return model.now;
    },
    close() {
      clearInterval(sampling);
      leave?.();
      leave = undefined;
      ending.abort();
    },
  };
}

/** Resolves when there is something to tell, or at the end. Never rejects. */
function news(subscriber: Subscriber, stop: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      subscriber.wake = () => {};
      stop.removeEventListener('abort', end);
      done();
    };
    subscriber.wake = end;
    stop.addEventListener('abort', end);
    if (stop.aborted || !subscriber.outbox.empty) end();
  });
}
