import { expect, test } from 'vitest';
import { createGate, createTurns, eachOf } from '../../../worker-agent/src/outputs/gate.ts';

const never = new AbortController().signal;

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

test('a gate lets in so many, in order, and gives the place of one that left while waiting to the next', async () => {
  const gate = createGate(1);
  const first = deferred();
  const order: string[] = [];
  const task = (name: string, until?: Promise<void>) => async () => {
    order.push(name);
    await until;
  };
  const running = gate.run(task('first', first.promise), never);
  const abort = new AbortController();
  const impatient = gate.run(task('impatient'), abort.signal);
  const patient = gate.run(task('patient'), never);
  abort.abort(new Error('enough'));
  await expect(impatient).rejects.toThrow('enough');
  first.resolve();
  await Promise.all([running, patient]);
  expect(order).toEqual(['first', 'patient']);
});

test('a task that fails frees its place', async () => {
  const gate = createGate(1);
  await expect(gate.run(() => Promise.reject(new Error('broken')), never)).rejects.toThrow('broken');
  expect(await gate.run(async () => 'next', never)).toBe('next');
});

test('turns hold one task per key', async () => {
  const inTurn = createTurns();
  const first = deferred();
  const order: string[] = [];
  const slow = async () => {
    order.push('a1');
    await first.promise;
  };
  const a = inTurn('a', slow, never);
  const a2 = inTurn('a', async () => void order.push('a2'), never);
  await inTurn('b', async () => void order.push('b'), never);
  expect(order).toEqual(['a1', 'b']);
  first.resolve();
  await Promise.all([a, a2]);
  expect(order).toEqual(['a1', 'b', 'a2']);
});

test('eachOf keeps the order of results and ends all before it passes a failure on', async () => {
  expect(await eachOf([3, 1, 2], 2, async (n) => n * 10)).toEqual([30, 10, 20]);
  const slow = deferred();
  let ended = false;
  const work = eachOf([1, 2, 3], 2, async (n) => {
    if (n === 1) throw new Error('first');
    await slow.promise;
    ended = true;
  });
  queueMicrotask(slow.resolve);
  await expect(work).rejects.toThrow('first');
  expect(ended).toBe(true);
});
