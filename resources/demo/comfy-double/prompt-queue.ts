/**
 * PromptQueue of execution.py: a heap ordered by number, the running prompt, the history in memory
 * (contract 5.2, 5.3; recordings 10, 11, 19).
 */

import { type Dumpable, dumpJson, type Json, type JsonObject, PyFloat, RawJson } from './python-json.ts';

const MAXIMUM_HISTORY_SIZE = 10_000;

export interface QueueItem {
  readonly number: number | PyFloat;
  readonly promptId: string;
  readonly prompt: JsonObject;
  readonly extraData: JsonObject;
  readonly outputsToExecute: readonly string[];
  /** auth_token_comfy_org, api_key_comfy_org: kept out of queue and history (recording 11). */
  readonly sensitive: JsonObject;
}

export interface StatusMessage {
  readonly event: string;
  readonly timestamp: number;
  readonly data: Dumpable;
}

export interface ExecutionStatus {
  readonly statusStr: 'success' | 'error';
  readonly completed: boolean;
  readonly messages: readonly StatusMessage[];
}

export interface HistoryResult {
  readonly outputs: ReadonlyMap<string, ReadonlyMap<string, Json>>;
  readonly meta: ReadonlyMap<string, Dumpable>;
}

export interface HistoryEntry {
  readonly item: QueueItem;
  readonly result: HistoryResult;
  readonly status: ExecutionStatus;
}

function numberOf(item: QueueItem): number {
  return item.number instanceof PyFloat ? item.number.value : item.number;
}

/** Tuple comparison: number first, prompt id second. */
function precedes(left: QueueItem, right: QueueItem): boolean {
  const a = numberOf(left);
  const b = numberOf(right);
  return a === b ? left.promptId < right.promptId : a < b;
}

/** The five elements clients see; the text is kept, because queue and history are asked for often. */
const written = new WeakMap<QueueItem, RawJson>();
export function promptTuple(item: QueueItem): RawJson {
  const known = written.get(item);
  if (known) return known;
  const { number, promptId, prompt, extraData, outputsToExecute } = item;
  const text = new RawJson(dumpJson([number, promptId, prompt, extraData, [...outputsToExecute]]));
  written.set(item, text);
  return text;
}

export function statusJson(status: ExecutionStatus): Dumpable {
  return {
    status_str: status.statusStr,
    completed: status.completed,
    messages: status.messages.map(({ event, data }) => [event, data]),
  };
}

export function historyJson(entry: HistoryEntry): Dumpable {
  return {
    prompt: promptTuple(entry.item),
    outputs: entry.result.outputs,
    status: statusJson(entry.status),
    meta: entry.result.meta,
  };
}

export class PromptQueue {
  private readonly heap: QueueItem[] = [];
  private running: QueueItem | undefined;
  private readonly history = new Map<string, HistoryEntry>();
  private readonly changed: () => void;

  /** `changed` is queue_updated(): a status frame to all sockets. */
  constructor(changed: () => void) {
    this.changed = changed;
  }

  put(item: QueueItem): void {
    this.heap.push(item);
    this.siftDown(0, this.heap.length - 1);
    this.changed();
  }

  /** Takes the prompt that runs next, or undefined. */
  get(): QueueItem | undefined {
    const last = this.heap.pop();
    if (last === undefined) return undefined;
    const first = this.heap[0];
    if (first !== undefined) {
      this.heap[0] = last;
      this.siftUp(0);
    }
    this.running = first ?? last;
    this.changed();
    return this.running;
  }

  taskDone(item: QueueItem, result: HistoryResult, status: ExecutionStatus): void {
    this.running = undefined;
    if (this.history.size > MAXIMUM_HISTORY_SIZE) {
      const oldest = this.history.keys().next().value;
      if (oldest !== undefined) this.history.delete(oldest);
    }
    this.history.set(item.promptId, { item, result, status });
    this.changed();
  }

  get current(): QueueItem | undefined {
    return this.running;
  }

  /** Heap order, not execution order (recording 10). */
  get pending(): readonly QueueItem[] {
    return this.heap;
  }

  get tasksRemaining(): number {
    return this.heap.length + (this.running ? 1 : 0);
  }

  wipe(): void {
    this.heap.length = 0;
    this.changed();
  }

  /** Removes the first pending prompt the test accepts. */
  delete(matches: (item: QueueItem) => boolean): boolean {
    const index = this.heap.findIndex(matches);
    if (index < 0) return false;
    this.heap.splice(index, 1);
    for (let start = Math.floor(this.heap.length / 2) - 1; start >= 0; start -= 1) this.siftUp(start);
    this.changed();
    return true;
  }

  historyEntry(promptId: string): HistoryEntry | undefined {
    return this.history.get(promptId);
  }

  /** All entries, oldest first. */
  historyEntries(): HistoryEntry[] {
    return [...this.history.values()];
  }

  /** GET /history?max_items=&offset=: without an offset the newest ones. */
  historyPage(maxItems: number | undefined, offset: number): HistoryEntry[] {
    const all = this.historyEntries();
    const start =
      offset < 0 && maxItems !== undefined ? Math.max(0, all.length - maxItems) : Math.max(0, offset);
    return all.slice(start, maxItems === undefined ? undefined : start + maxItems);
  }

  wipeHistory(): void {
    this.history.clear();
  }

  deleteHistory(promptId: string): void {
    this.history.delete(promptId);
  }

  // heapq of Python, so that queue_pending shows its very order.
  private siftDown(start: number, position: number): void {
    const { heap } = this;
    const item = heap[position];
    if (item === undefined) return;
    let at = position;
    while (at > start) {
      const parentIndex = (at - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || !precedes(item, parent)) break;
      heap[at] = parent;
      at = parentIndex;
    }
    heap[at] = item;
  }

  private siftUp(position: number): void {
    const { heap } = this;
    const item = heap[position];
    if (item === undefined) return;
    let at = position;
    for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
      const left = heap[child];
      const right = heap[child + 1];
      let smallest = left;
      if (left !== undefined && right !== undefined && !precedes(left, right)) {
        smallest = right;
        child += 1;
      }
      if (smallest === undefined) break;
      heap[at] = smallest;
      at = child;
    }
    heap[at] = item;
    this.siftDown(position, at);
  }
}
