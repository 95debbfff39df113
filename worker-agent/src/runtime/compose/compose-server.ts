import { toWorkshopError, WorkshopError } from '../../contract/errors.ts';
import { observableState } from '../observable-state.ts';
import { lookAtComfy } from '../readiness.ts';
import type { ManagedServer, ServerState, Slot } from '../roles.ts';
import type { BringUp } from './bring-up.ts';
import type { ComposeTiming } from './compose-timing.ts';
import { type Container, inspectContainers, workerContainer } from './container.ts';
import type { ContainerEvent } from './container-events.ts';
import { containerLogs } from './container-logs.ts';
import { ContainerProcesses } from './container-processes.ts';
import { CrashBook } from './crash-book.ts';
import type { Docker } from './docker.ts';
import { isPortFree } from './port-check.ts';
import { PromptGuard } from './prompt-guard.ts';
import { promptsRemaining } from './prompts-in-hand.ts';
import { sentences } from './server-sentences.ts';
import { removeContainer, stopContainer } from './stop-container.ts';
import { Turnstile } from './turnstile.ts';

/** What a server needs from the runtime that made it. */
export interface ServerContext {
  docker: Docker;
  bringUp: BringUp;
  project: string;
  stopGraceMs: number;
  timing: ComposeTiming;
  gpuBusy: (slot: Slot) => Promise<boolean | null>;
  log: (message: string) => void;
}

/**
 * One worker's ComfyUI container: found or brought up, watched, restarted, stopped. All acts on the container go
 * through one turnstile, so that a stop never races a start.
 */
export class ComposeServer implements ManagedServer {
  readonly slot: Slot;
  readonly endpoint: string;
  readonly #context: ServerContext;
  readonly #state = observableState({ kind: 'starting', note: 'looking for its container' });
  readonly #turnstile = new Turnstile();
  readonly #crashes: CrashBook;
  readonly #processes = new ContainerProcesses();
  readonly #promptGuard: PromptGuard;
  #container: Container | null = null;
  #lookAgain = true;
  #lookedAt = 0;
  /** Starts tried since it was last ready. */
  #attempts = 0;
  #over = false;
  #stopping: { done: Promise<void>; graceMs: number } | null = null;
  #restarting: Promise<void> | null = null;

  constructor(slot: Slot, context: ServerContext) {
    this.slot = slot;
    this.endpoint = `http://127.0.0.1:${slot.port}`;
    this.#context = context;
    this.#crashes = new CrashBook(slot.workerId);
    this.#promptGuard = new PromptGuard(context.timing, context.gpuBusy);
    void this.#live();
  }

  state(): ServerState {
    return this.#state.get();
  }

  onChange(listener: (state: ServerState) => void): () => void {
    return this.#state.onChange(listener);
  }

  pids(): Promise<number[]> {
    return this.#processes.pids(this.#container);
  }

  /** The last lines of ComfyUI's log, oldest first; none when there is no container. */
  async logs(lines: number): Promise<string[]> {
    return this.#container ? containerLogs(this.#context.docker, this.#container.id, lines) : [];
  }

  /** Progress was seen by other means (a WebSocket event, say), so the prompt thread lives. */
  noteProgress(): void {
    this.#promptGuard.sawProgress();
  }

