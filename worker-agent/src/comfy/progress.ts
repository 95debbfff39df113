import type { ComfyFrame, NodeProgress } from './messages.ts';
import type { PromptProgress } from './roles.ts';
import { parseTolerantJson } from './tolerant-json.ts';

/** Sampling takes most of a job's time, so it takes most of the bar; decoding and saving some. */
const WEIGHTS: readonly [RegExp, number][] = [
  [/Sampler/, 20],
  [/VAE(Decode|Encode)|Upscale|SaveVideo|VideoCombine|CreateVideo/, 3],
  [/Loader|Checkpoint/, 3],
];
const LOADER = /Loader|^Load(?!Image|Video|Audio|Latent)|Checkpoint/;

/**
 * Turns events of one prompt into progress: the share of its nodes and ticks done, never going back. Cached nodes
 * count as done. Identical progress is told once.
 */
export class ProgressTracker {
  readonly #tell: (progress: PromptProgress) => void;
  #classOf = new Map<string, string>();
  #total = 0;
  readonly #shares = new Map<string, number>();
  #progress: PromptProgress = { phase: 'queued', fraction: null, node: null, step: null, steps: null };
  #current: string | null = null;
  #told = '';

  constructor(tell: (progress: PromptProgress) => void) {
    this.#tell = tell;
  }

  /** @param prompt the API-format prompt's bytes; unreadable ones leave progress without a fraction. */
  setPrompt(prompt: Buffer): void {
    this.#classOf = classesOf(prompt);
    this.#total = 0;
    for (const type of this.#classOf.values()) this.#total += weightOf(type);
  }

  /** The prompt waits in the server's queue. */
  queued(): void {
    this.#publish();
  }

  /** The prompt is known to run, whatever events were missed. */
  running(): void {
    if (this.#progress.phase === 'queued') this.#progress = { ...this.#progress, phase: 'running' };
    this.#publish();
  }

  handle(frame: ComfyFrame): void {
    switch (frame.type) {
      case 'execution_start':
        this.running();
        return;
      case 'execution_cached':
        for (const id of frame.data.nodes) this.#share(id, 1);
        this.running();
        return;
      case 'executing':
        if (frame.data.node === null) return;
        this.#enter(frame.data.display_node ?? frame.data.node);
        this.#publish();
        return;
      case 'executed':
        this.#share(frame.data.node, 1);
        this.#publish();
        return;
      case 'progress':
        if (frame.data.node) this.#tick(frame.data.node, frame.data.value, frame.data.max);
        this.#publish();
        return;
      case 'progress_state':
        for (const [id, node] of Object.entries(frame.data.nodes)) this.#node(id, node);
        this.#publish();
        return;
      default:
        return;
    }
  }

  #node(id: string, node: NodeProgress): void {
    const shown = node.display_node_id ?? node.real_node_id ?? id;
    if (node.state === 'finished') this.#share(id, 1);
    else if (node.state === 'running') {
      if (this.#current !== shown) this.#enter(shown);
      this.#tick(id, node.value, node.max);
    }
  }

  #enter(id: string): void {
    if (id === this.#current) return;
    this.#current = id;
    const node = this.#className(id);
    const phase = node !== null && LOADER.test(node) ? 'loading' : 'running';
    this.#share(id, 0);
    this.#progress = { ...this.#progress, phase, node, step: null, steps: null };
  }

  #tick(id: string, value: number, max: number): void {
    if (!(max > 1)) return;
    this.#share(id, Math.min(1, Math.max(0, value / max)));
    this.#progress = { ...this.#progress, step: value, steps: max };
  }

  #share(id: string, share: number): void {
    const before = this.#shares.get(id);
    if (before === undefined || share > before) this.#shares.set(id, share);
  }

  #className(id: string): string | null {
    // Nodes of an expanded subgraph are named parent:child or parent.n.
    return this.#classOf.get(id) ?? this.#classOf.get(id.split(/[:.]/)[0] ?? '') ?? null;
  }

  #publish(): void {
    if (this.#total > 0 && this.#shares.size > 0) {
      let done = 0;
      for (const [id, share] of this.#shares) {
        const type = this.#classOf.get(id);
        if (type !== undefined) done += share * weightOf(type);
      }
      const fraction = Math.min(1, Math.max(this.#progress.fraction ?? 0, done / this.#total));
      this.#progress = { ...this.#progress, fraction };
    }
    const { phase, fraction, node, step, steps } = this.#progress;
    const text = `${phase} ${fraction} ${node} ${step} ${steps}`;
    if (text === this.#told) return;
    this.#told = text;
    this.#tell(this.#progress);
  }
}

function weightOf(classType: string): number {
  return WEIGHTS.find(([pattern]) => pattern.test(classType))?.[1] ?? 1;
}

function classesOf(prompt: Buffer): Map<string, string> {
  const classes = new Map<string, string>();
  let value: unknown;
  try {
    value = parseTolerantJson(prompt.toString('utf8'));
  } catch {
    return classes;
  }
  if (typeof value !== 'object' || value === null) return classes;
  for (const [id, node] of Object.entries(value))
    if (
      typeof node === 'object' &&
      node !== null &&
      'class_type' in node &&
      typeof node.class_type === 'string'
    )
      classes.set(id, node.class_type);
  return classes;
}
