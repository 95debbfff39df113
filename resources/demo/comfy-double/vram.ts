/**
 * Memory of the card as one ComfyUI process sees it: models come onto it when they are used, the least
 * recently used ones leave it when room is needed, POST /free empties it, and what the other processes
 * on the same card hold is taken into account (files of vram-file.ts).
 */

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { OutOfMemory } from './python-errors.ts';
import type { ModelValue } from './values.ts';
import { readVramDirectory, removeVramFile, writeVramFile } from './vram-file.ts';

export const MEBIBYTE = 1024 * 1024;
export const GIBIBYTE = 1024 * MEBIBYTE;

export interface CardOptions {
  readonly vramTotal: number;
  /** What a process holds before any model is loaded: the CUDA context. */
  readonly contextBytes: number;
  readonly vramFile?: string;
  /** Probability that bringing models onto the card fails although there is room. */
  readonly oomRate: number;
  readonly random: () => number;
}

function gib(bytes: number): string {
  return `${(bytes / GIBIBYTE).toFixed(2)} GiB`;
}

export class Card {
  private readonly options: CardOptions;
  /** Model name to bytes, least recently used first. */
  private readonly models = new Map<string, number>();
  /** Memory torch keeps after work is done. */
  private reserved = 0;
  private utilisation = 0;
  private port = 0;
  private published = '';

  constructor(options: CardOptions) {
    this.options = options;
    if (options.vramFile !== undefined) mkdirSync(path.dirname(options.vramFile), { recursive: true });
  }

  get total(): number {
    return this.options.vramTotal;
  }

  get used(): number {
    let sum = this.options.contextBytes + this.reserved;
    for (const bytes of this.models.values()) sum += bytes;
    return sum;
  }

  /** Reserved by torch: the models and its cache, without the context. */
  get torchTotal(): number {
    return this.used - this.options.contextBytes;
  }

  get torchFree(): number {
    return this.reserved;
  }

  /** What the driver calls free: total minus everybody on the card. */
  get driverFree(): number {
    return Math.max(0, this.total - this.used - this.othersUse());
  }

  get loadedModels(): readonly string[] {
    return [...this.models.keys()];
  }

  isLoaded(model: ModelValue): boolean {
    return this.models.has(model.name);
  }

  /** Called once the port is known; from then on the file exists. */
  open(port: number): void {
    this.port = port;
    this.publish();
  }

  close(): void {
    if (this.options.vramFile !== undefined) removeVramFile(this.options.vramFile);
    this.published = '';
    this.port = 0;
  }

  setUtilisation(percent: number): void {
    this.utilisation = percent;
    this.publish();
  }

  /**
   * Makes the models resident and finds room for the work on top. Where the card is full, the weights stay partly in
   * main memory, as ComfyUI's lowvram loading does; only work that itself does not fit throws OutOfMemory.
   */
  occupy(models: readonly ModelValue[], workingBytes: number): void {
    const others = this.othersUse();
    const pinned = new Set(models.map((model) => model.name));
    const room = () => this.total - others - this.used;
    const missing = () =>
      models.reduce((sum, { name, vramBytes }) => sum + vramBytes - (this.models.get(name) ?? 0), 0);
    const needed = () => Math.max(0, workingBytes - this.reserved) + missing();
    for (const name of [...this.models.keys()]) {
      if (room() >= needed()) break;
      if (!pinned.has(name)) this.models.delete(name);
    }
    // torch gives back what it kept of earlier work before it asks for more.
    if (room() < needed()) this.reserved = Math.min(this.reserved, workingBytes);
    const weights = models.reduce((sum, model) => sum + model.vramBytes, 0);
    const lacking = Math.max(0, needed() - room());
    const unlucky = this.options.oomRate > 0 && this.options.random() < this.options.oomRate;
    if (lacking > weights || unlucky) {
      const error = new OutOfMemory(
        `CUDA out of memory. Tried to allocate ${gib(Math.max(needed(), 20 * MEBIBYTE))}. GPU 0 has a total ` +
          `capacity of ${gib(this.total)} of which ${gib(Math.max(0, room()))} is free.`,
      );
      this.publish();
      throw error;
    }
    const loaded = weights === 0 ? 1 : 1 - lacking / weights;
    for (const model of models) {
      this.models.delete(model.name);
      this.models.set(model.name, model.vramBytes * loaded);
    }
    this.reserved = Math.max(this.reserved, workingBytes);
    this.publish();
  }

  /** unload_all_models() and an empty torch cache. */
  unloadAll(): void {
    this.models.clear();
    this.reserved = 0;
    this.publish();
  }

  private othersUse(): number {
    const { vramFile } = this.options;
    if (vramFile === undefined) return 0;
    return readVramDirectory(path.dirname(vramFile), vramFile).reduce((sum, file) => sum + file.vramBytes, 0);
  }

  private publish(): void {
    const { vramFile } = this.options;
    if (vramFile === undefined || this.port === 0) return;
    const content = {
      pid: process.pid,
      port: this.port,
      vramBytes: Math.round(this.used),
      utilisation: this.utilisation,
    };
    const text = JSON.stringify(content);
    if (text === this.published) return;
    this.published = text;
    writeVramFile(vramFile, content);
  }
}
