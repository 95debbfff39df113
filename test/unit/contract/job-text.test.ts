import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applySplices,
  type JobChanges,
  readJobText,
  spliceJobText,
  workflowBytes,
} from '../../../worker-agent/src/contract/job-text.ts';

const head = '{"id":"j1","user_id":"user007","workflow":';
const tail =
  ',"status":"pending","priority":2,"created_at":"2026-03-01T10:20:30.123400Z","started_at":null,' +
  '"completed_at":null,"worker_id":null,"result":null,"error":null,"metadata":{"batch_index":0}}';
const jobWith = (workflow: string) => Buffer.from(head + workflow + tail);
const edit = (bytes: Buffer, changes: JobChanges) =>
  applySplices(bytes, spliceJobText(readJobText(bytes, 'j1'), changes));

describe('reading', () => {
  test('small fields are parsed and the workflow is only located', () => {
    const workflow = '{"3":{"class_type":"KSampler","inputs":{"seed":18446744073709551615,"cfg":8.0}}}';
    const job = readJobText(jobWith(workflow), 'j1');
    expect(workflowBytes(job).toString()).toBe(workflow);
    expect(job.fields).toMatchObject({ user_id: 'user007', status: 'pending', priority: 2 });
  });

  test.each([
    ['not JSON at all', 'hello', /not a JSON object/],
    ['text after the object', '{} {}', /not a JSON object/],
    ['a list', '[]', /not a JSON object/],
    ['no workflow', '{"id":"j1","user_id":"u","created_at":"x"}', /no workflow/],
    ['a workflow that is a list', `${head}[]${tail}`, /workflow is not an object/],
    ['an unknown status', jobWith('{}').toString().replace('"pending"', '"claimed"'), /its status is wrong/],
    ['priority 5', jobWith('{}').toString().replace('"priority":2', '"priority":5'), /its priority is wrong/],
    ['a hostile user id', jobWith('{}').toString().replace('user007', '../x'), /its user_id is wrong/],
    [
      'a user id of 100 KB',
      jobWith('{}').toString().replace('user007', 'u'.repeat(1e5)),
      /its user_id is wrong/,
    ],
    [
      'a result that is a list',
      jobWith('{}').toString().replace('"result":null', '"result":[]'),
      /its result is wrong/,
    ],
    ['another id inside', jobWith('{}').toString().replace('"j1"', '"j2"'), /its id says "j2"/],
    ['a string without end', `${head}{"a":"b}${tail}`, /not a JSON object/],
  ])('refuses %s, naming the field', (_name, text, message) => {
    expect(() => readJobText(Buffer.from(text), 'j1')).toThrow(message);
  });

  test('refuses invalid UTF-8 instead of repairing it', () => {
    const bytes = Buffer.concat([
      Buffer.from(head),
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      Buffer.from(tail),
    ]);
    expect(() => readJobText(bytes, 'j1')).toThrow(/not valid UTF-8/);
  });

  test('look-alike fields inside the workflow are not taken for the job’s', () => {
    const workflow = '{"status":"failed","a":{"b":"},\\"status\\":\\"cancelled\\""},"worker_id":"evil"}';
    const job = readJobText(jobWith(workflow), 'j1');
    expect(job.fields.status).toBe('pending');
    expect(job.fields.worker_id).toBeNull();
  });
});

describe('editing', () => {
  test('changes the named members and nothing else', () => {
    const before = jobWith('{"1":{"class_type":"X","inputs":{}}}');
    const after = edit(before, {
      status: 'running',
      started_at: '2026-03-01T10:21:00Z',
      worker_id: 'worker-1',
    });
    expect(after.toString()).toBe(
      before
        .toString()
        .replace('"status":"pending"', '"status":"running"')
        .replace('"started_at":null', '"started_at":"2026-03-01T10:21:00Z"')
        .replace('"worker_id":null', '"worker_id":"worker-1"'),
    );
  });

  test('adds members that the text lacks', () => {
    const bytes = Buffer.from('{"id":"j1","user_id":"u","workflow":{},"created_at":1772360430}');
    expect(JSON.parse(edit(bytes, { status: 'failed', error: 'x' }).toString())).toEqual({
      id: 'j1',
      user_id: 'u',
      workflow: {},
      created_at: 1772360430,
      status: 'failed',
      error: 'x',
    });
  });

  const seed = fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }).map(String);
  const literal = fc.oneof(
    seed,
    fc.constantFrom(
      '8.0',
      '1e-7',
      '-0.0',
      '0.1',
      'true',
      'null',
      '"\\u00e9"',
      '"é 日本 🎬"',
      '"a\\"},{"',
      '"\\\\"',
      '[]',
      '{}',
    ),
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  );
  const workflows = fc
    .array(fc.tuple(fc.string(), literal), { minLength: 1, maxLength: 40 })
    .map(
      (inputs) =>
        `{ "3" : {"class_type":"KSampler","inputs":{${inputs.map(([key, value]) => `${JSON.stringify(key)}: ${value}`).join(',')}}}}`,
    );

  test('the workflow keeps its bytes through any edit', () => {
    fc.assert(
      fc.property(workflows, fc.string({ unit: 'grapheme' }), (workflow, error) => {
        const after = edit(jobWith(workflow), { status: 'failed', error, result: { note: error } });
        const job = readJobText(after, 'j1');
        expect(workflowBytes(job).equals(Buffer.from(workflow))).toBe(true);
        expect(job.fields.error).toBe(error);
      }),
    );
  });

  test('edits can follow each other and be undone', () => {
    fc.assert(
      fc.property(workflows, (workflow) => {
        const before = jobWith(workflow);
        const running = edit(before, {
          status: 'running',
          started_at: '2026-03-01T10:21:00Z',
          worker_id: 'w',
        });
        const back = edit(running, { status: 'pending', started_at: null, worker_id: null });
        expect(back.equals(before)).toBe(true);
      }),
    );
  });
});
