import { afterEach, expect, test } from 'vitest';
import { catalogue } from '../../../../src-main/app/catalogue.ts';
import { type PlanContent, planShape } from '../../../../src-main/domain/capacity/plan-content.ts';
import { createCapacityService } from '../../../../src-main/services/capacity.ts';
import { host, workshop } from '../../../support/scenarios.ts';

const NOW = Date.now();
const HOUR = 3_600_000;
const rental = (pricePerHour: number, endsAt: number | null = null) => ({
  ...{ pricePerHour, currency: '€', startedAt: NOW - HOUR, endsAt },
});

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** The service over a plan in memory; hosts by their ids. */
function capacityOn(hostIds: string[], begin: Partial<PlanContent> = {}) {
  const { snapshot } = workshop(
    NOW,
    hostIds.map((id) => host({ id, workers: [] }, NOW)),
    [],
  );
  let content: PlanContent = { ...planShape.fresh(), ...begin };
  const told: string[] = [];
  const service = createCapacityService({
    catalogue,
    plan: {
      content: () => content,
      mark: () => ({ changed: null, unshared: null, refused: null }),
      async change(words, next) {
        // As the shared document does it: through the entries.
        content = planShape.contentOf(planShape.entriesOf(next(content)));
        told.push(words);
        service.planChanged();
      },
      applyAgain: async () => {},
    },
    people: () => 'artists',
    now: () => snapshot,
    publish: () => {},
    everyMs: 2 ** 30,
  });
  open.push(service.close);
  service.turnTo(true);
  return { service, told, plan: () => content };
}

test('a rental is entered for a host; what stood for all together becomes the first one’s', async () => {
  const { service, told, plan } = capacityOn(['gpu-2', 'gpu-1'], { rental: rental(9) });
  await service.setRental({ hostId: 'gpu-2', rental: rental(4) });
  expect(plan()).toMatchObject({
    rental: null,
    rentals: { 'gpu-1': { pricePerHour: 9 }, 'gpu-2': { pricePerHour: 4 } },
  });
  await service.setRental({ hostId: 'gpu-1', rental: null });
  expect(Object.keys(plan().rentals)).toEqual(['gpu-2']);
  expect(told).toEqual(['Set the rental of gpu-2 to € 4 an hour.', 'Took the rental of gpu-1 away.']);
  expect(service.state()?.rentals.map(({ hostId }) => hostId)).toEqual(['gpu-2']);
});

test('before a host is known it is nobody’s, and the first host’s once there is one', async () => {
  const before = capacityOn([]);
  await before.service.setRental({ hostId: null, rental: rental(3) });
  expect(before.plan()).toMatchObject({ rental: { pricePerHour: 3 }, rentals: {} });
  const after = capacityOn(['gpu-1'], { rental: before.plan().rental });
  expect(after.service.state()?.rentals).toMatchObject([{ hostId: 'gpu-1', rental: { pricePerHour: 3 } }]);
  await after.service.setRental({ hostId: null, rental: null });
  expect(after.plan()).toMatchObject({ rental: null, rentals: {} });
  expect(after.told).toEqual(['Took the rental away.']);
});

test('an end before the beginning is refused, and nothing is set', async () => {
  const { service, told } = capacityOn(['gpu-1']);
  const wrong = { hostId: 'gpu-1', rental: rental(3, NOW - 2 * HOUR) };
  await expect(service.setRental(wrong)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  expect(told).toEqual([]);
});

test('a guard is for all hosts, or for one until it is taken away', async () => {
  const { service, told, plan } = capacityOn(['gpu-1', 'gpu-2']);
  await service.setGuard({ hostId: null, guardMiB: 70 * 1024 });
  await service.setGuard({ hostId: 'gpu-2', guardMiB: 20 * 1024 });
  expect(service.state()?.hosts).toMatchObject({
    'gpu-1': { guardMiB: 70 * 1024, guardFrom: 'console' },
    'gpu-2': { guardMiB: 20 * 1024, guardFrom: 'own' },
  });
  await service.setGuard({ hostId: 'gpu-2', guardMiB: null });
  expect(plan()).toMatchObject({ guardMiB: 70 * 1024, guards: {} });
  expect(told).toEqual([
    'Set the guard to 70 GB.',
    'Set the guard of gpu-2 to 20 GB.',
    'Took the own guard of gpu-2 away.',
  ]);
});

test('the plan is told in the word of the workshop', async () => {
  const { service, told } = capacityOn(['gpu-1']);
  await service.setPlan({ preset: 'image', users: 18 });
  expect(told).toEqual(['Planned for pictures with 18 artists.']);
});
