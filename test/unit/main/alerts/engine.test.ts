import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Look, Reading } from '../../../../src-main/domain/alerts/alert.ts';
import { createAlertEngine } from '../../../../src-main/domain/alerts/engine.ts';
import { freshAlertSettings, type RuleId, rulesInForce } from '../../../../src-main/domain/alerts/rules.ts';

const SECOND = 1000;
const rules = rulesInForce(freshAlertSettings());
const says = (rule: RuleId, verdict: Reading['verdict'] = 'over', key: string = rule): Reading => ({
  ...{ key, rule, verdict, severity: 'warn' },
  ...{ text: `${rule} ${verdict}`, action: null },
});
const look = (...readings: Reading[]): Look => ({ readings, blind: [] });

/** Steps an engine second by second. */
function walk() {
  const engine = createAlertEngine();
  let now = 1_000_000;
  const step = (seen: Look, seconds = 1) => {
    const rung: string[] = [];
    const records: string[] = [];
    for (let second = 0; second < seconds; second += 1) {
      now += SECOND;
      const { rings, records: told } = engine.step(seen, rules, now);
      rung.push(...rings.map(({ key }) => key));
      records.push(...told.map(({ what, rule }) => `${what} ${rule}`));
    }
    return { rung, records };
  };
  return {
    engine,
    step,
    at: () => now,
    skip: (ms: number) => {
      now += ms;
    },
    standing: () => engine.alerts(now).map(({ key }) => key),
  };
}

describe('one alert', () => {
  test('speaks once it has held as long as its rule says, rings once, and ends once it is surely over', () => {
    const { step, standing } = walk();
    expect(step(look(says('redis-slow')), 10).rung).toEqual([]);
    expect(step(look(says('redis-slow')), 60)).toEqual({
      rung: ['redis-slow'],
      records: ['raised redis-slow'],
    });
    expect(step(look(), 10).records).toEqual([]);
    expect(standing()).toEqual(['redis-slow']);
    expect(step(look(), 2).records).toEqual(['resolved redis-slow']);
    expect(standing()).toEqual([]);
  });

  test('that another word shows to be over ends, though nothing else of its host can be judged', () => {
    const { step, standing } = walk();
    step(look(says('vram-guard', 'over', 'vram-guard/h/0')), 90);
    const dark: Look = { readings: [], blind: ['vram-guard/', 'vram-guard/h/'] };
    step(dark, 300);
    expect(standing()).toEqual(['vram-guard/h/0']);
    expect(step({ ...dark, seen: ['vram-guard/other/0'] }, 300).records).toEqual([]);
    expect(step({ ...dark, seen: ['vram-guard/h/0'] }, 300).records).toEqual(['resolved vram-guard']);
  });

  test('a spike shorter than that says nothing', () => {
    const { step } = walk();
    for (let at = 0; at < 5; at += 1)
      expect(step(look(says('redis-slow')), 9).rung.concat(step(look(), 1).rung)).toEqual([]);
  });

  test('between both limits it neither begins nor ends', () => {
    const { step, standing } = walk();
    step(look(says('queue-deep', 'between')), 60);
    expect(standing()).toEqual([]);
    step(look(says('queue-deep')), 10);
    step(look(says('queue-deep', 'between')), 600);
    expect(standing()).toEqual(['queue-deep']);
  });

  test('what comes back within two minutes is the same alert and does not ring again; later it is a new one', () => {
    const { step, engine, at, skip } = walk();
    step(look(says('worker-failed')));
    const [first] = engine.alerts(at());
    step(look(), 5);
    expect(step(look(says('worker-failed'))).rung).toEqual([]);
    expect(engine.alerts(at())[0]?.id).toBe(first?.id);
    step(look(), 5);
    skip(130 * SECOND);
    expect(step(look(says('worker-failed'))).rung).toEqual(['worker-failed']);
  });

  test('a snooze that ends over a standing failure rings once; over one that is gone, or not surely there, it does not', () => {
    const { step, engine, at } = walk();
    const failing = look(says('worker-failed', 'over', 'worker-failed/h/1'));
    step(failing);
    engine.snooze('worker-failed/h/1', at() + 60 * SECOND);
    expect(step(failing, 59).rung).toEqual([]);
    expect(step(failing, 120).rung).toEqual(['worker-failed/h/1']);
    engine.snooze('worker-failed/h/1', at() + 10 * SECOND);
    expect(step({ readings: [], blind: ['worker-failed/h/'] }, 30).rung).toEqual([]);
    expect(step(failing).rung).toEqual(['worker-failed/h/1']);
    engine.snooze('worker-failed/h/1', at() + 10 * SECOND);
    expect(step(look(), 200).rung).toEqual([]);
    // Whoever ends it by hand has just looked.
    step(failing);
    engine.snooze('worker-failed/h/1', at() + 10 * SECOND);
    engine.snooze('worker-failed/h/1', null);
    expect(step(failing, 60).rung).toEqual([]);
  });

  test('while nobody can look it stays, says since when, and nothing is resolved', () => {
    const { step, engine, at } = walk();
    step(look(says('worker-failed', 'over', 'worker-failed/h/worker-1')));
    const blind = { readings: [], blind: ['worker-failed/h/'] };
    expect(step(blind, 500).records).toEqual([]);
    expect(engine.alerts(at())[0]?.unknownSince).toBe(at() - 499 * SECOND);
    step(look(says('worker-failed', 'over', 'worker-failed/h/worker-1')));
    expect(engine.alerts(at())[0]?.unknownSince).toBeNull();
  });

  test('time that the machine slept does not count', () => {
    const { step, skip } = walk();
    step(look(says('redis-slow')), 5);
    skip(3_600_000);
    expect(step(look(says('redis-slow')), 10).rung).toEqual([]);
    expect(step(look(says('redis-slow')), 3).rung).toEqual(['redis-slow']);
  });

  test('a restart neither tells it again nor forgets its snooze; a rule that is switched off ends it', () => {
    const { step, engine, at } = walk();
    step(look(says('worker-failed')));
    engine.snooze('worker-failed', at() + 60 * SECOND);
    const later = createAlertEngine();
    later.restore(engine.open());
    expect(later.step(look(says('worker-failed')), rules, at() + SECOND).rings).toEqual([]);
    expect(later.alerts(at() + SECOND)[0]?.snoozedUntil).toBe(at() + 60 * SECOND);
    expect(later.alerts(at() + 61 * SECOND)[0]?.snoozedUntil).toBeNull();
    const off = rulesInForce({ rules: { 'worker-failed': { enabled: false, threshold: null } } });
    const { records } = later.step(look(says('worker-failed')), off, at() + 2 * SECOND);
    expect(records.map(({ what }) => what)).toEqual(['resolved']);
    expect(later.alerts(at())).toEqual([]);
  });
});

