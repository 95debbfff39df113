import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { alertLog } from '../../../../src-main/connections/store/alert-log.ts';
import { byWorkshopFile } from '../../../../src-main/connections/store/by-workshop-file.ts';
import { type AlertsState, keptAlertsSchema } from '../../../../src-main/domain/alerts/alerts-state.ts';
import {
  type PlanContent,
  planContentSchema,
  planShape,
} from '../../../../src-main/domain/capacity/plan-content.ts';
import { keptSharedSchema } from '../../../../src-main/domain/shared/shared-document.ts';
import { createAlertsService } from '../../../../src-main/services/alerts.ts';
import { createSharedDocument } from '../../../../src-main/services/shared-document.ts';
import { notifyOfAlerts } from '../../../../src-main/shells/electron/notify.ts';
import { busyState, host, job, worker, workshop } from '../../../support/scenarios.ts';
import { memoryStore } from '../../../support/shared-memory.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'alerts-'));
  return () => rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

const failed = worker(1, {
  kind: 'failed',
  since: 0,
  retryAt: null,
  error: { code: 'COMFY_DIED', message: 'port 8189 is taken', retryable: false },
});

/** As the composition builds it, over a workshop with a failed worker; looks only when told to. */
async function open(
  address = '100.64.0.7:6379',
  found = workshop(Date.now(), [host({ workers: [failed] }, Date.now())], []).snapshot,
) {
  let snapshot = found;
  let state: AlertsState | null = null;
  const rings: string[] = [];
  const log = alertLog(dir);
  const redis = memoryStore<PlanContent>();
  const plan = createSharedDocument({
    shape: planShape,
    kept: byWorkshopFile(dir, 'plan-shared.json', keptSharedSchema(planContentSchema)),
    before: async () => undefined,
    ...{ store: () => redis, by: () => 'Anna', note: async () => {}, changed: () => service.look() },
  });
  const service = createAlertsService({
    store: byWorkshopFile(dir, 'alerts.json', keptAlertsSchema),
    plan,
    note: async () => {},
    log,
    now: () => snapshot,
    notKept: () => null,
    capacity: { guardMiB: () => null, fits: () => null, rentals: () => [] },
    publish: (next) => {
      state = next;
    },
    everyMs: 2 ** 30,
  });
  service.onRing(({ title }) => rings.push(title));
  const workshop_ = { id: null, address };
  void plan.turnTo(workshop_);
  service.turnTo(workshop_);
  await vi.waitFor(() => expect(state).not.toBeNull());
  return {
    ...{ service, rings, log },
    state: () => state as AlertsState | null,
    snapshot: () => snapshot,
    lose() {
      const link = { kind: 'lost', since: Date.now(), code: 'REDIS_UNREACHABLE', retryAt: null } as const;
      snapshot = { ...snapshot, links: { redis: { ...link, why: 'It is gone.', remedy: 'Look.' } } };
    },
    heal() {
      const healthy = [worker(1, busyState(1, Date.now(), 0))];
      snapshot = workshop(
        Date.now(),
        [host({ workers: healthy }, Date.now())],
        [job(1, 'running', Date.now())],
      ).snapshot;
    },
  };
}

test('rings once, keeps snooze and settings over a restart, and does not ring for the same thing again', async () => {
  const first = await open();
  expect(first.rings).toEqual(['Worker failed']);
  first.service.look();
  expect(first.rings).toHaveLength(1);
  const key = first.state()?.alerts[0]?.key ?? '';
  await first.service.snooze({ key, minutes: 15 });
  await first.service.setRule({ rule: 'queue-deep', enabled: true, threshold: 25 });
  await first.service.setChannels({ sound: false });
  const later = await open();
  expect(later.rings).toEqual([]);
  expect(later.state()).toMatchObject({ sound: false, desktop: true });
  expect(later.state()?.alerts[0]?.snoozedUntil).toBeGreaterThan(Date.now());
  const rules = await later.service.rules();
  expect(rules.find(({ id }) => id === 'queue-deep')?.threshold?.value).toBe(25);
  const other = await open('100.64.0.8:6379');
  expect(other.rings).toEqual(['Worker failed']);
  expect(other.state()?.sound).toBe(true);
});

test('the history outlives the console, is per workshop, and half a line is skipped', async () => {
  const first = await open();
  await first.log.written();
  await appendFile(join(dir, 'alerts.jsonl'), '{"workshop":"100.64.0.7:6379","at":1,"wh');
  const later = await open();
  later.heal();
  vi.useFakeTimers({ now: Date.now() + 1000, toFake: ['Date'] });
  later.service.look();
  vi.setSystemTime(Date.now() + 4000);
  later.service.look();
  vi.useRealTimers();
  const history = await later.service.history({ most: 10 });
  expect(history.map(({ what, rule }) => `${what} ${rule}`)).toEqual([
    'resolved worker-failed',
    'raised worker-failed',
  ]);
  expect(await (await open('elsewhere')).service.history({ most: 10 })).toHaveLength(1);
});

test('the history on disk stays bounded', async () => {
  const log = alertLog(dir);
  const record = (at: number) => ({
    ...{ at, what: 'raised' as const, id: `a@${at}`, rule: 'queue-deep' as const },
    ...{ severity: 'warn' as const, text: 'x', stoodMs: null },
  });
  for (let batch = 0; batch < 7; batch += 1)
    log.add(
      'w',
      Array.from({ length: 500 }, (_, at) => record(batch * 500 + at)),
    );
  await log.written();
  const lines = (await readFile(join(dir, 'alerts.jsonl'), 'utf8')).split('\n').filter(Boolean);
  expect(lines.length).toBeLessThanOrEqual(3000);
  expect((await log.read('w', 1))[0]?.at).toBe(3499);
});

test('quiet lets nothing ring; what rose meanwhile and still stands rings once when it ends, also after a restart', async () => {
  const calm = await open();
  const { service, state, heal } = calm;
  await service.quiet({ minutes: 30 });
  expect(state()?.quietUntil).toBeGreaterThan(Date.now());
  calm.lose();
  service.look();
  expect(state()?.alerts.map(({ rule }) => rule)).toContain('redis-lost');
  expect(calm.rings).toEqual(['Worker failed']);
  await service.quiet({ minutes: 30 });
  const later = await open(undefined, calm.snapshot());
  expect(later.rings).toEqual([]);
  await later.service.quiet({ minutes: null });
  expect(later.rings).toEqual(['Redis lost']);
  later.service.look();
  expect(later.rings).toEqual(['Redis lost']);
  heal();
  await expect(service.snooze({ key: 'no such', minutes: 5 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a click on a notification of the system brings the console to the front, with the panel of alerts', () => {
  let tell: (ring: { title: string; text: string }) => void = () => {};
  const shown: { body: string }[] = [];
  let click: () => void = () => {};
  const show = vi.fn();
  const ask = vi.fn();
  notifyOfAlerts(
    {
      onRing: (listener) => {
        tell = listener;
        return () => {};
      },
      ask,
    },
    {
      isSupported: () => true,
      create: (options) => {
        shown.push(options);
        const notification = {
          on: (_: string, listener: () => void) => {
            click = listener;
            return notification;
          },
          show() {},
        };
        return notification as never;
      },
      show,
    },
  );
  tell({ title: 'Deep queue', text: 'x'.repeat(10_000) });
  expect(shown[0]?.body).toHaveLength(240);
  click();
  expect(show).toHaveBeenCalledOnce();
  expect(ask).toHaveBeenCalledOnce();
});
