/**
 * Two transcripts of a scenario: what the recording says a client saw, and what a client of the double saw.
 *
 * What may legitimately differ is normalised, and only that:
 *  - prompt ids and generated sids (mapped to the recorded ones), timestamps, log times and durations;
 *  - `:port`, the folder of the checkout, the five random letters of a PreviewImage file, object addresses;
 *  - the order of lists that are Python sets on the server (executed, current_outputs, outputs to execute,
 *    dependent_outputs), which differs between the recordings themselves;
 *  - strings the recorder cut, compared up to the cut;
 *  - which of several jobs of the same millisecond end a page of /api/jobs (19);
 *  - the length of answers that quote source lines or memory sizes (elsewhere it must be the same byte count);
 *  - sizes and pixels of images, beyond the first bytes that say what kind of file it is;
 *  - `status` frames: equal ones in a row count once and their place among the other frames is free, because
 *    "put" and "taken" of a prompt race with the next POST (README of the recordings, 01). For scenarios
 *    without that race `exactStatus` keeps them in place.
 */

import type { IncomingHttpHeaders } from 'node:http';
import {
  dumpJson,
  type Json,
  type JsonObject,
  PyFloat,
  parseJson,
} from '../../resources/demo/comfy-double/python-json.ts';
import { at, isFrame, numberAt, type Recording, textAt } from './recording.ts';

const COMPARED_HEADERS = [
  'content-type',
  'content-disposition',
  'content-range',
  'x-content-type-options',
  'accept-ranges',
  'allow',
];
const TIME_KEYS = new Set(['timestamp', 'create_time', 'execution_start_time', 'execution_end_time', 't']);
const SET_KEYS = new Set(['executed', 'current_outputs', 'dependent_outputs']);

export interface TranscriptOptions {
  /** Status frames are compared one by one and in place. */
  readonly exactStatus?: boolean;
  /** A frame was on its way when a connection broke: the last `progress` on socket `new` may be missing (15c). */
  readonly frameInFlight?: boolean;
  /** Tensors are compared by their first word only (print options carried over between scenarios). */
  readonly vagueTensors?: boolean;
}

export interface Transcript {
  readonly http: unknown[];
  readonly sockets: Record<string, unknown[]>;
}

export interface HttpResult {
  readonly status: number | 'no answer';
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Frame {
  readonly text?: string;
  readonly binary?: Buffer;
  /** The connection broke with this code. */
  readonly closed?: number;
}

/** What the replay saw. */
export interface Observed {
  readonly results: ReadonlyMap<number, HttpResult>;
  readonly opens: ReadonlyMap<number, number | 'error'>;
  readonly sockets: ReadonlyMap<string, readonly Frame[]>;
  /** Puts the recorded ids, ports and folders into a text of the double. */
  readonly toRecorded: (text: string) => string;
}

export class TranscriptWriter {
  private readonly recording: Recording;
  private readonly observed: Observed;
  private readonly options: TranscriptOptions;

  constructor(recording: Recording, observed: Observed, options: TranscriptOptions) {
    this.recording = recording;
    this.observed = observed;
    this.options = options;
  }

  expected(): Transcript {
    const http: unknown[] = [];
    const sockets: Record<string, unknown[]> = {};
    for (const [index, step] of this.recording.steps.entries()) {
      const kind = textAt(step, 'kind');
      const socket = textAt(step, 'socket');
      const refused = kind === 'ws-open' && at(step, 'response', 'status') !== 101;
      const line = this.lineOf(refused ? '' : socket, sockets);
      if (kind === 'http') http.push(this.expectedAnswer(step, index));
      else if (kind === 'ws-open')
        http.push({ step: index, open: at(step, 'response', 'status') ?? 'error' });
      else if (kind === 'ws-text') line.push(this.normalise(at(step, 'data') ?? null));
      else if (kind === 'ws-binary') line.push(expectedBinary(step, (value) => this.normalise(value)));
      else if (kind === 'ws-close' && textAt(step, 'data', 'by') === '')
        line.push({ closed: at(step, 'data', 'code') });
    }
    return { http, sockets: this.arrange(sockets) };
  }

