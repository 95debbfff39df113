/**
 * The ComfyUI double: a server that speaks ComfyUI's HTTP and WebSocket protocol as three real versions
 * were recorded to speak it, with nodes that take believable time and card memory but compute nothing.
 * The demo workshop runs on it, and it stands in for ComfyUI in the tests.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { answerControl } from './control.ts';
import { Faults } from './faults.ts';
import {
  dispatch,
  emptyAnswer,
  type HttpAnswer,
  INTERNAL_SERVER_ERROR,
  readBody,
  writeAnswer,
} from './http.ts';
import { beginLife, type Life } from './life.ts';
import type { ComfyDoubleOptions } from './options.ts';
import { isAllowedOrigin } from './origin-guard.ts';
import { ComfyFolders } from './output-files.ts';
import type { PromptQueue } from './prompt-queue.ts';
import { type ComfyVersion, traitsOf, type VersionTraits } from './versions.ts';
import type { Card } from './vram.ts';
import { removeVramFile } from './vram-file.ts';

export type { ComfyDoubleOptions } from './options.ts';

const KEPT_BODIES = 1000;
/** From the fatal event to the end of the process. */
const CRASH_SECONDS = 1.5;

export interface RecordedBody {
  readonly promptId: string;
  readonly body: Buffer;
  readonly receivedAt: number;
}

