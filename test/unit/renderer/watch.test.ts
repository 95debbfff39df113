// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WorkshopMessage } from '../../../src-main/domain/workshop.ts';
import type { Client } from '../../../src-renderer/live/client.ts';
import { emptyState, liveStore } from '../../../src-renderer/live/store.ts';
import { watchWorkshop } from '../../../src-renderer/live/watch.ts';
import { CONTROL, workshop } from '../../support/scenarios.ts';
import { NOW } from './facts.ts';

interface Handlers {
  onData: (message: WorkshopMessage) => void;
  onError: (error: Error) => void;
  onComplete: () => void;
  onConnectionStateChange: (state: { state: string; error: Error | null }) => void;
}

/** Stands for the tRPC client: remembers each subscription and whether it was ended. */
function scriptedClient() {
  const subscriptions: (Handlers & { ended: boolean })[] = [];
  const subscribe = (_input: undefined, handlers: Handlers) => {
    const subscription = { ...handlers, ended: false };
    subscriptions.push(subscription);
    return { unsubscribe: () => (subscription.ended = true) };
  };
  // Only the one procedure that watching uses.
  const client = { workshop: { changes: { subscribe } } } as unknown as Client;
  return { client, subscriptions };
}

const snapshot = (name: string, seq = 1): WorkshopMessage => ({
  seq,
  changes: [{ kind: 'snapshot', ...workshop(NOW, [], [], { name }) }],
});
const held = (seq: number, isHeld: boolean): WorkshopMessage => ({
  seq,
  changes: [{ kind: 'control', control: { ...CONTROL, held: isHeld } }],
});

let stop: (() => void) | undefined;
beforeEach(() => {
  vi.useFakeTimers();
  liveStore.setState(emptyState(NOW), true);
});
afterEach(() => {
  stop?.();
  vi.useRealTimers();
});

test('a snapshot, then changes in order, applied once a frame', () => {
  const { client, subscriptions } = scriptedClient();
  stop = watchWorkshop(client);
  const renders = vi.fn();
  subscriptions[0]?.onData(snapshot('one'));
  const unsubscribe = liveStore.subscribe(renders);
  subscriptions[0]?.onData(held(2, true));
  subscriptions[0]?.onData(held(3, false));
  subscriptions[0]?.onData(held(4, true));
  expect(liveStore.getState().control?.held).toBeUndefined();
  vi.advanceTimersByTime(300);
  expect(liveStore.getState().name).toBe('one');
  expect(liveStore.getState().control?.held).toBe(true);
  expect(renders).toHaveBeenCalledTimes(1);
  unsubscribe();
});

test('a gap in the count leads to a new subscription; nothing is applied until its snapshot', () => {
  const { client, subscriptions } = scriptedClient();
  stop = watchWorkshop(client);
  subscriptions[0]?.onData(snapshot('one'));
  vi.advanceTimersByTime(300);
  subscriptions[0]?.onData(held(3, true));
  vi.advanceTimersByTime(300);
  expect(subscriptions).toHaveLength(2);
  expect(subscriptions[0]?.ended).toBe(true);
  expect(liveStore.getState().control?.held).toBe(false);
  subscriptions[1]?.onData(snapshot('two'));
  vi.advanceTimersByTime(300);
  expect(liveStore.getState().name).toBe('two');
});

test('an error is shown as a lost line, keeps the last figures, and is tried again', () => {
  const { client, subscriptions } = scriptedClient();
  stop = watchWorkshop(client);
  subscriptions[0]?.onData(snapshot('one'));
  vi.advanceTimersByTime(300);
  subscriptions[0]?.onError(new Error('gone'));
  expect(liveStore.getState().line).toMatchObject({ kind: 'lost', why: 'gone' });
  expect(liveStore.getState().name).toBe('one');
  vi.advanceTimersByTime(1000);
  expect(subscriptions).toHaveLength(2);
  subscriptions[1]?.onData(snapshot('two'));
  expect(liveStore.getState().line.kind).toBe('live');
});

test('a socket that reconnects is lost meanwhile, since its first failure', () => {
  const { client, subscriptions } = scriptedClient();
  stop = watchWorkshop(client);
  subscriptions[0]?.onConnectionStateChange({ state: 'connecting', error: null });
  expect(liveStore.getState().line.kind).toBe('connecting');
  subscriptions[0]?.onConnectionStateChange({ state: 'connecting', error: new Error('closed') });
  const since = liveStore.getState().line.since;
  vi.advanceTimersByTime(5000);
  subscriptions[0]?.onConnectionStateChange({ state: 'connecting', error: new Error('closed') });
  expect(liveStore.getState().line).toMatchObject({ kind: 'lost', since });
});

test('an end by main is tried again; after stop nothing is', () => {
  const { client, subscriptions } = scriptedClient();
  stop = watchWorkshop(client);
  subscriptions[0]?.onComplete();
  vi.advanceTimersByTime(1000);
  expect(subscriptions).toHaveLength(2);
  stop();
  subscriptions[1]?.onComplete();
  vi.advanceTimersByTime(5000);
  expect(subscriptions).toHaveLength(2);
  expect(subscriptions[1]?.ended).toBe(true);
});
