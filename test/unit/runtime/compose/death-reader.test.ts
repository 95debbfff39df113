import { expect, test } from 'vitest';
import type { Container } from '../../../../worker-agent/src/runtime/compose/container.ts';
import type { ContainerEvent } from '../../../../worker-agent/src/runtime/compose/container-events.ts';
import { DeathReader } from '../../../../worker-agent/src/runtime/compose/death-reader.ts';

const container = (more: Partial<Container> = {}): Container => ({
  id: 'c1',
  name: 'workshop-worker-1',
  image: 'comfyui',
  argv: [],
  restartCount: 0,
  status: 'running',
  pid: 10,
  exitCode: 0,
  outOfMemory: false,
  error: '',
  startedAt: 1000,
  finishedAt: null,
  memoryLimitBytes: 0,
  labels: {},
  ...more,
});
const event = (more: Partial<ContainerEvent>): ContainerEvent => ({
  workerId: 'worker-1',
  containerId: 'c1',
  action: 'die',
  exitCode: 1,
  at: 5000,
  ...more,
});

test('nothing ended as long as Docker knows of no new end', () => {
  const same = container({ finishedAt: 900 });
  expect(new DeathReader().between(same, { ...same }, true)).toEqual([]);
});

test('a container that runs again has forgotten its exit code; the event remembers it', () => {
  const reader = new DeathReader();
  reader.noticed(event({ exitCode: 42, at: 5400 }));
  const now = container({ restartCount: 1, finishedAt: 5000, startedAt: 6000 });
  expect(reader.between(container(), now, true)).toEqual([
    { at: 5000, exitCode: 42, outOfMemory: false, wasReady: true },
  ]);
});

test('without an event a running container’s exit code is unknown, not 0', () => {
  const now = container({ restartCount: 1, finishedAt: 5000, startedAt: 6000 });
  expect(new DeathReader().between(container(), now, false)[0]?.exitCode).toBeNull();
});

test('ends between two looks are counted by Docker’s restarts; only the first can have been of a ready one', () => {
  const now = container({ status: 'restarting', restartCount: 3, finishedAt: 9000, exitCode: 3 });
  const crashes = new DeathReader().between(container(), now, true);
  expect(crashes.map(({ exitCode, wasReady }) => [exitCode, wasReady])).toEqual([
    [3, true],
    [3, false],
    [3, false],
  ]);
});

test('the kernel’s memory kill is known from the event or from the stopped container', () => {
  const reader = new DeathReader();
  reader.noticed(event({ action: 'oom', at: 4900 }));
  const again = container({ restartCount: 1, finishedAt: 5000, startedAt: 6000 });
  expect(reader.between(container(), again, true)[0]?.outOfMemory).toBe(true);
  const down = container({ status: 'exited', finishedAt: 5000, exitCode: 137, outOfMemory: true });
  expect(new DeathReader().between(container(), down, true)[0]?.outOfMemory).toBe(true);
});

test('another container under the same name is no crash', () => {
  const other = container({ id: 'c2', finishedAt: 5000 });
  expect(new DeathReader().between(container(), other, true)).toEqual([]);
});

test('at first sight only many restarts with the last just now are a loop', () => {
  const reader = new DeathReader();
  const looping = container({ status: 'restarting', restartCount: 5, finishedAt: 99_000, exitCode: 3 });
  expect(reader.atFirstSight(looping, 100_000)).toHaveLength(3);
  const settled = container({ restartCount: 5, finishedAt: 1000, startedAt: 2000 });
  expect(reader.atFirstSight(settled, 10_000_000)).toEqual([]);
  const down = container({ status: 'exited', finishedAt: 1000 });
  expect(reader.atFirstSight(down, 100_000)).toEqual([]);
});
