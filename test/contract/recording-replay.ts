/**
 * Plays the client side of a recording against a ComfyUI double with manualTime.
 *
 * Actions (requests, sockets, aborts, restarts) run in the order in which the recorder sent them. Before each,
 * node time is moved until the frames the recorder had seen by then are there, and at least as far as the
 * recorder had waited. So nothing depends on how busy the machine is.
 */

import { Agent, request as httpRequest } from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import {
  type Dumpable,
  dumpJson,
  type Json,
  type JsonObject,
  parseJson,
} from '../../resources/demo/comfy-double/python-json.ts';
import type { ComfyDouble } from '../../resources/demo/comfy-double/server.ts';
import { ABORT_NOTE, at, frameType, isFrame, numberAt, type Recording, textAt } from './recording.ts';
import { requestBody } from './recording-requests.ts';
import {
  type Frame,
  type HttpResult,
  type Transcript,
  type TranscriptOptions,
  TranscriptWriter,
} from './recording-transcript.ts';

export interface ReplayOptions extends TranscriptOptions {
  /** A POST /prompt the recorder made but left out (23). */
  readonly unrecorded?: { readonly afterStep: number; readonly body: Dumpable; readonly recordedId: string };
}

export interface Transcripts {
  readonly expected: Transcript;
  readonly actual: Transcript;
}

/** Everything one named socket of the recording saw, over all connections it had. */
interface Client {
  readonly socket: WebSocket;
  readonly frames: Frame[];
}

/** A place in the recording at which the recorder did something. */
interface Action {
  readonly index: number;
  readonly step: JsonObject;
  readonly time: number;
  readonly end: number;
}

/** How long the double leaves a broken connection in its table. */
export const ABORT_NOTICE_MS = 150;

const KILL_NOTE = /^server process gets SIG/;
const REVIVE_NOTE = /^server started again|^server process is GONE/;

function isAction(step: JsonObject): boolean {
  const kind = textAt(step, 'kind');
  if (kind === 'ws-close') return textAt(step, 'data', 'by') === 'client';
  if (kind === 'note') {
    const note = textAt(step, 'data');
    return ABORT_NOTE.test(note) || KILL_NOTE.test(note) || REVIVE_NOTE.test(note);
  }
  return ['http', 'ws-open', 'ws-send', 'ws-pong'].includes(kind);
}

export class Replay {
  private readonly double: ComfyDouble;
  private readonly recording: Recording;
  private readonly options: ReplayOptions;
  private readonly base: string;
  private readonly clients = new Map<string, Client>();
  private readonly results = new Map<number, HttpResult>();
  private readonly opens = new Map<number, number | 'error'>();
  /** What the double called something, to what the recording calls it. */
  private readonly names = new Map<string, string>();
  private finished = false;
  private reopensAtOnce = false;
  private readonly agent = new Agent({ keepAlive: true });

  constructor(double: ComfyDouble, recording: Recording, base: string, options: ReplayOptions) {
    this.double = double;
    this.recording = recording;
    this.base = base;
    this.options = options;
  }

  async run(): Promise<Transcripts> {
    let previous: Action | undefined;
    for (const action of this.actions()) {
      // A POST takes a moment, also where the recorder was quicker than its millisecond.
      const least = textAt(previous?.step, 'request', 'path') === '/prompt' ? 1 : 0;
      const gap = previous ? Math.max(least, action.time - previous.end) : 0;
      await this.waitForFrames(action, gap);
      await this.perform(action);
      if (this.options.unrecorded?.afterStep === action.index)
        await this.postUnrecorded(this.options.unrecorded);
      await this.settle();
      previous = action;
    }
    await this.advanceUntil(this.framesBefore(this.recording.steps.length));
    await this.settle();
    this.finished = true;
    const writer = new TranscriptWriter(
      this.recording,
      {
        results: this.results,
        opens: this.opens,
        sockets: new Map([...this.clients].map(([name, { frames }]) => [name, frames])),
        toRecorded: (text) => this.toRecorded(text),
      },
      this.options,
    );
    const transcripts = { expected: writer.expected(), actual: writer.actual() };
    for (const { socket } of this.clients.values()) socket.terminate();
    this.agent.destroy();
    return transcripts;
  }

  private async postUnrecorded(post: NonNullable<ReplayOptions['unrecorded']>): Promise<void> {
    const result = await this.send('POST', '/prompt', {}, Buffer.from(dumpJson(post.body)));
    this.names.set(textAt(parseJson(result.body.toString('utf8')), 'prompt_id'), post.recordedId);
  }

  private actions(): Action[] {
    return this.recording.steps
      .map((step, index): Action => {
        const time = numberAt(step, 't_ms');
        return { index, step, time, end: time + numberAt(step, 'response', 'took_ms') };
      })
      .filter(({ step }) => isAction(step))
      .sort((left, right) => left.time - right.time || left.index - right.index);
  }

