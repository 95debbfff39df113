import { describe, expect, test } from 'vitest';
import { platformJobText } from '../../../resources/demo/platform-job.ts';
import { readJobText } from '../../../worker-agent/src/contract/job-text.ts';
import { editedBytes, editSplices, statusOffset } from '../../../worker-agent/src/queue/edit.ts';
import { priorityScore } from '../../../worker-agent/src/queue/score.ts';
import { planSettlement } from '../../../worker-agent/src/queue/settlement.ts';

const text = platformJobText({
  ...{ id: 'job', userId: 'u', workflow: '{"a":8.0}', priority: 2, createdAtMicros: 1_772_360_430_123_400 },
});
const job = readJobText(Buffer.from(text), 'job');

describe('edit', () => {
  test('dates are placed by the script, all else here', () => {
    const edit = { changes: { status: 'running', worker_id: 'w' }, now: ['started_at'] } as const;
    expect(editSplices(job, edit).map(({ text: value }) => value)).toEqual(['"running"', '\u0001', '"w"']);
    expect(editedBytes(job, edit, '2026-01-01T00:00:00Z').toString()).toBe(
      text
        .replace('"pending"', '"running"')
        .replace('"started_at":null', '"started_at":"2026-01-01T00:00:00Z"')
        .replace('"worker_id":null', '"worker_id":"w"'),
    );
  });

  test('halves of surrogate pairs become what the platform can read', () => {
    const error = `a\ud800b \\ud800 \udfff 😀`;
    const edited = editedBytes(job, { changes: { error } }, '').toString();
    expect(edited).toContain('"error":"a\\ufffdb \\\\ud800 \\ufffd 😀"');
  });

  test('a text that says what a date looks like is not taken for one', () => {
    const edit = { changes: { result: { note: 'now by Redis TIME', one: '\u0001' } } };
    expect(editedBytes(job, edit, 'x').toString()).toContain('{"note":"now by Redis TIME","one":"\\u0001"}');
  });

  test('the status offset counts what is replaced before it', () => {
    const raw = Buffer.from(
      '{"worker_id":null,"id":"job","user_id":"u","workflow":{},"status":"pending","created_at":1}',
    );
    const odd = readJobText(raw, 'job');
    const edit = { changes: { status: 'running', worker_id: 'worker-10' } } as const;
    const after = editedBytes(odd, edit, '').toString();
    expect(after.slice(statusOffset(odd, edit)).startsWith('"running"')).toBe(true);
  });
});

describe('score (contract 1.4)', () => {
  test.each([
    ['2026-03-01T10:20:30.123400Z', 1_772_360_430.1234],
    ['2026-03-01T10:20:30Z', 1_772_360_430],
    ['2026-03-01T10:20:30.000001Z', 1_772_360_430.000001],
    ['2026-03-01 12:20:30.999999+02:00', 1_772_360_430.999999],
    ['2026-03-01T10:20:30.1234567Z', 1_772_360_430.123456],
    ['2026-03-01T10:20:30.5', 1_772_360_430.5],
    [1_772_360_430.25, 1_772_360_430.25],
    [1_772_360_430_250, 1_772_360_430.25],
    ['never', 0],
  ])('%s', (created_at, seconds) => {
    expect(priorityScore({ priority: 3, created_at })).toBe(3_000_000 + seconds);
  });
});

describe('who wins (contract 1.7 to 1.9)', () => {
  const plan = (status: 'running' | 'cancelled' | 'failed' | 'completed', completed = false) =>
    planSettlement({ status, completed }, { status: 'completed', result: {} });

  test('a running job ends as its worker says', () => {
    expect(plan('running')).toMatchObject({ status: 'completed', ours: true });
  });
  test('a cancellation stands and is dated once', () => {
    expect(plan('cancelled')).toEqual({
      ...{ status: 'cancelled', ours: false, edit: { changes: {}, now: ['completed_at'] } },
    });
    expect(plan('cancelled', true).edit.now).toEqual([]);
  });
  test('an end that somebody else wrote stands untouched', () => {
    expect(plan('failed')).toEqual({ status: 'failed', ours: false, edit: { changes: {} } });
    expect(plan('completed')).toEqual({ status: 'completed', ours: false, edit: { changes: {} } });
  });
  test('an error text fits the platform’s own limits (contract 1.3)', () => {
    const error = (text: string) =>
      planSettlement({ status: 'running', completed: false }, { status: 'failed', error: text }).edit.changes
        .error ?? '';
    expect(error(' \n')).toBe('The job failed without a message');
    expect([...error('😀'.repeat(20_000))]).toHaveLength(10_000);
  });
});
