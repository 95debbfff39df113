import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { connectComfy } from '../../worker-agent/src/comfy/comfy-server.ts';
import type { ComfyOptions } from '../../worker-agent/src/comfy/options.ts';
import type { ComfyServer, PromptOutcome, PromptProgress } from '../../worker-agent/src/comfy/roles.ts';
import { type Episode, RECORDED_VERSIONS, type RecordedVersion } from '../support/recording.ts';
import {
  type RecordingServer,
  type RecordingServerOptions,
  startRecordingServer,
} from '../support/recording-server.ts';

/** The client against what real ComfyUI servers sent (test/fixtures/comfyui-recordings). */
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

interface Stage {
  server: RecordingServer;
  comfy: ComfyServer;
  /** The nth accepted prompt of the recording. */
  accepted(n: number): Episode;
}

async function stage(
  version: RecordedVersion,
  scenario: string,
  options: ComfyOptions & RecordingServerOptions = {},
): Promise<Stage> {
  const server = await startRecordingServer(version, scenario, options);
  const comfy = connectComfy(server.url, { pollMs: 300, ...options });
  opened.push(server, comfy);
  return {
    server,
    comfy,
    accepted(n) {
      const episode = server.episodes.filter(({ promptId }) => promptId)[n];
      if (!episode) throw new Error(`recording ${scenario} has no accepted prompt ${n}`);
      return episode;
    },
  };
}

function run(
  comfy: ComfyServer,
  episode: Episode,
  more: { signal?: AbortSignal; onProgress?: (progress: PromptProgress) => void } = {},
): Promise<PromptOutcome> {
  return comfy.run({
    promptId: episode.promptId ?? randomUUID(),
    prompt: episode.prompt ?? Buffer.from('{}'),
    fresh: true,
    signal: more.signal ?? new AbortController().signal,
    onProgress: more.onProgress ?? (() => {}),
  });
}

function success(outcome: PromptOutcome) {
  if (outcome.kind !== 'success') throw new Error(`not a success: ${JSON.stringify(outcome)}`);
  return outcome;
}
function failure(outcome: PromptOutcome) {
  if (outcome.kind !== 'failed') throw new Error(`not a failure: ${JSON.stringify(outcome)}`);
  return outcome;
}
const names = (outcome: PromptOutcome) => success(outcome).files.map((file) => file.filename);

