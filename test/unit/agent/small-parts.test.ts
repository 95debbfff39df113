import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { errorText, outOfVram, unusableWorkflow } from '../../../worker-agent/src/agent/job-errors.ts';
import { createShutdown } from '../../../worker-agent/src/agent/shutdown.ts';
import { openSpool } from '../../../worker-agent/src/agent/spool.ts';
import { rememberSubmitted } from '../../../worker-agent/src/agent/submitted.ts';
import { createWake } from '../../../worker-agent/src/agent/wake.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { Claim, SettleOutcome } from '../../../worker-agent/src/queue/roles.ts';

const log = pino({ level: 'silent' });
afterEach(() => {
  vi.useRealTimers();
});

describe('wake', () => {
  test('news that comes while nobody waits is not lost, and is told once', async () => {
    vi.useFakeTimers();
    const wake = createWake();
    wake.notify();
    wake.notify();
    await wake.wait(60_000);
    let woken = false;
    void wake.wait(1000).then(() => {
      woken = true;
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(woken).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(woken).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('shutdown', () => {
  test('runs every step once, in order, past failures and hangs', async () => {
    vi.useFakeTimers();
    const ran: string[] = [];
    const stop = createShutdown(
      [
        { name: 'fails', run: () => Promise.reject(new Error('no')) },
        { name: 'hangs', run: () => new Promise(() => {}), limitMs: 1000 },
        { name: 'last', run: () => void ran.push('last') },
      ],
      log,
    );
    const both = Promise.all([stop(), stop()]);
    await vi.advanceTimersByTimeAsync(1000);
    await both;
    expect(ran).toEqual(['last']);
  });
});

describe('spool', () => {
  const claim: Claim = {
    jobId: 'job.1',
    token: 't',
    text: Buffer.from('{}'),
    attempt: 1,
    score: 5,
    claimedAt: 9,
  };
  const who = { userId: 'user001', workerId: 'worker-1' };

  const open = (folder: string, settle: () => Promise<SettleOutcome>) =>
    openSpool(folder, { getBuffer: async () => Buffer.from('{}') }, { settle }, log);

  test('keeps a result until Redis takes it, also over a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spool-'));
    try {
      const away = open(folder, () => Promise.reject(new WorkshopError('REDIS_UNREACHABLE', 'away')));
      away.put(claim, { status: 'failed', error: 'boom' }, who);
      await expect(away.flush()).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
      expect(away.has('job.1')).toBe(true);
      const back = open(folder, async () => ({ kind: 'settled', status: 'failed' }));
      const told: string[] = [];
      await back.flush((spooled, outcome) => told.push(`${spooled.jobId} ${outcome.kind}`));
      expect(told).toEqual(['job.1 settled']);
      expect(back.isEmpty()).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('what can never be read or settled is set aside and keeps nothing waiting', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spool-'));
    try {
      writeFileSync(join(folder, 'a.json'), '{"half":');
      const spool = open(folder, () => Promise.reject(new WorkshopError('JOB_UNREADABLE', 'no')));
      spool.put(claim, { status: 'cancelled' }, who);
      await spool.flush();
      expect(spool.isEmpty()).toBe(true);
      expect(readdirSync(folder).sort()).toEqual(['a.json.unreadable', 'job_.1.json.refused']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('submitted prompts', () => {
  test('only a job younger than the agent that was not seen yet is surely unknown to ComfyUI', () => {
    const start = Date.UTC(2026, 0, 1);
    const submitted = rememberSubmitted(() => start);
    const young = new Date(start + 60_000).toISOString();
    expect(submitted.mayBeKnown({ id: 'a', createdAt: young })).toBe(false);
    expect(submitted.mayBeKnown({ id: 'a', createdAt: young })).toBe(true);
    expect(submitted.mayBeKnown({ id: 'b', createdAt: new Date(start - 1).toISOString() })).toBe(true);
    expect(submitted.mayBeKnown({ id: 'c', createdAt: 'yesterday' })).toBe(true);
  });
});

describe('sentences for participants', () => {
  test('an editor workflow says what to do', () => {
    expect(errorText(unusableWorkflow({ kind: 'ui' }))).toContain('Export (API)');
  });

  test('out of VRAM names what the kind of job is known to need, and the card by name', () => {
    const error = new WorkshopError('OUT_OF_VRAM', 'CUDA out of memory.').toInfo();
    const card = { totalMiB: 81_559, freeMiB: 3389, needMiB: 92_160, cardName: 'NVIDIA H100 80GB HBM3' };
    expect(outOfVram(error, card).message).toBe(
      'The GPU ran out of memory, also after all models had been unloaded. This kind of job needs 90.0 GiB or more. ' +
        'The card has 79.6 GiB (NVIDIA H100 80GB HBM3), of which 3.3 GiB are free.',
    );
  });

  test('out of VRAM names need and card, as far as known', () => {
    const error = new WorkshopError(
      'OUT_OF_VRAM',
      'CUDA out of memory. Tried to allocate 20.00 GiB.',
    ).toInfo();
    expect(outOfVram(error, { totalMiB: 81_559, freeMiB: 3389, needMiB: null, cardName: null }).message).toBe(
      'The GPU ran out of memory, also after all models had been unloaded. It asked for another 20.00 GiB. ' +
        'The card has 79.6 GiB, of which 3.3 GiB are free.',
    );
    const silent = new WorkshopError('OUT_OF_VRAM', 'no memory').toInfo();
    expect(
      outOfVram(silent, { totalMiB: null, freeMiB: null, needMiB: null, cardName: null }).message,
    ).not.toMatch(/null|NaN|The card has/);
  });
});