  actual(): Transcript {
    const http: unknown[] = [];
    for (const [index, step] of this.recording.steps.entries()) {
      const kind = textAt(step, 'kind');
      if (kind === 'http') http.push(this.actualAnswer(step, index));
      else if (kind === 'ws-open') http.push({ step: index, open: this.observed.opens.get(index) });
    }
    const sockets: Record<string, unknown[]> = {};
    for (const [name, frames] of this.observed.sockets) {
      const line = this.lineOf(name, sockets);
      for (const { text, binary, closed } of frames) {
        if (text !== undefined)
          line.push(this.normalise(parseJson(this.observed.toRecorded(this.renameSid(name, text)))));
        else if (closed !== undefined) line.push({ closed });
        else if (binary)
          line.push(
            actualBinary(binary, (value) => this.normalise(parseJson(this.observed.toRecorded(value)))),
          );
      }
    }
    return { http, sockets: this.arrange(sockets) };
  }

  /** A socket without a clientId gets a generated sid: 32 hex digits, whatever they are. */
  private renameSid(name: string, text: string): string {
    const open = this.recording.steps.find(
      (step) => textAt(step, 'kind') === 'ws-open' && textAt(step, 'socket') === name,
    );
    if (/clientId=./.test(textAt(open, 'request', 'path'))) return text;
    const greeting = this.recording.steps.find((step) => isFrame(step) && textAt(step, 'socket') === name);
    return text.replace(/"sid": "[0-9a-f]{32}"/, `"sid": "${textAt(greeting, 'data', 'data', 'sid')}"`);
  }

  private lineOf(name: string, sockets: Record<string, unknown[]>): unknown[] {
    if (name === '') return [];
    sockets[name] ??= [];
    return sockets[name];
  }

  /** Status frames: see the head of this file. */
  private arrange(sockets: Record<string, unknown[]>): Record<string, unknown[]> {
    const last = sockets.new?.at(-1);
    if (this.options.frameInFlight === true && JSON.stringify(last).includes('"type":"progress"'))
      sockets.new?.pop();
    if (this.options.exactStatus === true) return sockets;
    const arranged: Record<string, unknown[]> = {};
    for (const [name, frames] of Object.entries(sockets)) {
      const isStatus = (frame: unknown) => JSON.stringify(frame).startsWith('{"type":"status"');
      const texts = frames.filter(isStatus).map((frame) => JSON.stringify(frame));
      arranged[name] = frames.filter((frame) => !isStatus(frame));
      arranged[`${name} status`] = texts.filter((text, index) => text !== texts[index - 1]);
    }
    return arranged;
  }

  private expectedAnswer(step: JsonObject, index: number): unknown {
    const response = at(step, 'response');
    const head = {
      step: index,
      request: `${textAt(step, 'request', 'method')} ${textAt(step, 'request', 'path')}`,
    };
    if (at(response, 'error') !== undefined) return { ...head, status: 'no answer' };
    const headers: Record<string, unknown> = {};
    const recorded = at(response, 'headers');
    if (recorded instanceof Map) {
      for (const [key, value] of recorded)
        if (COMPARED_HEADERS.includes(key)) headers[key] = this.normaliseText(String(value));
    }
    if (hasExactLength(step)) headers['content-length'] = at(recorded, 'content-length');
    const answer = { ...head, status: at(response, 'status'), headers };
    const binary = at(response, 'binary');
    if (binary instanceof Map)
      return { ...answer, magic: magicOf(Buffer.from(textAt(binary, 'head_hex'), 'hex')) };
    const raw = at(response, 'body_raw');
    if (typeof raw === 'string') return { ...answer, raw: this.normaliseRaw(raw) };
    const text = at(response, 'body_text');
    if (typeof text === 'string') return { ...answer, text };
    if (hasJobTies(step)) return { ...answer, json: 'jobs' };
    const body = at(response, 'body') ?? null;
    if (at(body, 'truncated') === true && typeof at(body, 'head') === 'string')
      return { ...answer, json: 'long' };
    return { ...answer, json: body === '' ? '' : this.normalise(body) };
  }

  private actualAnswer(step: JsonObject, index: number): unknown {
    const head = {
      step: index,
      request: `${textAt(step, 'request', 'method')} ${textAt(step, 'request', 'path')}`,
    };
    const result = this.observed.results.get(index);
    if (!result) return { ...head, status: 'not sent' };
    if (result.status === 'no answer') return { ...head, status: 'no answer' };
    const headers: Record<string, unknown> = {};
    for (const key of COMPARED_HEADERS) {
      const value = result.headers[key];
      if (value !== undefined) headers[key] = this.normaliseText(String(value));
    }
    if (hasExactLength(step)) headers['content-length'] = result.headers['content-length'];
    const answer = { ...head, status: result.status, headers };
    const response = at(step, 'response');
    if (at(response, 'binary') !== undefined) return { ...answer, magic: magicOf(result.body) };
    const text = this.observed.toRecorded(result.body.toString('utf8'));
    if (at(response, 'body_raw') !== undefined) return { ...answer, raw: this.normaliseRaw(text) };
    if (at(response, 'body_text') !== undefined) return { ...answer, text };
    if (hasJobTies(step))
      return { ...answer, json: Array.isArray(at(parseJson(text), 'jobs')) ? 'jobs' : text };
    if (at(response, 'body', 'truncated') === true) return { ...answer, json: parses(text) ? 'long' : text };
    return { ...answer, json: parses(text) ? this.normalise(parseJson(text)) : text };
  }