  /** ComfyUI answers but computes nothing any more (contract 5.2): says so and restarts it. @throws as `restart`. */
  async reportStuck(): Promise<void> {
    if (this.#over) return;
    this.#context.log(`${this.slot.workerId}: its prompt thread is dead`);
    this.#state.set({ kind: 'failed', error: sentences.stuck(this.slot.workerId), retryAt: Date.now() });
    await this.restart();
  }

  /**
   * Stops and starts it, with the slot's settings of today. Resolves when the container runs, not when it is ready.
   * @throws WorkshopError RUNTIME_START, WRONG_STATE, CONFIG; it is then tried again by itself.
   */
  restart(): Promise<void> {
    if (this.#over)
      return Promise.reject(
        new WorkshopError('WRONG_STATE', `${this.slot.workerId} is stopped and cannot be restarted.`),
      );
    this.#restarting ??= this.#turnstile
      .interrupt((signal) => this.#restart(signal))
      .finally(() => {
        this.#restarting = null;
      });
    return this.#restarting;
  }

  /**
   * Stops and removes the container. A later call with less grace hurries a stop that is under way.
   * @throws WorkshopError RUNTIME_START when Docker fails; it may be called again.
   */
  stop(graceMs: number): Promise<void> {
    const running = this.#stopping;
    if (running) {
      if (graceMs < running.graceMs) void this.#hurry(graceMs);
      return running.done;
    }
    this.#over = true;
    const done = this.#turnstile.interrupt(() => this.#stop(graceMs));
    this.#stopping = { done, graceMs };
    done.catch(() => {
      this.#stopping = null;
    });
    return done;
  }

  /** Ends the care; the container goes on by itself. Idempotent. */
  async release(): Promise<void> {
    this.#over = true;
    await this.#turnstile.interrupt(async () => {});
  }

  /** Docker reports something about this worker's container. */
  noticed(event: ContainerEvent): void {
    this.#crashes.noticed(event);
    this.lookAgain();
  }

  /** The container is to be looked at soon. */
  lookAgain(): void {
    this.#lookAgain = true;
    this.#turnstile.wake();
  }

  async #live(): Promise<void> {
    while (!this.#over) {
      let pauseMs = 0;
      try {
        pauseMs = await this.#turnstile.pass((signal) => this.#step(signal));
      } catch (cause) {
        // A step that was interrupted has not failed: whoever interrupted it acts next.
        if (!(cause instanceof DOMException))
          pauseMs = await this.#stumble(toWorkshopError(cause, 'RUNTIME_START'));
      }
      if (!this.#over) await this.#turnstile.sleep(pauseMs);
    }
  }

  /** One look and, where needed, one act. @returns ms until the next. */
  async #step(signal: AbortSignal): Promise<number> {
    const { timing } = this.#context;
    if (this.#over) return 0;
    if (this.#lookAgain || Date.now() - this.#lookedAt >= timing.inspectEveryMs) {
      this.#lookAgain = false;
      await this.#look(signal);
    }
    const container = this.#container;
    switch (container?.status) {
      case 'running':
        return this.#attend(container, signal);
      case 'restarting':
      case 'removing':
        this.#lookAgain = true;
        return timing.startingPollMs;
      case 'paused':
        this.#fail(sentences.paused(this.slot.workerId, container.name), null);
        return timing.readyPollMs;
      default:
        return this.#start(signal);
    }
  }

  /** Takes in how the container is now, and what became of it since the last look. */
  async #look(signal: AbortSignal): Promise<void> {
    const before = this.#container;
    const now = await this.#find(signal, before);
    const wasReady = this.state().kind === 'ready';
    this.#lookedAt = Date.now();
    this.#container = now;
    if (!now) {
      if (before && wasReady) this.#fail(sentences.removed(this.slot.workerId), Date.now());
      return;
    }
    if (this.#crashes.read(before, now, wasReady)) await this.#tellCrash(now);
    if (!before && now.status === 'running') await this.#adopt(now, signal);
  }

  /** A container that ran before this agent did goes on as it is, unless it is outdated and certainly idle. */
  async #adopt(container: Container, signal: AbortSignal): Promise<void> {
    const { bringUp, log } = this.#context;
    const { workerId } = this.slot;
    if (await bringUp.isCurrent(this.slot, container, signal)) {
      log(`${workerId}: its running container is taken over`);
      return;
    }
    const idle = (await promptsRemaining(this.endpoint)) === 0 || (await isPortFree(this.slot.port));
    if (!idle) {
      log(`${workerId}: its settings changed; they apply at its next restart, as it may be at work`);
      return;
    }
    log(`${workerId}: its settings changed, so its idle container is made anew`);
    this.#container = await this.#bringUp(signal);
  }

  async #tellCrash(container: Container): Promise<void> {
    this.#promptGuard.reset();
    const told = await this.#crashes.tell(this.#context.docker, container);
    if (!told) return;
    this.#context.log(`${this.slot.workerId}: ${told.error.message}`);
    // Docker's own policy starts it again within a minute; a container that stays down is started by `#start`.
    this.#fail(told.error, Date.now() + this.#backoffMs(told.recent));
  }

  /** Asks a running ComfyUI how it is. */
  async #attend(container: Container, signal: AbortSignal): Promise<number> {
    const { timing, log } = this.#context;
    const { workerId } = this.slot;
    const look = await lookAtComfy(this.endpoint, signal);
    signal.throwIfAborted();
    const now = Date.now();
    const upMs = now - (container.startedAt ?? now);
    const loop = this.#crashes.isLoop();
    if (look.kind === 'answers') {
      if (loop && upMs < timing.stableAfterMs) return timing.startingPollMs;
      if (this.state().kind !== 'ready') log(`${workerId}: ComfyUI answers at ${this.endpoint}`);
      this.#attempts = 0;
      this.#state.set({ kind: 'ready', endpoint: this.endpoint });
      // Not awaited: the restart waits for this very step to end.
      if (await this.#promptGuard.isStuck(this.slot, this.endpoint, container, this.#processes))
        this.reportStuck().catch(() => {});
      return timing.readyPollMs;
    }
    // Once ready, silence is a long model load or a stalled loop (contract 5.10): only the container's end is an end.
    if (this.state().kind === 'ready') return timing.readyPollMs;
    if (upMs > timing.startPatienceMs) this.#fail(sentences.slow(workerId, upMs, container.name), null);
    else if (!loop) this.#note(sentences.loading(upMs, look.kind === 'other' ? look.why : null));
    return timing.startingPollMs;
  }

  /** Brings the container up, unless the last attempt was too recent. */
  async #start(signal: AbortSignal): Promise<number> {
    const state = this.state();
    const waitMs = (state.kind === 'failed' ? (state.retryAt ?? 0) : 0) - Date.now();
    if (waitMs > 0) return waitMs;
    this.#attempts += 1;
    this.#container = await this.#bringUp(signal);
    this.#note('ComfyUI is loading');
    return 0;
  }