describe.each(RECORDED_VERSIONS)('recordings of ComfyUI %s', (version) => {
  test('success: files, time, progress that only grows, and the prompt untouched', async () => {
    const { server, comfy, accepted } = await stage(version, '01-success');
    const seen: PromptProgress[] = [];
    const outcome = success(await run(comfy, accepted(0), { onProgress: (progress) => seen.push(progress) }));
    expect(outcome.files).toMatchObject([{ nodeId: '3', group: 'images', subfolder: '', type: 'output' }]);
    expect(outcome.files[0]?.filename).toMatch(/^rec_\d+_\.png$/);
    expect(outcome.warnings).toEqual([]);
    expect(outcome.executionSeconds).toBeCloseTo(1, 1);
    const fractions = seen.map(({ fraction }) => fraction ?? 0);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(seen[0]).toMatchObject({ phase: 'queued', fraction: null });
    expect(seen).toContainEqual({ phase: 'running', fraction: 0.5, node: 'SlowImage', step: 2, steps: 4 });
    expect(seen.at(-1)).toMatchObject({ node: 'SaveImage', fraction: 1 });
    expect(server.submissions).toHaveLength(1);
    expect(server.submissions[0]?.includes(accepted(0).prompt ?? 'nothing')).toBe(true);
    expect(server.requests.some((line) => line.startsWith('POST /interrupt'))).toBe(false);
  });

  test('cached: the same files again, from history', async () => {
    const { comfy, accepted } = await stage(version, '02-cached');
    const first = await run(comfy, accepted(0));
    const second = await run(comfy, accepted(1));
    expect(names(second)).toEqual(names(first));
    expect(names(second)).toHaveLength(1);
  });

  test('validation errors: each refusal becomes a sentence that names the fault', async () => {
    const { server, comfy } = await stage(version, '04-validation-errors');
    const told: string[] = [];
    for (const episode of server.episodes) {
      if (episode.promptId || !episode.prompt) continue;
      const { error, outOfMemory } = failure(await run(comfy, episode));
      expect(outOfMemory).toBe(false);
      expect(error.retryable).toBe(false);
      expect(error.remedy).toBeTruthy();
      told.push(`${error.code}: ${error.message}`);
    }
    expect(told).toContain('WORKFLOW_REFUSED: Node 2 (SlowImage) lacks its input steps.');
    expect(told).toContain('WORKFLOW_REFUSED: Node 3 (SaveImage) lacks its input images.');
    expect(told).toContain(
      'WORKFLOW_MISSING_NODE: Node 2 (NoSuchNode) is of a type that is not installed on the GPU host.',
    );
    expect(told).toContain('WORKFLOW_REFUSED: Entry "2" of the workflow is no node: it has no class_type.');
    expect(told).toContain(
      'WORKFLOW_REFUSED: Node 2 (SlowImage) has mode = "nope", which this server does not offer.',
    );
    expect(told).toContain(
      'WORKFLOW_MISSING_MODEL: Node 4 (CheckpointLoaderSimple) needs "sd_xl_base_1.0.safetensors" as ckpt_name, which is not on the GPU host.',
    );
    expect(told).toContain(
      'WORKFLOW_REFUSED: Node 2 (SlowImage) has steps out of range: Value 5000 bigger than max of 1000.',
    );
    expect(told).toContain(
      'WORKFLOW_REFUSED: Node 2 (SlowImage) has steps = "many", which is of the wrong type.',
    );
    expect(told).toContain(
      'WORKFLOW_REFUSED: Node 2 (SlowImage) is connected to a node or slot that does not exist (images).',
    );
    expect(told).toContain('WORKFLOW_REFUSED: Node 2 (SlowImage) has a broken connection at image.');
    expect(told).toContain('WORKFLOW_REFUSED: The workflow has no output node, so there is nothing to run.');
    const circle =
      version === '0.33.0'
        ? 'WORKFLOW_REFUSED: The connections form a circle: 2 (SlowImage) -> 1 (SlowImage) -> 2 (SlowImage).'
        : 'WORKFLOW_REFUSED: ComfyUI refuses the workflow: Prompt outputs failed validation.';
    expect(told).toContain(circle);
  });

  test('partial node errors: runs, and the result says what was left out', async () => {
    const { comfy, accepted } = await stage(version, '05-partial-node-errors');
    const outcome = success(await run(comfy, accepted(0)));
    expect(outcome.files).toHaveLength(1);
    expect(outcome.warnings).toEqual([
      'Output 5 was left out: Node 4 (SlowImage) has mode = "nope", which this server does not offer.',
    ]);
  });

  test('node error: the node is named, the original text kept, inputs are not', async () => {
    const { comfy, accepted } = await stage(version, '06-node-error');
    const first = failure(await run(comfy, accepted(0)));
    expect(first.error).toMatchObject({ code: 'NODE_FAILED', retryable: false });
    expect(first.error.message).toBe(
      'Node 1 (FailImage) failed: parts of the workflow do not fit together, most often a model, text encoder, VAE or LoRA of another family.\nRuntimeError: boom: expected 4 channels, got 16',
    );
    const second = failure(await run(comfy, accepted(1)));
    expect(second.error.message).toBe('Node 4 (FailImage) failed.\nRuntimeError: Grüße\nline two ☃');
    expect(second.error.message).not.toContain('tensor');
  });

  test('out of memory: its own code, and marked for the one retry', async () => {
    const { comfy, accepted } = await stage(version, '07-oom');
    const outcome = failure(await run(comfy, accepted(0)));
    expect(outcome.outOfMemory).toBe(true);
    expect(outcome.error).toMatchObject({ code: 'OUT_OF_VRAM', retryable: true });
    expect(outcome.error.message).toMatch(/^Node 1 \(OomImage\) failed: the GPU ran out of memory\.\n/);
    expect(outcome.error.message).toContain('Tried to allocate 20.00 GiB');
  });

  test('execution blocker: not the end; the good branch counts and the block is a warning', async () => {
    const { comfy, accepted } = await stage(version, '08-execution-blocker');
    const alone = success(await run(comfy, accepted(0)));
    expect(alone.files).toEqual([]);
    expect(alone.warnings).toEqual([
      'Node 2 (SaveImage) was skipped by the workflow itself: blocked by policy.',
      'The workflow ended without any output.',
    ]);
    const silent = success(await run(comfy, accepted(1)));
    expect(silent.warnings).toEqual(['The workflow ended without any output.']);
    const beside = success(await run(comfy, accepted(2)));
    expect(beside.files).toHaveLength(1);
    expect(beside.warnings).toEqual([
      'Node 5 (SaveImage) was skipped by the workflow itself: blocked by policy.',
    ]);
  });

  test('interrupt: targeted, and confirmed by history', async () => {
    const { server, comfy, accepted } = await stage(version, '09-interrupt');
    const cancel = new AbortController();
    const outcome = await run(comfy, accepted(0), {
      signal: cancel.signal,
      onProgress: ({ step }) => step === 1 && cancel.abort(),
    });
    expect(outcome).toEqual({ kind: 'interrupted' });
    const interrupts = server.requests.filter((line) => line.startsWith('POST /interrupt'));
    expect(interrupts.length).toBeGreaterThan(0);
    for (const line of interrupts)
      expect(line).toBe(`POST /interrupt {"prompt_id":"${accepted(0).promptId}"}`);
  });

  test('interrupt in a silent last node: success comes out, and is reported', async () => {
    const { server, comfy } = await stage(version, '09-interrupt');
    const silent = server.episodes.find(({ prompt }) => prompt?.includes('SilentOut'));
    if (!silent) throw new Error('not recorded');
    const cancel = new AbortController();
    const outcome = await run(comfy, silent, {
      signal: cancel.signal,
      onProgress: ({ node }) => node === 'SilentOut' && cancel.abort(),
    });
    expect(success(outcome).outputs).toEqual({ '2': { text: ['slept'] } });
  });

  test('history race: an end that history does not show yet is asked for again at once', async () => {
    const { server, comfy, accepted } = await stage(version, '23-history-race', {
      historyMisses: 3,
      pollMs: 60_000,
    });
    const outcome = await run(comfy, accepted(0));
    expect(names(outcome)).toHaveLength(1);
    const looks = server.requests.filter((line) => line.startsWith('GET /history/'));
    expect(looks.length).toBeGreaterThanOrEqual(4);
  });

  test('silence of a long load: polled, not given up', async () => {
    const { server, comfy, accepted } = await stage(version, '16-silence', { speed: 20, pollMs: 100 });
    const outcome = await run(comfy, accepted(0));
    expect(names(outcome)).toHaveLength(1);
    const looks = server.requests.filter((line) => line.startsWith('GET /history/'));
    expect(looks.length).toBeGreaterThanOrEqual(5);
  });

  test('reconnect trap: a socket that goes deaf in the middle only makes the end late', async () => {
    const { comfy, accepted } = await stage(version, '15b-reconnect-old-left-open', { pollMs: 100 });
    expect(names(await run(comfy, accepted(0)))).toHaveLength(1);
  });

  test('deaf socket: the end comes by polling, the next socket has a client id of its own', async () => {
    const notices: string[] = [];
    const { server, comfy, accepted } = await stage(version, '15b-reconnect-old-left-open', {
      speed: 0.4,
      pollMs: 100,
      onNotice: (sentence) => notices.push(sentence),
    });
    const deaf = accepted(1);
    expect(deaf.steps).toEqual([]);
    expect(names(await run(comfy, deaf))).toHaveLength(1);
    expect(notices).toEqual(['The WebSocket to ComfyUI was deaf to our own submission; it was replaced.']);
    const ids = server.clientIds.filter((id) => !server.submissions[0]?.includes(id));
    expect(ids.length).toBeGreaterThan(0);
  });

  test('killed server: the prompt has vanished, and may run again', async () => {
    const { server, comfy } = await stage(version, '17-kill-restart');
    const doomed = server.episodes.find(({ dies }) => dies);
    if (!doomed) throw new Error('not recorded');
    const outcome = await run(comfy, doomed);
    expect(outcome).toMatchObject({ kind: 'vanished', error: { code: 'COMFY_DIED', retryable: true } });
  });

  test('killed server that stays away: vanished after the given patience', async () => {
    const { server, comfy } = await stage(version, '17-kill-restart', { downMs: 60_000, goneAfterMs: 300 });
    const doomed = server.episodes.find(({ dies }) => dies);
    if (!doomed) throw new Error('not recorded');
    const outcome = await run(comfy, doomed);
    expect(outcome).toMatchObject({ kind: 'vanished', error: { code: 'COMFY_DIED' } });
  });

  test('UI graph: refused with the advice to export the API format', async () => {
    const { server, comfy } = await stage(version, '18-ui-graph');
    const refused = server.episodes.filter(({ promptId, prompt }) => !promptId && prompt);
    expect(refused.length).toBeGreaterThan(3);
    for (const episode of refused) {
      const { error } = failure(await run(comfy, episode));
      expect(error.code).toBe('WORKFLOW_REFUSED');
      expect(error.remedy).toContain('API format');
    }
  });

  test('big seed: the digits reach the server; a damaged one is refused with its own digits', async () => {
    const { server, comfy, accepted } = await stage(version, '21-big-seed');
    expect(accepted(0).prompt?.includes('18446744073709551615')).toBe(true);
    await run(comfy, accepted(0));
    expect(
      server.submissions[0]?.includes('"seed":18446744073709551615') ||
        server.submissions[0]?.includes('"seed": 18446744073709551615'),
    ).toBe(true);
    const refusals: string[] = [];
    for (const episode of server.episodes)
      if (!episode.promptId && episode.prompt)
        refusals.push(failure(await run(comfy, episode)).error.message);
    expect(refusals.join('\n')).toContain('18446744073709552000 bigger than max of 18446744073709551615');
  });

  test('outputs: every kind of file, temp marked, foreign keys left alone, reprs cut', async () => {
    const { server, comfy } = await stage(version, '22-outputs');
    const files: Record<string, string> = {};
    const failures: string[] = [];
    for (const episode of server.episodes) {
      if (!episode.promptId) continue;
      const outcome = await run(comfy, episode);
      if (outcome.kind === 'failed') failures.push(outcome.error.message);
      if (outcome.kind !== 'success') continue;
      for (const file of outcome.files)
        files[`${file.subfolder}/${file.filename}`] = `${file.group} ${file.type}`;
      if (episode.prompt?.includes('"ListOut"'))
        expect(outcome.outputs).toEqual({
          '2': {
            gifs: [
              {
                filename: 'AnimateDiff_00001.mp4',
                subfolder: '',
                type: 'output',
                format: 'video/h264-mp4',
                frame_rate: 8,
              },
            ],
            result: ['mesh/a.glb', null],
            tags: ['a', 'b'],
          },
        });
      if (episode.prompt?.includes('"PreviewImage"') && outcome.files.length === 1)
        expect(outcome.warnings[0]).toContain('only made previews');
      expect(JSON.stringify(outcome.outputs).length).toBeLessThan(6000);
    }
    expect(files).toMatchObject({
      'user007/img_00001_.png': 'images output',
      '/rec_%date:yyyy-MM-dd%_64_00003_.png': 'images output',
      '/b1_00002_.png': 'images output',
      'user007/anim_00001_.webp': 'images output',
      'user007/clip_00001_.webm': 'images output',
      'user007/vid_00001_.mp4': 'images output',
      '/AnimateDiff_00001.mp4': 'gifs output',
      'mesh/a.glb': 'result output',
    });
    expect(Object.entries(files).filter(([, kind]) => kind === 'images temp').length).toBeGreaterThanOrEqual(
      2,
    );
    expect(failures).toHaveLength(2);
    for (const message of failures)
      expect(message).toContain('filename_prefix leads out of the output folder');
  });

  test('previews and texts of event 1, 3 and 4 are dropped', async () => {
    const { server, comfy } = await stage(version, '14-previews');
    for (const episode of server.episodes)
      if (episode.promptId && episode.history) success(await run(comfy, episode));
  });

  test('a node whose output kills the server: vanished', async () => {
    const { server, comfy } = await stage(version, '25-hostile');
    const deadly = server.episodes.find(({ prompt, dies }) => dies && prompt?.includes('BadUi'));
    if (!deadly) throw new Error('not recorded');
    expect(await run(comfy, deadly)).toMatchObject({ kind: 'vanished', error: { code: 'COMFY_DIED' } });
  });

  test('stats: version, and no VRAM where there is only a CPU', async () => {
    const { comfy } = await stage(version, '12-stats-free-info');
    expect(await comfy.stats()).toEqual({
      version,
      vramTotalMiB: null,
      vramFreeMiB: null,
      torchVramTotalMiB: null,
      torchVramFreeMiB: null,
    });
  });
});
