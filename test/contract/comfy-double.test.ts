/**
 * Holds the ComfyUI double to the recordings of three real servers: what a client sees must be the same,
 * scenario by scenario. What is normalised is listed in recording-transcript.ts.
 *
 * Every scenario of all three versions is played. Parts that are not compared, and why:
 *  - 12: the full GET /object_info (the double knows some 80 classes, not all): that it is JSON only;
 *  - 13, 22: sizes and pixels of images; `channel` and `preview` are answered with an image of the right kind;
 *  - 17: SIGINT is played like SIGKILL (the double has no 2 s of winding up);
 *  - 23: the counting of the race over 40 runs; the race itself is forced in a test of its own below;
 *  - 24: the content of GET /internal/logs/raw (start-up lines of a real installation).
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type Dumpable,
  dumpJson,
  type Json,
  type JsonObject,
} from '../../resources/demo/comfy-double/python-json.ts';
import { type ComfyDouble, startComfyDouble } from '../../resources/demo/comfy-double/server.ts';
import { COMFYUI_VERSIONS, type ComfyVersion } from '../../resources/demo/comfy-double/versions.ts';
import { at, loadRecording, type Recording, textAt } from './recording.ts';
import { ABORT_NOTICE_MS, Replay, type ReplayOptions } from './recording-replay.ts';

interface Scenario {
  readonly name: string;
  readonly exactStatus?: boolean;
  readonly vagueTensors?: boolean;
  readonly frameInFlight?: boolean;
}

const SCENARIOS: readonly Scenario[] = [
  { name: '01-success', exactStatus: true },
  { name: '02-cached', exactStatus: true },
  { name: '03-no-client-id', exactStatus: true },
  { name: '04-validation-errors' },
  { name: '05-partial-node-errors', exactStatus: true },
  { name: '06-node-error', exactStatus: true },
  { name: '07-oom', exactStatus: true },
  { name: '08-execution-blocker', exactStatus: true },
  { name: '09-interrupt' },
  { name: '10-queue' },
  { name: '11-history-and-jobs' },
  { name: '11b-jobs-cancel' },
  { name: '12-stats-free-info', exactStatus: true },
  { name: '13-upload-view' },
  { name: '14-previews', exactStatus: true },
  { name: '15a-reconnect-clean', exactStatus: true },
  { name: '15b-reconnect-old-left-open', exactStatus: true },
  { name: '15c-reconnect-old-aborted-late', exactStatus: true, frameInFlight: true },
  { name: '15d-reconnect-old-aborted-first', exactStatus: true },
  { name: '16-silence', exactStatus: true },
  { name: '17-kill-restart' },
  { name: '18-ui-graph' },
  { name: '19-prompt-id' },
  { name: '20-origin' },
  { name: '21-big-seed', exactStatus: true },
  { name: '22-outputs', exactStatus: true },
  { name: '23-history-race', exactStatus: true },
  { name: '24-logs-subscribe' },
  { name: '25-hostile', exactStatus: true, vagueTensors: true },
  { name: '25b-unserialisable-no-client', exactStatus: true },
];

const scratch: string[] = [];
afterAll(() => {
  for (const folder of scratch) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Output files the server had already written: the recordings ran one after the other on one server. */
function writeEarlierOutputs(recording: Recording, output: string): void {
  const first = new Map<string, { subfolder: string; number: number; stem: string; extension: string }>();
  const visit = (value: Json): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!(value instanceof Map)) return;
    const match = /^(.*)_(\d{5,})_\.(\w+)$/.exec(textAt(value, 'filename'));
    if (match && textAt(value, 'type') === 'output') {
      const [, stem = '', digits = '', extension = ''] = match;
      const subfolder = textAt(value, 'subfolder');
      const known = first.get(`${subfolder}/${stem}`);
      const number = Number(digits);
      if (!known || number < known.number)
        first.set(`${subfolder}/${stem}`, { subfolder, number, stem, extension });
    }
    for (const member of value.values()) visit(member);
  };
  for (const step of recording.steps) visit(step);
  for (const { subfolder, number, stem, extension } of first.values()) {
    if (number < 2) continue;
    const folder = path.join(output, subfolder);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, `${stem}_${String(number - 1).padStart(5, '0')}_.${extension}`), '');
  }
}

interface Beginning {
  /** Number of the first POST /prompt. */
  readonly number: number;
  /** Nodes the server had in its cache when the scenario began, as a graph. */
  readonly cached: ReadonlyMap<string, Json>;
}

