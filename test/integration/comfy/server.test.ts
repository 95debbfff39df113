import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failed, prompts, start, succeeded } from '../../support/comfy-prompts.ts';
import { client, double, until } from './stage.ts';

const HEAD = '{"prompt":';

/** What stood under `prompt` in a POST body. */
function sentPrompt(body: Buffer | undefined, length: number): Buffer | undefined {
  return body?.subarray(HEAD.length, HEAD.length + length);
}

test('the prompt arrives byte for byte: digits, spaces, order, escapes', async () => {
  const server = await double();
  const comfy = client(server.url);
  const text = fc.string({ unit: 'binary', maxLength: 40 });
  const number = fc.oneof(
    fc.bigInt(0n, 2n ** 64n - 1n).map(String),
    fc.constantFrom('8.0', '1e-7', '-0.0', '18446744073709551615', '0.1000000000000000055'),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(text, number), { maxLength: 8 }),
      fc.boolean(),
      async (extra, spaced) => {
        const gap = spaced ? ' \n' : '';
        const more = extra
          .map(([key, value]) => `,${gap}${JSON.stringify(`x${key}`)}:${gap}${value}`)
          .join('');
        const prompt = Buffer.from(
          `{"1":{"class_type":"EmptyImage","inputs":{"width":64,"height":64,"batch_size":1,"color":1}},${gap}"2":{"inputs":{"seconds":0.0,"steps":1,"seed":18446744073709551615,"mode":"plain","image":["1",0]${more}},"class_type":"SlowImage"},"3":{"class_type":"SaveImage","inputs":{"images":["2",0],"filename_prefix":"\\u00fc\\ud83d\\ude00é"}}}`,
        );
        const run = start(comfy, prompt);
        succeeded(await run.outcome);
        expect(sentPrompt(server.bodyOf(run.promptId), prompt.length)?.equals(prompt)).toBe(true);
      },
    ),
    { numRuns: 40 },
  );
});

test('a prompt of 5 MB arrives byte for byte', async () => {
  const server = await double();
  const comfy = client(server.url);
  const filler = 'ü☃ "quoted" \\ '.repeat(260_000);
  const prompt = Buffer.from(
    `{"1":{"class_type":"EmptyImage","inputs":{"width":64,"height":64,"batch_size":1,"color":2,"note":${JSON.stringify(filler)},"seed":18446744073709551615}},"2":{"class_type":"SaveImage","inputs":{"images":["1",0],"filename_prefix":"big"}}}`,
  );
  expect(prompt.length).toBeGreaterThan(5_000_000);
  const run = start(comfy, prompt);
  expect(succeeded(await run.outcome).files).toHaveLength(1);
  expect(sentPrompt(server.bodyOf(run.promptId), prompt.length)?.equals(prompt)).toBe(true);
});

test('workflow metadata goes along as raw bytes', async () => {
  const server = await double();
  const comfy = client(server.url);
  const graph = Buffer.from('{"nodes": [], "seed": 18446744073709551615}');
  const run = start(comfy, prompts.quick(), { extraPngInfo: graph });
  succeeded(await run.outcome);
  expect(String(server.bodyOf(run.promptId))).toContain(
    `"extra_data":{"extra_pnginfo":{"workflow":${graph}}}`,
  );
});

test('an empty prompt id is refused: it would interrupt everybody', async () => {
  const server = await double();
  await expect(start(client(server.url), prompts.quick(), { promptId: '' }).outcome).rejects.toMatchObject({
    code: 'BAD_INPUT',
  });
});

test('a refused prompt was not accepted', async () => {
  const server = await double({ version: '0.33.0' });
  const comfy = client(server.url);
  let accepted = 0;
  const onAccepted = () => {
    accepted += 1;
  };
  const { error } = failed(await start(comfy, prompts.missingModel(), { onAccepted }).outcome);
  expect(error.code).toBe('WORKFLOW_MISSING_MODEL');
  expect(accepted).toBe(0);
});

test('view streams the file; a file that is gone is NOT_FOUND', async () => {
  const server = await double();
  const comfy = client(server.url);
  const outcome = succeeded(await start(comfy, prompts.quick('sub dir/100%_ü&x=1')).outcome);
  const [file] = outcome.files;
  if (!file) throw new Error('no file');
  expect(file).toMatchObject({ subfolder: 'sub dir', type: 'output' });
  const bytes = Buffer.from(await new Response(await comfy.view(file)).arrayBuffer());
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  await expect(comfy.view({ ...file, filename: 'gone.png' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(comfy.view(file, AbortSignal.abort())).rejects.toMatchObject({ code: 'COMFY_UNREACHABLE' });
});

test('stats are in MiB', async () => {
  const server = await double({ version: '0.9.2', vramTotal: 24_576 * 1_048_576 });
  const stats = await client(server.url).stats();
  expect(stats).toMatchObject({ version: '0.9.2', vramTotalMiB: 24_576 });
  expect(stats.vramFreeMiB).toBeGreaterThan(0);
});

test('close is idempotent, ends the socket, and a run in hand is told', async () => {
  const server = await double();
  const comfy = client(server.url);
  const run = start(comfy, prompts.slow(20));
  await run.accepted;
  await Promise.all([comfy.close(), comfy.close()]);
  await expect(run.outcome).rejects.toMatchObject({ code: 'COMFY_UNREACHABLE' });
  await until(() => server.openSockets === 0, 'no socket left');
  expect(server.queue.tasksRemaining).toBe(1);
});

test('a server that comes up later is used without being asked again', async () => {
  const server = await double();
  const comfy = client(server.url);
  succeeded(await start(comfy, prompts.quick()).outcome);
  await server.faults.restart(300);
  const run = start(comfy, prompts.slow(0.2));
  succeeded(await run.outcome);
  expect(run.seen.some(({ step }) => step !== null)).toBe(true);
});

test('an address that is no http URL is refused at once', () => {
  expect(() => client('ftp://x')).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  expect(() => client('not a url')).toThrow(expect.objectContaining({ code: 'CONFIG' }));
});