test('the most pressing first: failures before warnings, then the order of the rules', () => {
  const { step, standing } = walk();
  const failing: Reading = { ...says('nobody-served'), severity: 'fail' };
  step(look(says('rental-ending'), says('worker-failed'), failing));
  expect(standing()).toEqual(['nobody-served', 'worker-failed', 'rental-ending']);
});

test('whatever is seen: raised and resolved take turns, nothing rings twice within two minutes, all is bounded', () => {
  const reading = fc.record({
    key: fc.integer({ min: 0, max: 150 }).map((at) => `worker-failed/h/${at % 5 === 0 ? at : at % 5}`),
    verdict: fc.constantFrom('over' as const, 'between' as const),
  });
  const look = fc.record({
    readings: fc.uniqueArray(reading, { selector: ({ key }) => key, maxLength: 130 }),
    blind: fc.boolean(),
    afterMs: fc.integer({ min: 1, max: 40_000 }),
  });
  fc.assert(
    fc.property(fc.array(look, { maxLength: 60 }), (looks) => {
      const engine = createAlertEngine();
      const open = new Set<string>();
      const rangAt = new Map<string, number>();
      let now = 0;
      for (const { readings, blind, afterMs } of looks) {
        now += afterMs;
        const { rings, records } = engine.step(
          {
            readings: readings.map(({ key, verdict }) => says('worker-failed', verdict, key)),
            blind: blind ? ['worker-failed/'] : [],
          },
          rules,
          now,
        );
        for (const { what, id } of records) {
          expect(open.has(id)).toBe(what === 'resolved');
          if (what === 'raised') open.add(id);
          else open.delete(id);
        }
        for (const { key } of rings) {
          expect(now - (rangAt.get(key) ?? Number.NEGATIVE_INFINITY)).toBeGreaterThan(0);
          rangAt.set(key, now);
        }
        const standing = engine.alerts(now);
        expect(new Set(standing.map(({ id }) => id))).toEqual(open);
        expect(standing.length).toBeLessThanOrEqual(100);
        for (const { verdict, key } of readings)
          if (verdict === 'between' && !open.size)
            expect(standing.some((one) => one.key === key)).toBe(false);
      }
    }),
    { numRuns: 60 },
  );
});
