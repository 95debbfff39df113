import fc from 'fast-check';
import { expect, test } from 'vitest';
import { catalogue } from '../../../../src-main/app/catalogue.ts';
import { capacityOf } from '../../../../src-main/domain/capacity/capacity.ts';
import { freshCapacitySettings } from '../../../../src-main/domain/capacity/capacity-settings.ts';
import type { HostView } from '../../../../src-main/domain/workshop.ts';
import { adviceWords } from '../../../../src-renderer/features/capacity/advice-words.ts';
import { peopleWords } from '../../../../src-renderer/live/people-words.ts';
import { gpu, host, job, workshop } from '../../../support/scenarios.ts';

const NOW = new Date(2026, 10, 24, 14, 2).getTime();
const GB = 1024;
const people = peopleWords('people');

/** A host with one card that runs jobs of `needGb` each. */
const card = (id: string, totalGb: number, needGb: number, change: object = {}, heardAgo = 300): HostView =>
  host(
    {
      ...{ id, workers: [], heardAgo },
      gpus: [gpu(0, { memoryTotalMiB: totalGb * GB, memoryUsedMiB: 0 })],
      change: {
        ...{ maxWorkers: 4, guardMiB: null },
        needs: [{ kind: 'sdxl image', needMiB: needGb * GB, runs: 3 }],
        ...change,
      },
    },
    NOW,
  );
const state = (hosts: HostView[], users: number | null, preset: 'video' | 'image' | null = 'image') =>
  capacityOf(
    workshop(NOW, hosts, [job(1, 'pending', NOW, { kind: 'sdxl image' })]).snapshot,
    { ...freshCapacitySettings(), preset, users },
    catalogue,
    NOW,
  );

test('workers go where they fit best, and the words say where and who is not counted', () => {
  const both = state([card('a', 80, 20), card('b', 24, 20)], 18);
  expect(both.advice).toMatchObject({
    ...{ workers: 3, leftOut: [], byMemory: 4, carried: 4 },
    spread: [
      { hostId: 'a', workers: 2 },
      { hostId: 'b', workers: 1 },
    ],
  });
  const [a, b, c] = [
    card('a', 80, 20),
    card('b', 80, 20, {}, 60_000),
    card('c', 80, 20, { phase: 'stopped' }),
  ];
  const dead = state([a, b, c], 40);
  expect(dead.advice).toMatchObject({ spread: [{ hostId: 'a', workers: 3 }], byMemory: 3, byCards: 3 });
  expect(adviceWords(dead, peopleWords('artists'))).toBe(
    'Advised: 3 workers, since the guide gives 40 artists 3 workers, and the cards are meant for 3, and 3 fit below the guard. Not counted: b (silent) and c (stopped).',
  );
  // One is held by its card, the other by its memory.
  const limited = state([card('a', 24, 5), card('b', 80, 60)], 18);
  expect(limited.advice?.workers).toBe(2);
  expect(adviceWords(limited, people)).toContain('the GPU hosts carry 2');
});

test('each host that speaks has its own worker for video', () => {
  expect(state([card('a', 80, 20), card('b', 80, 20)], 18, 'video').advice?.spread).toEqual([
    { hostId: 'a', workers: 1 },
    { hostId: 'b', workers: 1 },
  ]);
});

test('where nobody speaks the guide alone is told, and nobody is asked to run it', () => {
  const silent = state([card('a', 80, 20, {}, 60_000)], 18);
  expect(silent.advice).toMatchObject({ workers: 3, spread: [], carried: null, byMemory: null });
});

test('the spread is the advised number, never beyond an agent, never of a host that does not speak', () => {
  const one = fc.record({
    totalGb: fc.integer({ min: 8, max: 120 }),
    needGb: fc.integer({ min: 1, max: 90 }),
    maxWorkers: fc.integer({ min: 1, max: 6 }),
    heardAgo: fc.constantFrom(300, 90_000),
  });
  fc.assert(
    fc.property(
      fc.array(one, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 60 }),
      fc.constantFrom('video' as const, 'image' as const, null),
      (hosts, users, preset) => {
        const views = hosts.map(({ totalGb, needGb, maxWorkers, heardAgo }, at) =>
          card(`gpu-${at}`, totalGb, needGb, { maxWorkers }, heardAgo),
        );
        const { advice, hosts: told } = state(views, users, preset);
        if (!advice) throw new Error('no advice');
        const alive = hosts.flatMap(({ heardAgo }, at) => (heardAgo === 300 ? [`gpu-${at}`] : []));
        expect(advice.spread.map(({ hostId }) => hostId)).toEqual(alive);
        expect(advice.leftOut).toHaveLength(hosts.length - alive.length);
        if (alive.length === 0) return;
        expect(advice.spread.reduce((sum, { workers }) => sum + workers, 0)).toBe(advice.workers);
        let beyond = 0;
        for (const { hostId, workers } of advice.spread) {
          const most = views.find(({ id }) => id === hostId)?.status?.maxWorkers ?? 0;
          expect(workers).toBeLessThanOrEqual(most);
          const count = told[hostId]?.counts[workers - 1];
          if (workers > 0 && count?.verdict !== 'fits') beyond += workers;
        }
        // Only the one worker that is always advised may not fit.
        expect(beyond).toBeLessThanOrEqual(1);
        if (beyond === 1) expect(advice.workers).toBe(1);
      },
    ),
    { numRuns: 200 },
  );
});
