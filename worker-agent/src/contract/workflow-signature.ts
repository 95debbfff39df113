import { createHash } from 'node:crypto';
import { traitsOfPrompt } from './workflow-kind.ts';
import type { PromptNode } from './workflow-text.ts';

/** What a workflow's use of memory and time depends on, as far as its text tells. */
export interface WorkflowSignature {
  /**
   * Equal for workflows that need the same VRAM: same node types, models, number formats and sizes. Says nothing of
   * seeds, prompts, file names, steps or the numbering of nodes. 24 hexadecimal digits.
   */
  memory: string;
  /** Sampling steps of all samplers together: what run time depends on besides; null when none is written down. */
  steps: number | null;
  /** The model files, sorted. */
  models: readonly string[];
}

type Nodes = Readonly<Record<string, PromptNode>>;

/** Inputs whose numbers decide how large the tensors are, by the names that core and common custom nodes use. */
const SIZE = new RegExp(
  `^(${[
    '((empty_|target_|custom_|max_|min_|crop_|resize_)?(width|height|size|resolution))',
    '((num_|video_|latent_)?(frames|length)(_number)?|frame_count|frame_load_cap|image_load_cap)',
    '(duration|seconds|seconds_total)',
    '(batch(_size)?|amount|repeats)',
    '((tile|temporal|context|chunk)_(size|width|height|length))',
    '(megapixels|scale_by|scale_factor|upscale_by|rescale_factor)',
    '((longest|largest|shortest|smaller|larger)_(side|size|edge))',
  ].join('|')})$`,
  'i',
);
/** Inputs whose words stand for a size, e.g. "1216x832". */
const SHAPE = /^(resolution|size|dimensions|aspect_ratio|ratio|preset)$/i;
/** Inputs by which nodes that only compute numbers take them. */
const OPERAND = /^(value|number|int|float|[abcxy]|divisible_by|multiple_of)$/i;
/** Inputs whose words decide how many bytes a number takes and where a model goes. */
const FORMAT =
  /^((weight_|base_|vae_|model_)?(dtype|precision)|quantization|quant_type|device|load_device|offload|attention_mode)$/i;
/** Inputs that hold what people write; a model's name in a prompt loads nothing. */
const WRITTEN = /^(text(_([gl]|positive|negative))?|.*prompt.*|caption|filename.*|.*prefix|title|comment)$/i;
/** How far a size is followed through nodes that compute or pass on numbers. */
const MAX_DEPTH = 4;

/** The signature of a parsed prompt. Pure: the same workflow has the same one on every machine and after a restart. */
export function signatureOfPrompt(nodes: Nodes): WorkflowSignature {
  const { models } = traitsOfPrompt(withoutWords(nodes));
  const sorted = models.map((name) => name.replaceAll('\\', '/')).sort();
  const parts = Object.values(nodes).map((node) => nodeText(node, nodes));
  const text = JSON.stringify({ models: sorted, nodes: parts.sort() });
  return {
    memory: createHash('sha256').update(text).digest('hex').slice(0, 24),
    steps: stepsOf(nodes),
    models: sorted,
  };
}

function withoutWords(nodes: Nodes): Nodes {
  return Object.fromEntries(
    Object.entries(nodes).map(([id, node]) => [
      id,
      {
        ...node,
        inputs: Object.fromEntries(Object.entries(node.inputs).filter(([name]) => !WRITTEN.test(name))),
      },
    ]),
  );
}

/** One node as its type with its sizes and formats, whatever its number and its place in the text. */
function nodeText(node: PromptNode, nodes: Nodes): string {
  const told = sizesOf(node, SIZE, nodes, MAX_DEPTH);
  for (const [name, value] of Object.entries(node.inputs))
    if (FORMAT.test(name) && typeof value === 'string') told.push(`${name}=${value}`);
  return [node.class_type, ...told.sort()].join(' ');
}

/** The sizes that a node is given, each as `name=what`; links are followed to the numbers they come from. */
function sizesOf(node: PromptNode, names: RegExp, nodes: Nodes, depth: number): string[] {
  return Object.entries(node.inputs).flatMap(([name, value]) => {
    if (SHAPE.test(name) && typeof value === 'string') return [`${name}=${value.slice(0, 100)}`];
    if (!names.test(name)) return [];
    const number = numberOf(value);
    if (number !== undefined) return [`${name}=${number}`];
    const source = sourceOf(value, nodes);
    if (!source || depth === 0) return [];
    const from = new RegExp(`${SIZE.source}|${OPERAND.source}`, 'i');
    return [
      `${name}=${source.class_type}(${sizesOf(source, from, nodes, depth - 1)
        .sort()
        .join(',')})`,
    ];
  });
}

/** A number as written; ComfyUI takes "512" for 512. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^\s*-?\d+(\.\d+)?\s*$/.test(value)) return undefined;
  return Number(value);
}

/** The node that a link `[node id, output]` comes from. */
function sourceOf(value: unknown, nodes: Nodes): PromptNode | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [id]: unknown[] = value;
  return typeof id === 'string' && Object.hasOwn(nodes, id) ? nodes[id] : undefined;
}

function stepsOf(nodes: Nodes): number | null {
  let sum: number | null = null;
  for (const { inputs } of Object.values(nodes)) {
    const steps = ownSteps(inputs, nodes);
    if (steps !== undefined) sum = (sum ?? 0) + steps;
  }
  return sum;
}

/** Steps that one sampler or schedule asks for. */
function ownSteps(inputs: PromptNode['inputs'], nodes: Nodes): number | undefined {
  // A list of noise levels has one step between each two.
  if (typeof inputs.sigmas === 'string') return Math.max(0, inputs.sigmas.split(',').length - 1);
  const steps = numberOf(inputs.steps) ?? numberOf(sourceOf(inputs.steps, nodes)?.inputs.value);
  if (steps === undefined) return undefined;
  const from = numberOf(inputs.start_at_step) ?? 0;
  const to = numberOf(inputs.end_at_step) ?? steps;
  return Math.max(0, Math.min(steps, to) - from);
}