  private normaliseRaw(text: string): string {
    return text.replace(/("(?:timestamp|create_time)": )\d{13}/g, '$1T');
  }

  private normalise(value: Json, key = ''): unknown {
    if (TIME_KEYS.has(key) && value !== null) return 'T';
    if (typeof value === 'string') return this.normaliseText(value);
    if (value instanceof PyFloat) return { float: String(value.value) };
    if (typeof value === 'bigint') return { bigint: String(value) };
    if (Array.isArray(value)) return this.normaliseList(value, key);
    if (value instanceof Map) {
      const members = [...value].map(([name, member]): [string, unknown] => [
        name,
        this.normalise(member, name),
      ]);
      return Object.fromEntries(members);
    }
    return value;
  }

  private normaliseList(list: readonly Json[], key: string): unknown[] {
    const items = list.map((item) => this.normalise(item));
    if (SET_KEYS.has(key)) return items.map(String).sort();
    // [number, id, prompt, extra_data, outputs to execute]
    const outputs = items[4];
    if (items.length === 5 && list[2] instanceof Map && Array.isArray(outputs))
      items[4] = outputs.map(String).sort();
    return items;
  }

  private normaliseText(text: string): string {
    if (text.startsWith('tensor(') && this.options.vagueTensors === true) return 'tensor(…)';
    const cut = text.search(/…\[cut, \d+ characters\]$/);
    if (cut >= 0 || (text.startsWith('tensor(') && text.length > 1500)) return `${text.slice(0, 1400)}…`;
    return text
      .replace(/ComfyUI_temp_[a-z]{5}_/, 'ComfyUI_temp_xxxxx_')
      .replace(/<object object at 0x[0-9a-f]+>/, '<object>')
      .replace(/Prompt executed in [\d.]+ seconds/, 'Prompt executed in N seconds');
  }
}

/** Whether the length of the answer can be the same: the recordings lack source lines and real memory sizes. */
function hasExactLength(step: JsonObject): boolean {
  const target = textAt(step, 'request', 'path');
  if (/\/view|system_stats|object_info$|logs/.test(target) || hasJobTies(step)) return false;
  return !/source line removed|full_output_folder|"truncated"|\\u2026\[cut/.test(dumpJson(step));
}

/** A page of /api/jobs that ends among jobs created within the same milliseconds (19): any may be on it. */
function hasJobTies(step: JsonObject): boolean {
  const total = numberAt(step, 'response', 'body', 'pagination', 'total');
  return textAt(step, 'request', 'path') === '/api/jobs?limit=3' && total > 3;
}

function parses(text: string): boolean {
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
}

/** The kind of a file: first bytes, without sizes. */
function magicOf(bytes: Buffer): string {
  const head = bytes.subarray(0, 4).toString('hex');
  if (bytes.subarray(4, 8).toString('latin1') === 'ftyp') return 'mp4';
  if (head === '52494646') return bytes.subarray(8, 12).toString('latin1');
  return head === 'ffd8ffe0' ? 'jpeg' : head;
}

function expectedBinary(step: JsonObject, normalise: (value: Json) => unknown): unknown {
  const data = at(step, 'data');
  const event = numberAt(data, 'event');
  if (event === 1) return { event, format: numberAt(data, 'format') };
  if (event === 3) return { event, node_id: textAt(data, 'node_id'), text: textAt(data, 'text') };
  return { event, metadata: normalise(at(data, 'metadata') ?? null), image: 'image' };
}

function actualBinary(bytes: Buffer, normalise: (text: string) => unknown): unknown {
  const event = bytes.readUInt32BE(0);
  if (event === 1) return { event, format: bytes.readUInt32BE(4) };
  const length = bytes.readUInt32BE(4);
  const head = bytes.subarray(8, 8 + length).toString('utf8');
  const rest = bytes.subarray(8 + length);
  if (event === 3) return { event, node_id: head, text: rest.toString('utf8') };
  const magic = magicOf(rest);
  return {
    event,
    metadata: normalise(head),
    image: magic === 'jpeg' || magic === '89504e47' ? 'image' : magic,
  };
}
