/**
 * PromptExecutor: runs one prompt node by node, sends its frames and leaves its history entry
 * (contract 5.3, 5.7, 5.9; recordings 01, 02, 05-09).
 */

import { asLink, type CacheEntry, ExecutionList, type PromptNode, promptNodes } from './execution-list.ts';
import { ExecutionState, type ExecutorEnvironment } from './execution-state.ts';
import { NodeRunner } from './node-runner.ts';
import { ProgressRegistry } from './progress.ts';
import type { ExecutionStatus, HistoryResult, QueueItem, StatusMessage } from './prompt-queue.ts';
import { Interrupted, OutOfMemory, PythonError } from './python-errors.ts';
import type { Dumpable, Json } from './python-json.ts';
import { formatValue, literal, type NodeValue } from './values.ts';

const OOM_TIPS =
  'This error means you ran out of memory on your GPU.\n\nTIPS: If the workflow worked before you might have ' +
  'accidentally set the batch_size to a large number.';

export interface ExecutionOutcome {
  readonly result: HistoryResult;
  readonly status: ExecutionStatus;
}

export class PromptExecutor {
  readonly state = new ExecutionState();
  private readonly env: ExecutorEnvironment;

  constructor(env: ExecutorEnvironment) {
    this.env = env;
  }

  /** interrupt_processing(). */
  interrupt(): void {
    this.state.interruptFlag = true;
  }

  /** unload_models and free_memory of POST /free. */
  free(freeMemory: boolean): void {
    this.env.card.unloadAll();
    if (freeMemory) this.state.cache.clear();
  }

  async execute(item: QueueItem): Promise<ExecutionOutcome> {
    this.state.interruptFlag = false;
    this.state.clientId = item.extraData.get('client_id');
    const outcome = await new PromptRun(this.env, this.state, item).run();
    this.state.lastNodeId = undefined;
    return outcome;
  }
}

type NodeOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: unknown; readonly inputs: ReadonlyMap<string, NodeValue> };

/** The state of one run. */
class PromptRun {
  private readonly env: ExecutorEnvironment;
  private readonly state: ExecutionState;
  private readonly item: QueueItem;
  private readonly nodes: Map<string, PromptNode>;
  private readonly progress: ProgressRegistry;
  private readonly runner: NodeRunner;
  private readonly messages: StatusMessage[] = [];
  private readonly executed: string[] = [];
  private readonly uiOutputs = new Map<string, ReadonlyMap<string, Json>>();
  private readonly meta = new Map<string, Dumpable>();

  constructor(env: ExecutorEnvironment, state: ExecutionState, item: QueueItem) {
    this.env = env;
    this.state = state;
    this.item = item;
    this.nodes = promptNodes(item.prompt);
    this.progress = new ProgressRegistry(item.promptId, (data) => this.send('progress_state', data));
    this.runner = new NodeRunner(env, state, item, this.progress, env.nextFailure());
  }

  async run(): Promise<ExecutionOutcome> {
    const { promptId } = this.item;
    const { cache } = this.state;
    const { failureKeepsCache } = this.env.traits;
    this.addMessage('execution_start', { prompt_id: promptId }, false);
    cache.setPrompt(this.nodes, this.env.nodes, this.env.folders);
    if (!failureKeepsCache) cache.cleanUnused();
    const cached = [...this.nodes.keys()].filter((id) => cache.get(id) !== undefined);
    this.addMessage('execution_cached', { nodes: cached, prompt_id: promptId }, false);
    const success = await this.runNodes();
    this.env.card.setUtilisation(0);
    if (success && failureKeepsCache) cache.cleanUnused();
    if (success) this.addMessage('execution_success', { prompt_id: promptId }, false);
    return {
      result: { outputs: this.uiOutputs, meta: this.meta },
      status: { statusStr: success ? 'success' : 'error', completed: success, messages: this.messages },
    };
  }

  private async runNodes(): Promise<boolean> {
    const list = new ExecutionList(this.nodes, this.state.cache, (id) => this.isOutput(id));
    for (const id of this.item.outputsToExecute) list.add(id);
    while (!list.isEmpty) {
      const id = list.pick();
      const node = id === undefined ? undefined : this.nodes.get(id);
      if (node === undefined) break;
      const outcome = await this.runNode(node);
      if (!outcome.ok) {
        this.reportFailure(node, outcome.error, outcome.inputs);
        return false;
      }
      list.complete(node.id);
    }
    return true;
  }

  private isOutput(id: string): boolean {
    const node = this.nodes.get(id);
    return node !== undefined && this.env.nodes.get(node.classType)?.outputNode === true;
  }

  private send(type: string, data: Dumpable): void {
    this.env.hub.send(type, data, this.state.clientId);
  }

