import fc from 'fast-check';
import { expect, test } from 'vitest';
import { platformJobText } from '../../../resources/demo/platform-job.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { createJobConsumer } from '../../../worker-agent/src/queue/job-consumer.ts';
import { createQueueConsole } from '../../../worker-agent/src/queue/queue-console.ts';
import { CREATED_AT_MICROS, claimOne, queueRig, submit } from './queue-rig.ts';

const rig = queueRig();

/** Raw JSON texts that JSON.parse or cjson would not give back: big integers, 8.0, 1e3, escapes, key order. */
const rawNumber = fc.oneof(
  fc.constantFrom('18446744073709551615', '9007199254740993', '8.0', '-0.0', '1e3', '1E-7', '0.1', '1.0e+2'),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => JSON.stringify(n)),
);
const rawString = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => JSON.stringify(text)),
  fc.constantFrom(
    ...['"\\u00e9\\ud83d\\ude00"', '"é😀 \u2028"', '"\\/\\b\\f"', '"},\\"status\\":\\"pending\\""', '""'],
    ...['"\\\\"', '"\\\\\\""', '"</script>"', '"{[}"'],
  ),
);
const { value: rawValue } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    rawNumber,
    rawString,
    fc.constantFrom('true', 'false', 'null', '[]', '{}'),
    fc.array(tie('value'), { maxLength: 5 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(rawString, tie('value')), { maxLength: 5 })
      .map((members) => `{${members.map(([key, value]) => `${key}:${value}`).join(',')}}`),
    fc.constant(
      platformJobText({
        id: 'inner',
        userId: 'u',
        workflow: '{}',
        priority: 1,
        createdAtMicros: CREATED_AT_MICROS,
      }),
    ),
  ),
}));
const rawWorkflow = fc
  .array(fc.tuple(rawString, rawValue), { minLength: 1, maxLength: 12 })
  .map((members) => `{${members.map(([key, value]) => `${key}:${value}`).join(',')}}`);

/** The workflow between head and tail of a platform job with this id and user. */
async function standing(id: string, workflow: string): Promise<boolean> {
  const bytes = await rig.redis.getBuffer(keys.job(id));
  const head = Buffer.from(`{"id":"${id}","user_id":"user007","workflow":`);
  const raw = Buffer.from(workflow);
  return bytes?.subarray(head.length, head.length + raw.length).equals(raw) ?? false;
}

async function passThrough(workflow: string): Promise<void> {
  await rig.redis.flushall();
  await submit(rig.redis, { id: 'job', workflow, metadata: { note: '},"status":"pending"' } });
  const consumer = createJobConsumer(rig.redis);
  const host = createQueueConsole(rig.redis);
  expect(await host.prioritise('job', 1)).toEqual({ kind: 'done' });
  expect(await standing('job', workflow)).toBe(true);
  const first = await claimOne(consumer);
  expect(first.text.includes(Buffer.from(workflow))).toBe(true);
  expect(await standing('job', workflow)).toBe(true);
  expect(await consumer.requeue(first, 'x')).toBe('requeued');
  expect(await standing('job', workflow)).toBe(true);
  await consumer.settle(await claimOne(consumer), { status: 'failed', error: 'é"\\' });
  expect(await standing('job', workflow)).toBe(true);
  expect(await host.requeue('job')).toEqual({ kind: 'done' });
  expect(await standing('job', workflow)).toBe(true);
  const last = await claimOne(consumer);
  expect(await host.cancelRunning('job')).toEqual({ kind: 'done' });
  await consumer.settle(last, { status: 'completed', result: {} });
  expect(await standing('job', workflow)).toBe(true);
  expect(JSON.parse((await rig.redis.get(keys.job('job'))) ?? '')).toMatchObject({ status: 'cancelled' });
}

test('generated workflows stay the same bytes through every transition', async () => {
  await fc.assert(fc.asyncProperty(rawWorkflow, passThrough), { numRuns: 150 });
});

test.each([1, 100, 400, 600, 5000])('a workflow of about %i KB stays the same bytes', async (kilobytes) => {
  const node = (await fc.sample(rawValue, { numRuns: 50, seed: kilobytes })).map(
    (value, i) => `"${i}":${value}`,
  );
  const once = `{${node.join(',')}}`;
  const copies = Math.max(1, Math.ceil((kilobytes * 1024) / Buffer.byteLength(once)));
  await passThrough(`{${Array.from({ length: copies }, (_, i) => `"n${i}":${once}`).join(',')}}`);
});
