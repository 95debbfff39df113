/**
 * Which node of a prompt runs next, and which results of the last prompt are still good: the execution
 * list and the classic cache of ComfyUI (recordings 02, 05, 08).
 */

import { createHash } from 'node:crypto';
import type { NodeCatalogue } from './nodes.ts';
import type { ComfyFolders } from './output-files.ts';
import { dumpJson, type Json, type JsonObject } from './python-json.ts';
import type { NodeValue } from './values.ts';

export interface PromptNode {
  readonly id: string;
  readonly classType: string;
  readonly inputs: JsonObject;
}

export interface CacheEntry {
  readonly outputs: readonly NodeValue[];
  readonly ui: ReadonlyMap<string, Json> | undefined;
}

export type Link = readonly [from: string, slot: number];

export function asLink(value: Json): Link | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [from, slot] = value;
  return typeof from === 'string' && typeof slot === 'number' ? [from, slot] : undefined;
}

/** The nodes of a prompt in its order; entries that are no nodes are left out. */
export function promptNodes(prompt: JsonObject): Map<string, PromptNode> {
  const nodes = new Map<string, PromptNode>();
  for (const [id, node] of prompt) {
    if (!(node instanceof Map)) continue;
    const classType = node.get('class_type');
    const inputs = node.get('inputs');
    if (typeof classType !== 'string') continue;
    nodes.set(id, { id, classType, inputs: inputs instanceof Map ? inputs : new Map() });
  }
  return nodes;
}

/** Keeps the results of the last prompt only, keyed by a node's inputs and all that feeds them. */
export class ExecutionCache {
  private readonly entries = new Map<string, CacheEntry>();
  private signatures = new Map<string, string>();

  /** set_prompt(): from now on nodes are looked up by what feeds them in this prompt. */
  setPrompt(nodes: ReadonlyMap<string, PromptNode>, catalogue: NodeCatalogue, folders: ComfyFolders): void {
    const signatures = new Map<string, string>();
    const sign = (id: string, path: readonly string[]): string => {
      const known = signatures.get(id);
      if (known !== undefined) return known;
      const node = nodes.get(id);
      if (node === undefined || path.includes(id)) return `missing ${id}`;
      const hash = createHash('sha1').update(node.classType);
      const changed = catalogue.get(node.classType)?.isChanged?.(node.inputs, folders);
      if (changed !== undefined) hash.update(` is_changed ${changed}`);
      for (const name of [...node.inputs.keys()].sort()) {
        const value = node.inputs.get(name) ?? null;
        const link = asLink(value);
        hash.update(`\n${name}=`);
        hash.update(link ? `${sign(link[0], [...path, id])}[${link[1]}]` : dumpJson(value));
      }
      const signature = hash.digest('base64');
      signatures.set(id, signature);
      return signature;
    };
    for (const id of nodes.keys()) sign(id, []);
    this.signatures = signatures;
  }

  /** clean_unused(): drops what the current prompt does not use. */
  cleanUnused(): void {
    const used = new Set(this.signatures.values());
    for (const signature of [...this.entries.keys()]) {
      if (!used.has(signature)) this.entries.delete(signature);
    }
  }

  get(nodeId: string): CacheEntry | undefined {
    const signature = this.signatures.get(nodeId);
    return signature === undefined ? undefined : this.entries.get(signature);
  }

  set(nodeId: string, entry: CacheEntry): void {
    const signature = this.signatures.get(nodeId);
    if (signature !== undefined) this.entries.set(signature, entry);
  }

  clear(): void {
    this.entries.clear();
  }
}

export class ExecutionList {
  private readonly nodes: ReadonlyMap<string, PromptNode>;
  private readonly cache: ExecutionCache;
  private readonly isOutput: (id: string) => boolean;
  private readonly pending = new Set<string>();
  private readonly blockCount = new Map<string, number>();
  private readonly blocking = new Map<string, Set<string>>();

  constructor(
    nodes: ReadonlyMap<string, PromptNode>,
    cache: ExecutionCache,
    isOutput: (id: string) => boolean,
  ) {
    this.nodes = nodes;
    this.cache = cache;
    this.isOutput = isOutput;
  }

  get isEmpty(): boolean {
    return this.pending.size === 0;
  }

  /** Adds a node and all that it needs and that is not cached. */
  add(nodeId: string): void {
    const stack = [nodeId];
    const links: (readonly [from: string, to: string])[] = [];
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      if (this.pending.has(id)) continue;
      this.pending.add(id);
      this.blockCount.set(id, 0);
      this.blocking.set(id, new Set());
      for (const value of this.nodes.get(id)?.inputs.values() ?? []) {
        const link = asLink(value);
        if (!link || this.cache.get(link[0]) !== undefined) continue;
        stack.push(link[0]);
        links.push([link[0], id]);
      }
    }
    for (const [from, to] of links) {
      const blocked = this.blocking.get(from);
      if (!blocked || blocked.has(to)) continue;
      blocked.add(to);
      this.blockCount.set(to, (this.blockCount.get(to) ?? 0) + 1);
    }
  }

  /** Output nodes first, then what an output waits for, directly or over one node, then the oldest. */
  pick(): string | undefined {
    const ready = [...this.pending].filter((id) => this.blockCount.get(id) === 0);
    const waits = (id: string) => [...(this.blocking.get(id) ?? [])];
    return (
      ready.find(this.isOutput) ??
      ready.find((id) => waits(id).some(this.isOutput)) ??
      ready.find((id) => waits(id).some((next) => waits(next).some(this.isOutput))) ??
      ready[0]
    );
  }

  complete(nodeId: string): void {
    this.pending.delete(nodeId);
    for (const id of this.blocking.get(nodeId) ?? [])
      this.blockCount.set(id, (this.blockCount.get(id) ?? 1) - 1);
    this.blocking.delete(nodeId);
  }
}