  /** Node time runs until the recorder's frames are there, and at least as long as the recorder waited. */
  private async waitForFrames(action: Action, gap: number): Promise<void> {
    const spent = await this.advanceUntil(this.framesBefore(action.index, action));
    await this.waitForBrokenSockets(action.index);
    if (gap > spent) await this.double.advanceTime(gap - spent);
    await this.settle();
  }

  /** A server that ends by itself takes a moment of real time to do so (25). */
  private async waitForBrokenSockets(end: number): Promise<void> {
    const broken = this.recording.steps
      .slice(0, end)
      .filter((step) => textAt(step, 'kind') === 'ws-close' && textAt(step, 'data', 'by') === '');
    const seen = () =>
      [...this.clients.values()].reduce(
        (sum, { frames }) => sum + frames.filter(({ closed }) => closed !== undefined).length,
        0,
      );
    for (let wait = 0; wait < 200 && seen() < broken.length; wait += 1) await delay(5);
  }

  /** Frames other than status that the recorder had seen, per socket. */
  private framesBefore(end: number, action?: Action): Map<string, number> {
    const ownId = textAt(action?.step, 'response', 'body', 'prompt_id');
    const wanted = new Map<string, number>();
    for (const step of this.recording.steps.slice(0, end)) {
      if (!isFrame(step) || frameType(step) === 'status') continue;
      const time = numberAt(step, 't_ms');
      if (action && time > action.time) continue;
      if (action && time === action.time && ownId !== '' && dumpJson(step).includes(ownId)) continue;
      const socket = textAt(step, 'socket');
      wanted.set(socket, (wanted.get(socket) ?? 0) + 1);
    }
    return wanted;
  }

  /** Steps the double until the sockets have so many frames; returns the node time that took. */
  private async advanceUntil(wanted: ReadonlyMap<string, number>): Promise<number> {
    const arrived = () => [...wanted].every(([name, count]) => this.significantFrames(name) >= count);
    let spent = 0;
    for (let idle = 0; idle < 20; ) {
      await this.settle();
      if (arrived()) break;
      const next = this.double.untilNextStep;
      if (next === undefined) {
        idle += 1;
        await delay(5);
      } else {
        await this.double.advanceTime(next);
        spent += next;
      }
    }
    return spent;
  }

  /** Until the double has nothing to do and every frame it sent has arrived. */
  private async settle(): Promise<void> {
    await this.double.settle();
    const received = () => {
      let count = 0;
      for (const { frames } of this.clients.values())
        for (const { closed } of frames) if (closed === undefined) count += 1;
      return count;
    };
    // The server notices a broken connection late; node time must not run before that.
    const open = () =>
      [...this.clients.values()].filter(({ socket }) => socket.readyState === socket.OPEN).length;
    for (let wait = 0; wait < 400 && !this.reopensAtOnce && this.double.openSockets > open(); wait += 1)
      await delay(5);
    const end = performance.now() + 200;
    while (received() < this.double.framesSent && performance.now() < end) await delay(1);
  }

  private significantFrames(name: string): number {
    const frames = this.clients.get(name)?.frames ?? [];
    return frames.filter(({ text, closed }) => closed === undefined && !text?.startsWith('{"type": "status"'))
      .length;
  }

  private async perform({ step, index }: Action): Promise<void> {
    const kind = textAt(step, 'kind');
    if (kind === 'http') await this.performHttp(step, index);
    else if (kind === 'ws-open') await this.open(step, index);
    else if (kind === 'note') await this.performNote(textAt(step, 'data'));
    else {
      const client = this.clients.get(textAt(step, 'socket'));
      if (!client) throw new Error(`step ${index}: no socket`);
      if (kind === 'ws-send') {
        client.socket.send(messageText(at(step, 'data')));
        // The server answers a ping after it has read what came before.
        await ping(client.socket);
      } else if (kind === 'ws-pong') await ping(client.socket);
      else await close(client.socket);
    }
  }

  private async performNote(note: string): Promise<void> {
    if (ABORT_NOTE.test(note)) {
      this.clients.get('old')?.socket.terminate();
      this.reopensAtOnce = note.includes('at once');
    } else if (KILL_NOTE.test(note)) await this.double.kill();
    else {
      await this.double.kill();
      await this.double.revive();
    }
  }

  private async open(step: JsonObject, index: number): Promise<void> {
    const name = textAt(step, 'socket');
    const headers = this.headersOf(step);
    const address = `ws://127.0.0.1:${this.double.port}${textAt(step, 'request', 'path')}`;
    const socket = new WebSocket(address, { headers, perMessageDeflate: false });
    const client: Client = { socket, frames: this.clients.get(name)?.frames ?? [] };
    socket.on('message', (data, isBinary) => {
      const bytes = Buffer.isBuffer(data) ? data : Buffer.from(String(data));
      client.frames.push(isBinary ? { binary: bytes } : { text: bytes.toString('utf8') });
    });
    socket.on('close', (code) => {
      if (!this.finished && !this.closesItself(name)) client.frames.push({ closed: code });
    });
    const outcome = await new Promise<number | 'error'>((resolve) => {
      socket.on('open', () => resolve(101));
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.on('error', () => resolve('error'));
    });
    this.opens.set(index, outcome);
    this.reopensAtOnce = false;
    if (outcome === 101) this.clients.set(name, client);
  }

