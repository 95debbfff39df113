import type { WorkshopMessage } from '../../src-main/api/types.ts';
import { applyChanges } from './apply.ts';
import { batchPerFrame } from './batch.ts';
import type { Client } from './client.ts';
import { liveStore, type MainLine } from './store.ts';

/** Pause before a subscription that main ended or refused is asked for again, ms. */
const AGAIN_AFTER = 1000;

/**
 * Keeps the live store fed by the one subscription. A gap in `seq`, an error or an end leads to a new subscription,
 * which begins with a whole snapshot; until it comes the last known figures stay.
 * @returns a function that ends it.
 */
export function watchWorkshop(client: Client): () => void {
  const batch = batchPerFrame((changes) => liveStore.setState((state) => applyChanges(state, changes)));
  let expected: number | undefined;
  let running: { unsubscribe: () => void } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  const take = (message: WorkshopMessage) => {
    const whole = message.changes.some(({ kind }) => kind === 'snapshot');
    if (!whole && message.seq !== expected) return again(0);
    expected = message.seq + 1;
    setLine({ kind: 'live', since: Date.now() });
    batch.add(message.changes);
  };

  const subscribe = () => {
    timer = undefined;
    expected = undefined;
    running = client.workshop.changes.subscribe(undefined, {
      onData: take,
      onError: (error) => {
        setLine({ kind: 'lost', since: Date.now(), why: error.message });
        again(AGAIN_AFTER);
      },
      onComplete: () => {
        setLine({ kind: 'lost', since: Date.now(), why: 'the console ended the feed' });
        again(AGAIN_AFTER);
      },
      onConnectionStateChange: ({ state, error }) => {
        if (state === 'connecting' && error)
          setLine({ kind: 'lost', since: Date.now(), why: 'the console does not answer' });
      },
    });
  };

  const again = (afterMs: number) => {
    if (stopped || timer !== undefined) return;
    running?.unsubscribe();
    running = undefined;
    timer = setTimeout(subscribe, afterMs);
  };

  subscribe();
  return () => {
    stopped = true;
    clearTimeout(timer);
    running?.unsubscribe();
    batch.stop();
  };
}

/** `since` stays that of the first loss or arrival. */
function setLine(line: MainLine): void {
  if (liveStore.getState().line.kind !== line.kind) liveStore.setState({ line });
}