/** mulberry32: small, good enough, and the same everywhere. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export class ComfyDouble {
  readonly version: ComfyVersion;
  readonly folders: ComfyFolders;
  readonly faults: Faults;
  /** Raw bytes of the last POST /prompt bodies, oldest first. */
  readonly promptBodies: RecordedBody[] = [];
  /** Resolves with the exit code when the server process would have ended by itself. */
  readonly crashed: Promise<number>;
  private readonly options: ComfyDoubleOptions;
  private readonly traits: VersionTraits;
  private readonly random: () => number;
  private readonly upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  private readonly connections = new Set<Socket>();
  private readonly scratch: string | undefined;
  private readonly resolveCrash: (code: number) => void;
  private life: Life;
  private http: Server | undefined;
  private boundPort = 0;
  private state: 'down' | 'up' | 'stopped' = 'down';

  constructor(options: ComfyDoubleOptions) {
    this.options = options;
    this.version = options.version ?? '0.11.0';
    this.traits = traitsOf(this.version);
    this.random = seededRandom(options.seed ?? 1);
    const given = [options.outputDirectory, options.inputDirectory, options.tempDirectory];
    this.scratch = given.includes(undefined)
      ? mkdtempSync(path.join(os.tmpdir(), 'comfy-double-'))
      : undefined;
    const folder = (name: string, chosen: string | undefined) =>
      path.resolve(chosen ?? path.join(this.scratch ?? '', name));
    this.folders = new ComfyFolders(
      {
        output: folder('output', options.outputDirectory),
        input: folder('input', options.inputDirectory),
        temp: folder('temp', options.tempDirectory),
      },
      this.traits,
    );
    const { promise, resolve } = Promise.withResolvers<number>();
    this.crashed = promise;
    this.resolveCrash = resolve;
    this.faults = new Faults({
      holdThread: () => this.life.clock.hold(),
      holdFrames: () => this.life.hub.hold(),
      setDeaf: (deaf) => {
        this.life.hub.deafAll = deaf;
      },
      setDeafAfterReconnect: (deaf) => {
        this.life.hub.deafAfterReconnect = deaf;
      },
      dropConnections: () => this.dropConnections(),
      restart: (downMs) => this.restart(downMs),
      crash: () => this.crash(),
    });
    this.life = this.begin(options.firstNumber ?? 0);
  }

  get port(): number {
    return this.boundPort;
  }

  get url(): string {
    return `http://${this.options.host ?? '127.0.0.1'}:${this.boundPort}`;
  }

  get queue(): PromptQueue {
    return this.life.queue;
  }

  get card(): Card {
    return this.life.card;
  }

  get openSockets(): number {
    return this.life.hub.size;
  }

  /** Frames handed to sockets since the last start. */
  get framesSent(): number {
    return this.life.hub.framesSent;
  }

  /** With manualTime: how far the next step of the running prompt is away. */
  get untilNextStep(): number | undefined {
    return this.life.clock.untilNextStep;
  }

  /** With manualTime: lets so much node time pass, step by step, and waits until all that follows is done. */
  async advanceTime(milliseconds: number): Promise<void> {
    await this.settle();
    for (let left = milliseconds; ; ) {
      const next = this.life.clock.untilNextStep;
      const part = next === undefined ? left : Math.min(left, next);
      const stepped = this.life.clock.advance(part);
      left -= part;
      await this.settle();
      if (!stepped && left <= 0) return;
    }
  }

  /** With manualTime: until the prompt thread waits or is idle and its frames are out. */
  async settle(): Promise<void> {
    const quiet = () => {
      const { worker, clock, hub } = this.life;
      return (worker.isIdle || clock.untilNextStep !== undefined || clock.isHeld) && hub.isDrained;
    };
    while (this.state === 'up' && !quiet()) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Bytes of the last body posted under this prompt id. */
  bodyOf(promptId: string): Buffer | undefined {
    return this.promptBodies.findLast((recorded) => recorded.promptId === promptId)?.body;
  }

  async listen(): Promise<void> {
    const http = createServer((request, response) => void this.serve(request, response));
    http.keepAliveTimeout = 75_000;
    http.on('upgrade', (request, socket, head) => void this.upgrade(request, socket, head));
    http.on('connection', (socket: Socket) => {
      this.connections.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => this.connections.delete(socket));
    });
    this.http = http;
    const port = this.boundPort === 0 ? (this.options.port ?? 0) : this.boundPort;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    http.once('error', reject);
    http.listen(port, this.options.host ?? '127.0.0.1', resolve);
    await promise;
    this.state = 'up';
    const address = http.address();
    this.boundPort = typeof address === 'object' && address ? address.port : port;
    this.life.card.open(this.boundPort);
  }

  /** Ends it for good: connections break, files of the run's own scratch folder go. */
  async stop(): Promise<void> {
    await this.kill();
    this.state = 'stopped';
    this.removeTraces();
  }

  /** What a process that dies of a signal removes first: its scratch folder and its file of the card. */
  removeTraces(): void {
    if (this.scratch !== undefined) rmSync(this.scratch, { recursive: true, force: true });
    if (this.options.vramFile !== undefined) removeVramFile(this.options.vramFile);
  }

  /** As SIGKILL: connections break, the port is closed, nothing is kept (recording 17). */
  async kill(): Promise<void> {
    if (this.state !== 'up') return;
    this.state = 'down';
    this.faults.clear();
    await this.shutDown();
  }

  /** Starts again after kill() or a crash, on the same port: empty, and numbers begin at 0. */
  async revive(): Promise<void> {
    if (this.state !== 'down') return;
    this.folders.clearTemp();
    this.life = this.begin(0);
    await this.listen();
  }

  async restart(downMs = 0): Promise<void> {
    await this.kill();
    if (downMs > 0) await delay(downMs);
    await this.revive();
  }

  /** Breaks every connection with a reset, as a killed process does. */
  dropConnections(): void {
    for (const socket of this.connections) socket.resetAndDestroy();
  }

  private begin(firstNumber: number): Life {
    const { options, traits, folders, faults, random } = this;
    return beginLife(
      {
        options,
        traits,
        folders,
        faults,
        random,
        port: () => this.boundPort,
        crash: () => this.crash(),
        recordBody: (promptId, body) => this.recordBody(promptId, body),
      },
      firstNumber,
    );
  }

  private recordBody(promptId: string, body: Buffer): void {
    this.promptBodies.push({ promptId, body, receivedAt: Date.now() });
    if (this.promptBodies.length > KEPT_BODIES) this.promptBodies.shift();
  }

  /** The process ends by itself with code 1: sockets break, the port closes (recording 25). */
  private crash(): void {
    const { life } = this;
    life.hub.hold();
    // Frames stop at once; the process needs a moment to go down.
    setTimeout(
      () => {
        if (this.life === life) void this.kill().then(() => this.resolveCrash(1));
      },
      (CRASH_SECONDS * 1000) / (this.options.speed ?? 1),
    );
  }

  private async shutDown(): Promise<void> {
    const { life, http } = this;
    life.clock.stop();
    life.card.close();
    life.hub.reset();
    this.dropConnections();
    if (!http) return;
    this.http = undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    http.close(() => resolve());
    http.closeAllConnections();
    await promise;
  }

  private async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: HttpAnswer;
    try {
      answer = await this.answer(message);
    } catch {
      answer = INTERNAL_SERVER_ERROR;
    }
    writeAnswer(message, response, answer);
  }

  private async answer(message: IncomingMessage): Promise<HttpAnswer> {
    const body = await readBody(message);
    if (!body) return { status: 413 };
    const url = new URL(message.url ?? '/', 'http://double');
    if (this.options.control === true && url.pathname.startsWith('/double/'))
      return answerControl(url.pathname, body, this.life, this.faults);
    const intercepted = await this.faults.interceptHttp(url.pathname);
    if (intercepted) return intercepted;
    if (!isAllowedOrigin(message.headers, this.traits)) return emptyAnswer(403);
    const { method = 'GET', headers } = message;
    if (method === 'OPTIONS') return emptyAnswer();
    const request = {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      body,
      params: [],
    };
    const answer = await dispatch(this.life.routes, request);
    const late = this.faults.promptReplyDelay;
    if (late > 0 && method === 'POST' && url.pathname.endsWith('/prompt')) await delay(late);
    return answer;
  }

  private async upgrade(message: IncomingMessage, duplex: Duplex, head: Buffer): Promise<void> {
    duplex.on('error', () => undefined);
    const url = new URL(message.url ?? '/', 'http://double');
    const refuse = (line: string) =>
      duplex.end(`HTTP/1.1 ${line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    if (await this.faults.interceptHttp(url.pathname)) return void refuse('502 Bad Gateway');
    if (!isAllowedOrigin(message.headers, this.traits)) return void refuse('403 Forbidden');
    if (!/^(?:\/api)?\/ws$/.test(url.pathname) || !(duplex instanceof Socket))
      return void refuse('404 Not Found');
    this.upgrades.handleUpgrade(message, duplex, head, (socket) => {
      this.life.hub.accept(socket, duplex, url.searchParams.get('clientId') ?? '');
    });
  }
}

export async function startComfyDouble(options: ComfyDoubleOptions = {}): Promise<ComfyDouble> {
  const double = new ComfyDouble(options);
  await double.listen();
  return double;
}
