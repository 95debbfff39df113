/**
 * Failure injection: the ways a ComfyUI server was seen, or is feared, to misbehave. Every method returns
 * a function that takes the failure back; `clear()` takes all of them back.
 */

import type { InjectedFailure } from './execution-state.ts';
import { type HttpAnswer, INTERNAL_SERVER_ERROR, jsonAnswer } from './http.ts';

export const FAILURE_KINDS = ['node_error', 'oom', 'interrupted', 'validation', 'http_500'] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];
export type Undo = () => void;

export interface FaultTargets {
  /** Holds the prompt thread at its next step. */
  readonly holdThread: () => Undo;
  /** Keeps frames back. */
  readonly holdFrames: () => Undo;
  readonly setDeaf: (deaf: boolean) => void;
  readonly setDeafAfterReconnect: (deaf: boolean) => void;
  readonly dropConnections: () => void;
  readonly restart: (downMs: number) => Promise<void>;
  readonly crash: () => void;
}

const HTML_PAGE =
  '<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n' +
  '<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>\n';

export class Faults {
  private readonly targets: FaultTargets;
  private readonly active = new Set<Undo>();
  private html: { status: number } | undefined;
  private readonly httpHolds = new Set<{ path: string; over: Promise<void> }>();
  private failing: { count: number; kind: FailureKind } | undefined;
  private loadDelay = 0;
  private replyDelay = 0;

  constructor(targets: FaultTargets) {
    this.targets = targets;
  }

  /** No frame leaves and no node goes on for `seconds` of real time; HTTP answers (recording 16). */
  silence(seconds: number): Undo {
    const releases = [this.targets.holdThread(), this.targets.holdFrames()];
    const undo = this.register(() => {
      clearTimeout(timer);
      for (const release of releases) release();
    });
    const timer = setTimeout(undo, seconds * 1000);
    timer.unref();
    return undo;
  }

  /**
   * The answer to POST /prompt comes so many real milliseconds late: execution_start and what follows
   * arrive before it (README of the recordings, 01).
   */
  delayReply(milliseconds: number): Undo {
    this.replyDelay = milliseconds;
    return this.register(() => {
      this.replyDelay = 0;
    });
  }

  /** Every HTTP request is answered with a proxy's error page. */
  answerHtml(status = 502): Undo {
    this.html = { status };
    return this.register(() => {
      this.html = undefined;
    });
  }

  /** Requests whose path begins with `path` are taken and not answered until the failure is taken back. */
  hangHttp(path = '/'): Undo {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const hold = { path, over };
    this.httpHolds.add(hold);
    return this.register(() => {
      this.httpHolds.delete(hold);
      resolve();
    });
  }

  /** The prompt thread dies: HTTP is up, queue_running stays as it is (contract 5.2, 8.22). */
  killPromptThread(): Undo {
    return this.register(this.targets.holdThread());
  }

  /** No socket hears anything any more, pings are still answered (recording 15b). */
  deafSockets(): Undo {
    this.targets.setDeaf(true);
    return this.register(() => this.targets.setDeaf(false));
  }

  /** Every socket that takes over a clientId is deaf from its first moment. */
  deafAfterReconnect(): Undo {
    this.targets.setDeafAfterReconnect(true);
    return this.register(() => this.targets.setDeafAfterReconnect(false));
  }

  /** The next `count` prompts fail: while running, or already at POST /prompt. */
  failNextPrompts(count: number, kind: FailureKind): Undo {
    this.failing = { count, kind };
    return this.register(() => {
      this.failing = undefined;
    });
  }

  /** Breaks every connection without a close frame. */
  dropConnections(): void {
    this.targets.dropConnections();
  }

  /** Every model load takes this many real milliseconds more. */
  delayModelLoad(milliseconds: number): Undo {
    this.loadDelay = milliseconds;
    return this.register(() => {
      this.loadDelay = 0;
    });
  }

  /** As after a crash: all state is lost, number starts at 0; the port is closed for `downMs`. */
  restart(downMs = 0): Promise<void> {
    return this.targets.restart(downMs);
  }

  /** The process ends with exit code 1 (recording 25). */
  crash(): void {
    this.targets.crash();
  }

  clear(): void {
    for (const undo of [...this.active]) undo();
  }

  /** The answer that replaces the real one, after waiting out hangHttp(). */
  async interceptHttp(path: string): Promise<HttpAnswer | undefined> {
    const holding = () => [...this.httpHolds].find((hold) => path.startsWith(hold.path));
    for (let hold = holding(); hold; hold = holding()) await hold.over;
    if (!this.html) return undefined;
    return { status: this.html.status, headers: { 'content-type': 'text/html' }, body: HTML_PAGE };
  }

  get promptReplyDelay(): number {
    return this.replyDelay;
  }

  get modelLoadDelay(): number {
    return this.loadDelay;
  }

  /** What POST /prompt answers instead of queueing. */
  refusal(): HttpAnswer | undefined {
    const kind = this.failing?.kind;
    if (kind === 'http_500') return this.takeFailure() && INTERNAL_SERVER_ERROR;
    if (kind !== 'validation') return undefined;
    const error = {
      type: 'prompt_outputs_failed_validation',
      message: 'Prompt outputs failed validation',
      details: '',
      extra_info: {},
    };
    return this.takeFailure() && jsonAnswer({ error, node_errors: {} }, 400);
  }

  /** What the prompt that starts now shall end with. */
  nextFailure(): InjectedFailure | undefined {
    const kind = this.failing?.kind;
    if (kind !== 'node_error' && kind !== 'oom' && kind !== 'interrupted') return undefined;
    return this.takeFailure() ? kind : undefined;
  }

  private takeFailure(): true | undefined {
    if (!this.failing || this.failing.count <= 0) return undefined;
    this.failing.count -= 1;
    if (this.failing.count === 0) this.failing = undefined;
    return true;
  }

  private register(undo: () => void): Undo {
    const once = () => {
      if (!this.active.delete(once)) return;
      undo();
    };
    this.active.add(once);
    return once;
  }
}