  async #bringUp(signal: AbortSignal): Promise<Container> {
    const container = await this.#context.bringUp.run(this.slot, (note) => this.#note(note), signal);
    this.#lookedAt = Date.now();
    this.#promptGuard.reset();
    return container;
  }

  async #restart(signal: AbortSignal): Promise<void> {
    const { docker, stopGraceMs, log } = this.#context;
    log(`${this.slot.workerId}: restarting`);
    this.#crashes.clear();
    this.#note('restarting');
    try {
      const container = await this.#find(signal);
      if (container) await stopContainer(docker, container.id, stopGraceMs);
      this.#container = await this.#bringUp(signal);
    } catch (cause) {
      this.#container = null;
      this.#lookAgain = true;
      if (cause instanceof DOMException)
        throw new WorkshopError('WRONG_STATE', `The restart of ${this.slot.workerId} was given up.`);
      const error = toWorkshopError(cause, 'RUNTIME_START');
      this.#fail(error.toInfo(), Date.now() + this.#backoffMs(1));
      throw error;
    }
  }

  async #stop(graceMs: number): Promise<void> {
    const container = await this.#find();
    if (container) {
      await stopContainer(this.#context.docker, container.id, graceMs);
      await removeContainer(this.#context.docker, container.id);
    }
    this.#container = null;
    this.#state.set({ kind: 'stopped' });
  }

  async #hurry(graceMs: number): Promise<void> {
    const container = await this.#find().catch(() => null);
    if (container) await stopContainer(this.#context.docker, container.id, graceMs).catch(() => {});
  }

  /** A step failed: Docker is away, the image cannot be had. A ComfyUI that still listens stays ready. */
  async #stumble(error: WorkshopError): Promise<number> {
    const { timing, log } = this.#context;
    this.#lookAgain = true;
    if (this.state().kind === 'ready' && !(await isPortFree(this.slot.port))) return timing.readyPollMs;
    const pauseMs = this.#backoffMs(this.#attempts);
    log(`${this.slot.workerId}: ${error.message}`);
    this.#fail(error.toInfo(), Date.now() + pauseMs);
    return pauseMs;
  }

  /** @param known the container it was; asked for first, as that takes one question instead of two. */
  async #find(signal?: AbortSignal, known: Container | null = null): Promise<Container | null> {
    const { docker, project } = this.#context;
    const [same] = known ? await inspectContainers(docker, [known.id], signal) : [];
    return same ?? workerContainer(docker, project, this.slot.workerId, signal);
  }

  #backoffMs(attempt: number): number {
    const { retryFirstMs, retryMostMs } = this.#context.timing;
    return Math.min(retryMostMs, retryFirstMs * 2 ** Math.max(0, Math.min(attempt, 10) - 1));
  }

  #note(note: string): void {
    if (!this.#over) this.#state.set({ kind: 'starting', note });
  }

  #fail(error: ReturnType<WorkshopError['toInfo']>, retryAt: number | null): void {
    if (!this.#over) this.#state.set({ kind: 'failed', error, retryAt });
  }
}
