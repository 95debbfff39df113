/** Lets a bounded number of tasks in at a time, in the order of their coming. */
export interface Gate {
  /** @throws the signal's reason when it is aborted while the task waits. */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

export function createGate(size: number): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  const enter = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      signal.throwIfAborted();
      if (inside < size) {
        inside++;
        return resolve();
      }
      const admit = () => {
        signal.removeEventListener('abort', leave);
        inside++;
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(admit), 1);
        reject(signal.reason);
      };
      waiting.push(admit);
      signal.addEventListener('abort', leave, { once: true });
    });
  return {
    async run(task, signal) {
      await enter(signal);
      try {
        return await task();
      } finally {
        inside--;
        waiting.shift()?.();
      }
    },
  };
}

/** Tasks of the same key run one after the other, those of different keys at once. */
export function createTurns(): <T>(key: string, task: () => Promise<T>, signal: AbortSignal) => Promise<T> {
  const gates = new Map<string, { gate: Gate; users: number }>();
  return async (key, task, signal) => {
    const turn = gates.get(key) ?? { gate: createGate(1), users: 0 };
    gates.set(key, turn);
    turn.users++;
    try {
      return await turn.gate.run(task, signal);
    } finally {
      if (--turn.users === 0) gates.delete(key);
    }
  };
}

/** Runs `work` on all items, at most `size` at a time. The first failure stops what has not begun and is thrown. */
export async function eachOf<Item, Result>(
  items: readonly Item[],
  size: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Map<number, Result>();
  let next = 0;
  let failed = false;
  const lane = async () => {
    while (!failed) {
      const at = next++;
      const item = items[at];
      if (item === undefined) return;
      try {
        results.set(at, await work(item));
      } catch (cause) {
        failed = true;
        throw cause;
      }
    }
  };
  // All lanes have come to rest before the failure is passed on: nothing goes on behind the caller's back.
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(size, items.length) }, lane));
  for (const outcome of lanes) if (outcome.status === 'rejected') throw outcome.reason;
  return items.flatMap((_, at) => {
    const result = results.get(at);
    return result === undefined ? [] : [result];
  });
}
