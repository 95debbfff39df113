import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  type Episode,
  episodesOf,
  frameOf,
  type RecordedVersion,
  readRecording,
  type Step,
} from './recording.ts';

export interface RecordingServerOptions {
  /** Recorded gaps are divided by this. Default 50. */
  speed?: number;
  /** How often GET /history/{id} still answers {} after the end was announced. Default 0. */
  historyMisses?: number;
  /** How long the port stays closed where the recorded server died. Default 200 ms. */
  downMs?: number;
}

/** A server that answers with what a real ComfyUI server sent: the frames and bodies of one transcript. */
export interface RecordingServer {
  readonly url: string;
  readonly episodes: readonly Episode[];
  /** Everything it was asked, as `METHOD /path body`. */
  readonly requests: readonly string[];
  /** Client ids of the sockets that came, in order. */
  readonly clientIds: readonly string[];
  /** Raw bodies of POST /prompt. */
  readonly submissions: readonly Buffer[];
  close(): Promise<void>;
}

interface Run {
  episode: Episode;
  state: 'running' | 'ended';
  misses: number;
}

export async function startRecordingServer(
  version: RecordedVersion,
  scenario: string,
  options: RecordingServerOptions = {},
): Promise<RecordingServer> {
  const steps = readRecording(version, scenario);
  const episodes = episodesOf(steps);
  const speed = options.speed ?? 50;
  const requests: string[] = [];
  const clientIds: string[] = [];
  const submissions: Buffer[] = [];
  const runs = new Map<string, Run>();
  const sockets = new Map<string, WebSocket>();
  const interrupts = new Set<string>();
  let wakeInterrupts = () => {};
  let closed = false;

  const server = createServer((request, response) => void answer(request, response));
  const upgrades = new WebSocketServer({ server, path: '/ws' });
  upgrades.on('connection', (socket, request) => {
    const clientId = new URL(request.url ?? '/', 'http://x').searchParams.get('clientId') ?? '';
    clientIds.push(clientId);
    sockets.set(clientId, socket);
    socket.on('close', () => sockets.get(clientId) === socket && sockets.delete(clientId));
    const status = { status: { exec_info: { queue_remaining: runningCount() } }, sid: clientId };
    socket.send(JSON.stringify({ type: 'status', data: status }));
  });
  upgrades.on('error', () => {});

  const runningCount = () => [...runs.values()].filter(({ state }) => state === 'running').length;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) if (Buffer.isBuffer(part)) parts.push(part);
    const body = Buffer.concat(parts);
    const { method = 'GET', url = '/' } = request;
    requests.push(`${method} ${url} ${method === 'POST' ? body.toString('utf8', 0, 2000) : ''}`.trim());
    const send = (status: number, content: Buffer | string, type = 'application/json; charset=utf-8') => {
      response.writeHead(status, { 'content-type': type });
      response.end(content);
    };
    const json = (value: unknown) => send(200, JSON.stringify(value));

    if (method === 'POST' && url === '/prompt') {
      submissions.push(body);
      submit(body, send);
      return;
    }
    if (method === 'POST' && url === '/interrupt') {
      const id = /"prompt_id":"([^"]+)"/.exec(body.toString())?.[1];
      if (id) interrupts.add(id);
      wakeInterrupts();
      return send(200, '');
    }
    if (method === 'POST') return send(200, '');
    if (url === '/prompt') return json({ exec_info: { queue_remaining: runningCount() } });
    if (url === '/queue') {
      const running = [...runs.values()].filter(({ state }) => state === 'running');
      const tuples = running.map(({ episode }) => [episode.number, episode.promptId, {}, {}, []]);
      return json({ queue_running: tuples, queue_pending: [] });
    }
    const id = /^\/history\/(.+)$/.exec(url)?.[1];
    if (id !== undefined) {
      const run = runs.get(id);
      if (run?.state !== 'ended' || !run.episode.history) return json({});
      run.misses += 1;
      return run.misses <= (options.historyMisses ?? 0) ? json({}) : send(200, run.episode.history);
    }
    const recorded = steps.find(
      (step) => step.kind === 'http' && step.method === method && step.path === url,
    );
    if (recorded?.status === undefined) return send(404, '404: Not Found', 'text/plain');
    send(recorded.status, recorded.responseBody, recorded.contentType);
  }

  function submit(body: Buffer, send: (status: number, content: Buffer, type?: string) => void): void {
    const id = /,"client_id":"([^"]*)","prompt_id":"([^"]*)"/.exec(
      body.toString('latin1', Math.max(0, body.length - 400)),
    );
    const clientId = id?.[1] ?? '';
    const episode =
      episodes.find(({ promptId }) => promptId !== undefined && promptId === id?.[2]) ??
      episodes.find(({ prompt, promptId }) => prompt && !promptId && body.includes(prompt));
    if (!episode) {
      send(400, Buffer.from('{"error":{"type":"not_recorded"},"node_errors":{}}'));
      return;
    }
    const reply = () => {
      const recorded = episode.post?.responseBody;
      const made = Buffer.from(
        JSON.stringify({ prompt_id: episode.promptId, number: episode.number, node_errors: {} }),
      );
      send(episode.post?.status ?? 200, recorded ?? made, episode.post?.contentType);
    };
    if (!episode.promptId) {
      reply();
      return;
    }
    const run: Run = { episode, state: 'running', misses: 0 };
    runs.set(episode.promptId, run);
    void play(run, clientId, reply);
  }

  async function play(run: Run, clientId: string, reply: () => void): Promise<void> {
    const { episode } = run;
    const postAt = episode.post?.index ?? -1;
    const after = episode.steps.filter((step) => step.index > postAt);
    // Frames that the recorder received before the answer to POST go out before it here too.
    for (const step of episode.steps) if (step.index < postAt) sendFrame(clientId, step);
    reply();
    let clock = after[0]?.atMs ?? 0;
    for (const step of after) {
      const gap = (step.atMs - clock) / speed;
      clock = Math.max(clock, step.atMs);
      if (gap >= 1) await pause(gap);
      if (closed) return;
      if (step.kind === 'http') await interrupted(episode.promptId ?? '');
      const frame = frameOf(step);
      if (frame?.type === 'executing' && frame.data.node === null) run.state = 'ended';
      if (frame?.type === 'execution_success' && options.historyMisses) run.state = 'ended';
      sendFrame(clientId, step);
    }
    if (episode.dies) return die();
    // A deaf socket heard nothing of the end; the recorder found it in history later.
    if (run.state === 'running') await pause(1000 / speed);
    run.state = 'ended';
  }

  function sendFrame(clientId: string, step: Step): void {
    const socket = sockets.get(clientId);
    if (socket && step.frame) socket.send(step.kind === 'ws-text' ? step.frame.toString() : step.frame);
  }

  async function interrupted(promptId: string): Promise<void> {
    while (!interrupts.has(promptId) && !closed)
      await new Promise<void>((resolve) => {
        wakeInterrupts = resolve;
      });
  }

  /** As the recorded server did: sockets break, nothing listens, and afterwards everything is forgotten. */
  async function die(): Promise<void> {
    for (const socket of sockets.values()) socket.terminate();
    server.closeAllConnections();
    server.close();
    runs.clear();
    await pause(options.downMs ?? 200);
    if (!closed) server.listen(port, '127.0.0.1');
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    episodes,
    requests,
    clientIds,
    submissions,
    async close() {
      closed = true;
      wakeInterrupts();
      for (const socket of upgrades.clients) socket.terminate();
      server.closeAllConnections();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}
