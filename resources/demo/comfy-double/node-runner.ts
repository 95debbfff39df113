/**
 * Runs the class of one node: interrupt test, blocked inputs, progress and previews, time and card memory
 * (recordings 07, 08, 09, 14).
 */

import type { PromptNode } from './execution-list.ts';
import type { ExecutionState, ExecutorEnvironment, InjectedFailure } from './execution-state.ts';
import { encodePng, encodePreviewJpeg } from './media.ts';
import type { NodeContext, NodeResult, Preview } from './node-types.ts';
import type { ProgressRegistry } from './progress.ts';
import type { QueueItem } from './prompt-queue.ts';
import { Interrupted, OutOfMemory, PythonError } from './python-errors.ts';
import { dumpJson, type Json } from './python-json.ts';
import { type BlockerValue, isBlocker, literal, type ModelValue, type NodeValue } from './values.ts';

const DISK_BYTES_PER_SECOND = 2.2e9;
const BUS_BYTES_PER_SECOND = 12e9;

export class NodeRunner {
  private readonly env: ExecutorEnvironment;
  private readonly state: ExecutionState;
  private readonly item: QueueItem;
  private readonly progress: ProgressRegistry;
  private failure: InjectedFailure | undefined;

  constructor(
    env: ExecutorEnvironment,
    state: ExecutionState,
    item: QueueItem,
    progress: ProgressRegistry,
    failure: InjectedFailure | undefined,
  ) {
    this.env = env;
    this.state = state;
    this.item = item;
    this.progress = progress;
    this.failure = failure;
  }

  /** On an error the hidden inputs are added to `inputs`, because execution_error shows them. */
  async run(
    node: PromptNode,
    inputs: Map<string, NodeValue>,
    reportBlocked: (message: string) => void,
  ): Promise<NodeResult> {
    const nodeClass = this.env.nodes.get(node.classType);
    if (!nodeClass) throw new PythonError('KeyError', `'${node.classType}'`);
    const blocker = [...inputs.values()].find(isBlocker);
    if (blocker) {
      if (blocker.message !== null) reportBlocked(blocker.message);
      const silent: BlockerValue = { kind: 'ExecutionBlocker', message: null };
      return { outputs: Array.from({ length: Math.max(1, nodeClass.output.length) }, () => silent) };
    }
    this.state.testInterrupt();
    if (this.failure) this.injectFailure(this.failure);
    try {
      return await nodeClass.run(this.createContext(node, inputs));
    } catch (error) {
      if (nodeClass.hidden?.prompt !== undefined) inputs.set('prompt', literal(this.item.prompt));
      if (nodeClass.hidden?.extra_pnginfo !== undefined) {
        inputs.set('extra_pnginfo', literal(this.extraPnginfo ?? null));
      }
      throw error;
    }
  }

  private get extraPnginfo(): Json | undefined {
    return this.item.extraData.get('extra_pnginfo');
  }

  private injectFailure(failure: InjectedFailure): void {
    this.failure = undefined;
    if (failure === 'interrupted') throw new Interrupted();
    if (failure === 'oom') throw new OutOfMemory('CUDA out of memory. Tried to allocate 20.00 GiB.');
    throw new PythonError('RuntimeError', 'injected failure');
  }

  private createContext(node: PromptNode, inputs: ReadonlyMap<string, NodeValue>): NodeContext {
    const { env, state } = this;
    const method = this.item.extraData.get('preview_method');
    return {
      nodeId: node.id,
      classType: node.classType,
      inputs,
      folders: env.folders,
      traits: env.traits,
      prompt: this.item.prompt,
      extraPnginfo: this.extraPnginfo,
      printOptions: state.printOptions,
      previews: method === 'auto' || method === 'latent2rgb' || method === 'taesd',
      random: env.random,
      sleep: (seconds) => env.clock.wait(seconds),
      sleepHoldingGil: async (seconds) => {
        const release = env.holdGil();
        await env.clock.wait(seconds);
        release();
      },
      tick: (value, max, preview) => this.tick(node.id, value, max, preview),
      sendText: (text) => {
        const id = Buffer.from(node.id);
        env.hub.sendBinary(3, Buffer.concat([uint32(id.length), id, Buffer.from(text)]));
      },
      loadFromDisk: (model) => this.loadFromDisk(model),
      occupyCard: (models, workingBytes) => this.occupyCard(models, workingBytes),
    };
  }

  /** progress_state, event 4, progress, event 1: in this order (recording 14). */
  private async tick(nodeId: string, value: number, max: number, preview?: Preview): Promise<void> {
    const { hub } = this.env;
    const { clientId } = this.state;
    const { promptId } = this.item;
    this.state.testInterrupt();
    const withMetadata = hub.supportsPreviewMetadata(clientId);
    const image = preview ? await encodePreview(preview, value / max) : undefined;
    this.progress.update(nodeId, value, max);
    if (preview && image && withMetadata) {
      const metadata = Buffer.from(
        dumpJson({
          node_id: nodeId,
          prompt_id: promptId,
          display_node_id: nodeId,
          parent_node_id: null,
          real_node_id: nodeId,
          image_type: preview.format === 'PNG' ? 'image/png' : 'image/jpeg',
        }),
      );
      hub.sendBinary(4, Buffer.concat([uint32(metadata.length), metadata, image]), clientId);
    }
    hub.send('progress', { value, max, prompt_id: promptId, node: nodeId }, clientId);
    if (preview && image && !withMetadata) {
      hub.sendBinary(1, Buffer.concat([uint32(preview.format === 'PNG' ? 2 : 1), image]), clientId);
    }
  }

  private async loadFromDisk(model: ModelValue): Promise<void> {
    this.env.card.setUtilisation(3);
    const extra = this.env.modelLoadDelay();
    if (extra > 0) await this.env.clock.waitMilliseconds(extra);
    // The second read of a file comes out of the page cache.
    const speedup = this.state.filesRead.has(model.name) ? 5 : 1;
    this.state.filesRead.add(model.name);
    await this.env.clock.wait(model.vramBytes / DISK_BYTES_PER_SECOND / speedup);
  }

  private async occupyCard(models: readonly ModelValue[], workingBytes: number): Promise<void> {
    const { card, clock } = this.env;
    const missing = models.filter((model) => !card.isLoaded(model));
    card.occupy(models, workingBytes);
    const bytes = missing.reduce((sum, model) => sum + model.vramBytes, 0);
    if (bytes > 0) await clock.wait(bytes / BUS_BYTES_PER_SECOND);
    card.setUtilisation(97);
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

async function encodePreview(preview: Preview, progress: number): Promise<Buffer> {
  return preview.format === 'PNG' ? encodePng(preview.image) : encodePreviewJpeg(preview.image, progress);
}
