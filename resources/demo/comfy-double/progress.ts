/** Progress registry of one prompt and the frames it sends (contract 5.7: progress_state). */

import { type Dumpable, type Json, PyFloat } from './python-json.ts';

interface NodeProgress {
  state: 'pending' | 'running' | 'finished';
  value: number | PyFloat;
  max: number | PyFloat;
}

export class ProgressRegistry {
  private readonly promptId: string;
  private readonly nodes = new Map<string, NodeProgress>();
  private readonly send: (data: Dumpable) => void;

  constructor(promptId: string, send: (data: Dumpable) => void) {
    this.promptId = promptId;
    this.send = send;
  }

  start(nodeId: string): void {
    this.nodes.set(nodeId, { state: 'running', value: new PyFloat(0), max: new PyFloat(1) });
    this.publish();
  }

  update(nodeId: string, value: number, max: number): void {
    this.nodes.set(nodeId, { state: 'running', value, max });
    this.publish();
  }

  finish(nodeId: string): void {
    const entry = this.nodes.get(nodeId) ?? { state: 'pending', value: 0, max: 1 };
    this.nodes.set(nodeId, { state: 'finished', value: entry.max, max: entry.max });
    this.publish();
  }

  private publish(): void {
    const nodes = new Map<string, Json>();
    for (const [id, { state, value, max }] of this.nodes) {
      nodes.set(
        id,
        new Map<string, Json>([
          ['value', value],
          ['max', max],
          ['state', state],
          ['node_id', id],
          ['prompt_id', this.promptId],
          ['display_node_id', id],
          ['parent_node_id', null],
          ['real_node_id', id],
        ]),
      );
    }
    this.send({ prompt_id: this.promptId, nodes });
  }
}