  /** add_message(): into the history always, over the socket to the client or, if it broadcasts, to all. */
  private addMessage(event: string, data: Readonly<Record<string, Dumpable>>, broadcast: boolean): void {
    const timestamp = this.env.now();
    const message = { ...data, timestamp };
    this.messages.push({ event, timestamp, data: message });
    if (this.state.hasClient || broadcast) this.send(event, message);
  }

  private async runNode(node: PromptNode): Promise<NodeOutcome> {
    const cached = this.state.cache.get(node.id);
    if (cached) {
      this.takeFromCache(node, cached);
      return { ok: true };
    }
    this.progress.start(node.id);
    const inputs = this.resolveInputs(node);
    if (this.state.hasClient) {
      this.state.lastNodeId = node.id;
      this.send('executing', { node: node.id, display_node: node.id, prompt_id: this.item.promptId });
    }
    try {
      const { outputs, ui } = await this.runner.run(node, inputs, (message) =>
        this.reportBlocked(node, message),
      );
      if (ui !== undefined && ui.size > 0) {
        this.keepUi(node.id, ui);
        if (this.state.hasClient) this.sendExecuted(node.id, ui);
      }
      this.state.cache.set(node.id, { outputs, ui });
    } catch (error) {
      return { ok: false, error, inputs };
    }
    this.progress.finish(node.id);
    this.executed.push(node.id);
    return { ok: true };
  }

  /** CU92/110 drop the ui of a cached node if the prompt has no client_id (contract 5.9). */
  private takeFromCache(node: PromptNode, { ui }: CacheEntry): void {
    if (ui !== undefined && ui.size > 0) {
      if (this.state.hasClient || !this.env.traits.cachedUiNeedsClient) this.keepUi(node.id, ui);
      if (this.state.hasClient) this.sendExecuted(node.id, ui);
    }
    this.progress.finish(node.id);
  }

  private keepUi(nodeId: string, ui: ReadonlyMap<string, Json>): void {
    this.uiOutputs.set(nodeId, ui);
    this.meta.set(nodeId, { node_id: nodeId, display_node: nodeId, parent_node: null, real_node_id: nodeId });
  }

  private sendExecuted(nodeId: string, ui: ReadonlyMap<string, Json>): void {
    const { promptId } = this.item;
    this.send('executed', { node: nodeId, display_node: nodeId, output: ui, prompt_id: promptId });
  }

  /** Values of the inputs the class declares; others are accepted and not passed on (recording 04). */
  private resolveInputs(node: PromptNode): Map<string, NodeValue> {
    const known = this.env.nodes.get(node.classType);
    const names = new Set([...Object.keys(known?.required ?? {}), ...Object.keys(known?.optional ?? {})]);
    const inputs = new Map<string, NodeValue>();
    for (const [name, value] of node.inputs) {
      if (!names.has(name)) continue;
      const link = asLink(value);
      const source = link ? this.state.cache.get(link[0])?.outputs.at(link[1]) : literal(value);
      if (source) inputs.set(name, source);
    }
    return inputs;
  }

  /** ExecutionBlocked does not end the prompt and leaves no trace in its history (recording 08). */
  private reportBlocked(node: PromptNode, message: string): void {
    this.send('execution_error', {
      ...this.position(node),
      exception_message: `Execution Blocked: ${message}`,
      exception_type: 'ExecutionBlocked',
      traceback: [],
      current_inputs: [],
      current_outputs: [],
    });
  }

  private position(node: PromptNode): Record<string, Dumpable> {
    return {
      prompt_id: this.item.promptId,
      node_id: node.id,
      node_type: node.classType,
      executed: [...this.executed],
    };
  }

  private reportFailure(node: PromptNode, error: unknown, inputs: ReadonlyMap<string, NodeValue>): void {
    if (error instanceof Interrupted) {
      this.addMessage('execution_interrupted', this.position(node), true);
      return;
    }
    const known = error instanceof PythonError ? error : new PythonError('RuntimeError', String(error));
    const { edgeItems } = this.state.printOptions;
    this.addMessage(
      'execution_error',
      {
        ...this.position(node),
        exception_message: `${known.message}\n${known instanceof OutOfMemory ? OOM_TIPS : ''}`,
        exception_type: known.exceptionType,
        traceback: this.traceback(known),
        current_inputs: new Map([...inputs].map(([name, value]) => [name, [formatValue(value, edgeItems)]])),
        current_outputs: [...this.nodes.keys()],
      },
      false,
    );
    if (known instanceof OutOfMemory) this.env.card.unloadAll();
  }

  private traceback(error: PythonError): string[] {
    const outer = this.env.traits.executionTraceback.map(
      ([line, name]) => ['execution.py', line, name] as const,
    );
    return [...outer, ...error.frames].map(
      ([file, line, name]) =>
        `  File "/comfy/${file}", line ${line}, in ${name}\n    <source line removed>\n`,
    );
  }
}
