import { expect, test } from 'vitest';
import {
  type PlanContent,
  planContentSchema,
  planShape,
  planShapeFor,
} from '../../../../src-main/domain/capacity/plan-content.ts';
import { createSharedDocument } from '../../../../src-main/services/shared-document.ts';
import { memoryStore } from '../../../support/shared-memory.ts';

const rental = { pricePerHour: 2, currency: '€', startedAt: 1, endsAt: null };
const content = {
  ...planShape.fresh(),
  ...{ guardMiB: 70_000, guards: { 'gpu-2': 20_000 }, rentals: { 'gpu-2': rental } },
  rules: { 'disk-low': { enabled: false, threshold: null } },
};

test('taken apart and put together it is the same, each host an entry of its own', () => {
  const entries = planShape.entriesOf(content);
  expect(entries['guard/gpu-2']).toBe(20_000);
  expect(planShape.contentOf(entries)).toEqual(content);
});

test('what an earlier version wrote is read as it was meant', () => {
  const old = { preset: null, guardMiB: 70_000, users: 20, rental, rules: {} };
  expect(planContentSchema.parse(old)).toEqual({ ...planShape.fresh(), ...old });
});

test('in a conflict each is named for its host', () => {
  expect(planShape.describe('guard/gpu-2', content)).toBe('the guard of gpu-2 is 20 GB');
  expect(planShape.describe('guard/gpu-1', content)).toBe('gpu-1 has no guard of its own');
  expect(planShape.describe('rental/gpu-2', content)).toBe('the rental of gpu-2 is € 2 an hour');
  expect(planShape.describe('rental/gpu-1', content)).toBe('no rental of gpu-1 is entered');
});

test('people are called what the workshop calls them', () => {
  const artists = planShapeFor(() => 'artists');
  expect(artists.describe('users', { ...content, users: 12 })).toBe('12 artists are planned');
  expect(artists.describe('users', content)).toBe('no number of artists is set');
});

test('two consoles enter rentals at once: of different hosts both hold, of one host the second reads whose stands', async () => {
  const store = memoryStore<PlanContent>();
  const consoleOf = (by: string) =>
    createSharedDocument({
      ...{ shape: planShape, store: () => store, by: () => by, changed: () => {}, note: async () => {} },
      ...{ kept: { load: async () => undefined, save: async () => {} }, before: async () => undefined },
    });
  const [ann, ben] = [consoleOf('Ann'), consoleOf('Ben')];
  for (const one of [ann, ben]) await one.turnTo({ id: null, address: '10.0.0.1:6379' });
  const enter = (who: typeof ann, hostId: string, pricePerHour: number) =>
    who.change(`Set the rental of ${hostId}.`, (plan) => ({
      ...plan,
      rentals: { ...plan.rentals, [hostId]: { ...rental, pricePerHour } },
    }));
  await enter(ann, 'gpu-1', 3);
  await enter(ben, 'gpu-2', 4);
  expect(store.stands?.rentals).toMatchObject({ 'gpu-1': { pricePerHour: 3 }, 'gpu-2': { pricePerHour: 4 } });
  // Ann has not heard of Ben's yet.
  await expect(enter(ann, 'gpu-2', 9)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(/^Ben changed it .*: the rental of gpu-2 is € 4 an hour/),
  });
  expect(store.stands?.rentals['gpu-2']).toMatchObject({ pricePerHour: 4 });
  for (const one of [ann, ben]) one.close();
});
