import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { giveUpOf } from '../../../worker-agent/src/agent/job-abort.ts';
import { createLeaseKeeper, type LeaseKeeper } from '../../../worker-agent/src/agent/lease-keeper.ts';
import type { ClaimRef, RenewOutcome } from '../../../worker-agent/src/queue/roles.ts';

const log = pino({ level: 'silent' });

describe('lease keeper', () => {
  let calls: string[][];
  let answers: Record<string, RenewOutcome>;
  let failure: Error | undefined;
  let keeper: LeaseKeeper;
  beforeEach(() => {
    vi.useFakeTimers();
    calls = [];
    answers = {};
    failure = undefined;
    const renew = async (claims: readonly ClaimRef[]) => {
      calls.push(claims.map((claim) => claim.jobId));
      if (failure) throw failure;
      return claims.map((claim) => answers[claim.jobId] ?? 'renewed');
    };
    keeper = createLeaseKeeper({ consumer: { renew }, leaseMs: 30_000, intervalMs: 1000, log });
  });
  afterEach(() => {
    keeper.close();
    vi.useRealTimers();
  });

  test('renews all claims in one batch on a timer, and none when none is held', async () => {
    await vi.advanceTimersByTimeAsync(5000);
    expect(calls).toEqual([]);
    const first = keeper.hold({ jobId: 'a', token: '1' }, new AbortController());
    keeper.hold({ jobId: 'b', token: '2' }, new AbortController());
    await vi.advanceTimersByTimeAsync(1000);
    expect(calls).toEqual([['a', 'b']]);
    first();
    await vi.advanceTimersByTimeAsync(1000);
    expect(calls.at(-1)).toEqual(['b']);
  });

  test.each(['lost', 'cancelled', 'gone'] as const)(
    '%s aborts the work of that job alone',
    async (outcome) => {
      const [mine, other] = [new AbortController(), new AbortController()];
      keeper.hold({ jobId: 'a', token: '1' }, mine);
      keeper.hold({ jobId: 'b', token: '2' }, other);
      answers.a = outcome;
      await vi.advanceTimersByTimeAsync(1000);
      expect(giveUpOf(mine.signal)).toEqual({ kind: outcome });
      expect(other.signal.aborted).toBe(false);
    },
  );

  test('Redis away does not stop the work', async () => {
    const work = new AbortController();
    keeper.hold({ jobId: 'a', token: '1' }, work);
    failure = new Error('Connection is closed.');
    await vi.advanceTimersByTimeAsync(120_000);
    expect(work.signal.aborted).toBe(false);
    failure = undefined;
    answers.a = 'lost';
    await keeper.renewNow();
    expect(work.signal.aborted).toBe(true);
  });

  test('a change of a held job is looked at once; others are nobody’s business', async () => {
    const work = new AbortController();
    keeper.hold({ jobId: 'a', token: '1' }, work);
    keeper.check('stranger');
    expect(calls).toEqual([]);
    answers.a = 'cancelled';
    keeper.check('a');
    await vi.advanceTimersByTimeAsync(0);
    expect(giveUpOf(work.signal)).toEqual({ kind: 'cancelled' });
  });
});