/** What earlier scenarios had left behind on the recorded server. */
function beginningOf(recording: Recording): Beginning {
  const cached = new Map<string, Json>();
  let number: number | undefined;
  for (const step of recording.steps) {
    const prompt = at(step, 'request', 'body', 'prompt');
    const given = at(step, 'response', 'body', 'number');
    if (textAt(step, 'request', 'path') !== '/prompt' || typeof given !== 'number') continue;
    number ??= Math.abs(given) - refusedBefore(recording, step);
    // All scenarios share their EmptyImage nodes, and only those.
    if (!(prompt instanceof Map) || !dumpJson(prompt).includes('EmptyImage')) continue;
    for (const id of cachedBefore(recording, textAt(step, 'response', 'body', 'prompt_id'))) {
      cached.set(id, prompt.get(id) ?? null);
    }
    break;
  }
  return { number: number ?? 0, cached };
}

/** Refused prompts use up numbers too (04). */
function refusedBefore(recording: Recording, accepted: JsonObject): number {
  const before = recording.steps.slice(0, recording.steps.indexOf(accepted));
  return before.filter(
    (step) => textAt(step, 'request', 'path') === '/prompt' && at(step, 'response', 'status') === 400,
  ).length;
}

function cachedBefore(recording: Recording, id: string): readonly string[] {
  const visit = (value: Json | undefined): readonly string[] | undefined => {
    if (Array.isArray(value)) {
      const [name, data] = value;
      if (name === 'execution_cached' && at(data, 'prompt_id') === id) return visit(data);
      return value.map(visit).find((found) => found !== undefined);
    }
    if (!(value instanceof Map)) return undefined;
    const nodes = value.get('nodes');
    if (value.get('prompt_id') === id && Array.isArray(nodes)) return nodes.map(String);
    return [...value.values()].map(visit).find((found) => found !== undefined);
  };
  return recording.steps.map((step) => visit(step)).find((found) => found !== undefined) ?? [];
}

async function startFor(
  version: ComfyVersion,
  recording: Recording,
): Promise<{ double: ComfyDouble; base: string }> {
  const base = mkdtempSync(path.join(os.tmpdir(), 'comfy-replay-'));
  scratch.push(base);
  const output = path.join(base, 'output');
  writeEarlierOutputs(recording, output);
  const { number, cached } = beginningOf(recording);
  const primed = cached.size > 0;
  const double = await startComfyDouble({
    version,
    manualTime: true,
    // What is left of real time is the end of a crashed process.
    speed: 50,
    device: 'cpu',
    models: {},
    firstNumber: primed ? number - 1 : number,
    historyDelayMs: 0,
    abortNoticeMs: ABORT_NOTICE_MS,
    outputDirectory: output,
    inputDirectory: path.join(base, 'input'),
    tempDirectory: path.join(base, 'temp'),
  });
  if (primed) await prime(double, cached);
  return { double, base };
}

/** Runs what was cached before, behind an output node that writes no file. */
async function prime(double: ComfyDouble, cached: ReadonlyMap<string, Json>): Promise<void> {
  const prompt = new Map<string, Dumpable>();
  for (const [id, node] of cached) {
    prompt.set(id, node);
    prompt.set(`prime-${id}`, { class_type: 'SilentOut', inputs: { image: [id, 0], seconds: 0 } });
  }
  await fetch(`${double.url}/prompt`, { method: 'POST', body: dumpJson({ prompt }) });
  await double.advanceTime(1);
  double.queue.wipeHistory();
}

/** 23 keeps the frames of its first run, but not the request. */
function unrecordedPost(name: string, recording: Recording): ReplayOptions['unrecorded'] {
  if (name !== '23-history-race') return undefined;
  const clientId = textAt(recording.steps[0], 'request', 'path').replace('/ws?clientId=', '');
  const started = recording.steps.find((step) => textAt(step, 'data', 'type') === 'execution_start');
  return {
    afterStep: 0,
    recordedId: textAt(started, 'data', 'data', 'prompt_id'),
    body: { prompt: shortPrompt('rec'), client_id: clientId },
  };
}

function shortPrompt(prefix: string): Dumpable {
  return new Map<string, Dumpable>([
    ['1', { class_type: 'EmptyImage', inputs: { width: 64, height: 64, batch_size: 1, color: 255 } }],
    [
      '2',
      { class_type: 'SlowImage', inputs: { seconds: 0, steps: 1, seed: 1, mode: 'plain', image: ['1', 0] } },
    ],
    ['3', { class_type: 'SaveImage', inputs: { images: ['2', 0], filename_prefix: prefix } }],
  ]);
}

describe.each(COMFYUI_VERSIONS)(
  'the double of ComfyUI %s shows a client what the real server showed',
  (version) => {
    test.concurrent.each(SCENARIOS)('$name', async ({ name, ...options }) => {
      const recording = loadRecording(version, name);
      const { double, base } = await startFor(version, recording);
      try {
        const replay = new Replay(double, recording, base, {
          ...options,
          unrecorded: unrecordedPost(name, recording),
        });
        const { expected, actual } = await replay.run();
        expect(actual).toEqual(expected);
      } finally {
        await double.stop();
      }
    });
  },
);