  private headersOf(step: JsonObject): Record<string, string> {
    const headers: Record<string, string> = {};
    const given = at(step, 'request', 'headers');
    if (given instanceof Map) {
      for (const [key, value] of given) {
        const local = String(value).replace(/(127\.0\.0\.1|localhost):8188/, `$1:${this.double.port}`);
        headers[key] = local;
      }
    }
    return headers;
  }

  private async performHttp(step: JsonObject, index: number): Promise<void> {
    const method = textAt(step, 'request', 'method');
    const target = this.renameTemp(this.toActual(textAt(step, 'request', 'path')));
    const { body: recorded, headers } = requestBody(this.recording, step);
    const body = typeof recorded === 'string' ? Buffer.from(this.toActual(recorded)) : recorded;
    const timeout = /^client timeout after (\d+) s/.exec(textAt(step, 'response', 'error'));
    const send = () =>
      this.send(method, target, { ...headers, ...this.headersOf(step) }, body, timeout ? 100 : 10_000);
    const first = send();
    // A server that stands still answers when time has gone on (16).
    const took = numberAt(step, 'response', 'took_ms');
    if (took > 1000) await delay(100).then(() => this.double.advanceTime(took));
    let result = await first;
    // "after N unrecorded polls": the recorder asked until there was an entry.
    if (textAt(step, 'label').includes('unrecorded polls')) {
      for (let poll = 0; poll < 200 && result.body.toString() === '{}'; poll += 1) {
        await delay(10);
        result = await send();
      }
    }
    this.results.set(index, result);
    const recordedId = at(step, 'response', 'body', 'prompt_id');
    if (
      method === 'POST' &&
      target === '/prompt' &&
      typeof recordedId === 'string' &&
      result.status === 200
    ) {
      const actualId = textAt(parseJson(result.body.toString('utf8')), 'prompt_id');
      if (actualId !== recordedId) this.names.set(actualId, recordedId);
    }
  }

  /** The letters in the name of a PreviewImage file are drawn at random: the n-th name for the n-th. */
  private renameTemp(target: string): string {
    const names = (texts: readonly string[]) => [
      ...new Set(texts.flatMap((text) => text.match(/ComfyUI_temp_[a-z]{5}_/g) ?? [])),
    ];
    const recorded = names(this.recording.steps.filter(isFrame).map((step) => dumpJson(step)));
    const frames = [...this.clients.values()].flatMap((client) => client.frames.map(({ text = '' }) => text));
    const actual = names(frames);
    return recorded.reduce((text, name, index) => text.replace(name, actual[index] ?? name), target);
  }

  private send(
    method: string,
    target: string,
    headers: Record<string, string>,
    body: Buffer | undefined,
    timeout = 20_000,
  ): Promise<HttpResult> {
    return new Promise((resolve) => {
      const fail = () => resolve({ status: 'no answer', headers: {}, body: Buffer.alloc(0) });
      const request = httpRequest(
        { host: '127.0.0.1', port: this.double.port, method, path: target, headers, agent: this.agent },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks),
            }),
          );
          response.on('error', fail);
        },
      );
      request.setTimeout(timeout, () => request.destroy());
      request.on('error', fail);
      request.end(body);
    });
  }

  private toActual(text: string): string {
    let result = text;
    for (const [actual, recorded] of this.names)
      if (recorded !== '') result = result.replaceAll(recorded, actual);
    return result;
  }

  private toRecorded(text: string): string {
    let result = text;
    for (const [actual, recorded] of this.names)
      if (actual !== '') result = result.replaceAll(actual, recorded);
    return result
      .replaceAll(path.join(this.base, 'output'), '/comfy/output')
      .replaceAll(this.base, '/comfy')
      .replaceAll(`"${this.double.port}"`, '"8188"');
  }

  /** The client closes or aborts this one. */
  private closesItself(name: string): boolean {
    return this.recording.steps.some(
      (step) =>
        (name === 'old' && ABORT_NOTE.test(textAt(step, 'data'))) ||
        (textAt(step, 'socket') === name && textAt(step, 'data', 'by') === 'client'),
    );
  }
}

function messageText(data: Json | undefined): string {
  return typeof data === 'string' ? data : dumpJson(data ?? null);
}

function ping(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('pong', () => resolve());
    socket.ping();
  });
}

function close(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.close(1000);
  });
}
