import { z } from 'zod';
import { type ErrorInfo, RETRYABLE } from '../contract/errors.ts';
import { nodeName } from './node-failure.ts';
import { parseTolerantJson } from './tolerant-json.ts';

const reasonSchema = z.object({
  type: z.string().catch('unknown'),
  message: z.string().catch(''),
  details: z.string().catch(''),
  extra_info: z
    .object({
      input_name: z.string().optional().catch(undefined),
      received_value: z.unknown().optional(),
      received_type: z.unknown().optional(),
    })
    .catch({ received_value: undefined, received_type: undefined }),
});
type Reason = z.infer<typeof reasonSchema>;

/** node_errors of a POST /prompt answer (contract 5.1); 200 carries them too when some outputs were dropped. */
export const nodeErrorsSchema = z.record(
  z.string(),
  z.object({
    errors: z.array(reasonSchema).catch([]),
    dependent_outputs: z.array(z.string()).catch([]),
    class_type: z.string().nullish(),
  }),
);
export type NodeErrors = z.infer<typeof nodeErrorsSchema>;

const refusalSchema = z.object({
  error: z.object({
    type: z.string().catch('unknown'),
    message: z.string().catch(''),
    details: z.string().catch(''),
    extra_info: z
      .object({
        node_id: z.string().nullish(),
        class_type: z.string().nullish(),
        node_title: z.string().nullish(),
      })
      .catch({}),
  }),
  node_errors: nodeErrorsSchema.catch({}),
});

/** Model files by their extension; a list that lacks one means the file is not on the host. */
const MODEL_FILE = /\.(safetensors|ckpt|pt|pth|bin|gguf|sft|onnx)$/i;
/** Sentences are kept short: at most this many nodes are named. */
const MAX_NAMED = 5;
const MAX_MESSAGE = 4000;

/**
 * Why ComfyUI did not take a prompt, for people: the node, its input and the value by name.
 * @param status 400 or 500 of POST /prompt (contract 5.1, 5.11.3-4).
 */
export function explainRefusal(status: number, body: Buffer): ErrorInfo {
  const parsed = refusalSchema.safeParse(parse(body));
  if (!parsed.success) return unexplained(status, body);
  const { error, node_errors } = parsed.data;
  const missingType = missingNodeType(error);
  if (missingType) return missingType;
  if (error.type === 'prompt_no_outputs')
    return info('WORKFLOW_REFUSED', 'The workflow has no output node, so there is nothing to run.', {
      remedy: 'Add a node that saves something, such as SaveImage, and submit again.',
    });
  if (error.type === 'invalid_prompt_id')
    return info('WORKFLOW_REFUSED', "ComfyUI refuses the job's id: this version only takes UUIDs.", {
      remedy: 'Submit the job again through the platform, which gives it a UUID.',
    });
  const reasons = reasonsOf(node_errors);
  const first = reasons[0];
  if (!first)
    return info(
      'WORKFLOW_REFUSED',
      `ComfyUI refuses the workflow: ${error.message || error.type}${detail(error.details)}.`,
      {
        remedy:
          error.type === 'prompt_outputs_failed_validation'
            ? 'No node is named; most often the connections form a circle.'
            : 'Open the workflow in ComfyUI and queue it there to see what is wrong.',
      },
    );
  const missing = reasons.filter(({ reason }) => missingModel(reason));
  if (missing.length > 0) return missingModels(missing);
  return info('WORKFLOW_REFUSED', list(reasons.map(sentenceOf)), {
    remedy: 'Correct the named inputs and submit again.',
  });
}

/** One warning for each output that a 200 answer says was dropped (contract 8.15). */
export function droppedOutputs(errors: NodeErrors): string[] {
  return reasonsOf(errors)
    .slice(0, 20)
    .map((at) => {
      const outputs = at.outputs.length > 0 ? at.outputs.join(', ') : 'unknown';
      return `Output ${outputs} was left out: ${sentenceOf(at)}`;
    });
}

interface NamedReason {
  nodeId: string;
  classType: string | null;
  outputs: string[];
  reason: Reason;
}

function reasonsOf(errors: NodeErrors): NamedReason[] {
  return Object.entries(errors).flatMap(([nodeId, node]) =>
    node.errors.map((reason) => ({
      nodeId,
      classType: node.class_type ?? null,
      outputs: node.dependent_outputs,
      reason,
    })),
  );
}

function sentenceOf({ nodeId, classType, reason }: NamedReason): string {
  const node = nodeName({ node_id: nodeId, node_type: classType });
  const input = reason.extra_info.input_name ?? '?';
  const value = show(reason.extra_info.received_value);
  switch (reason.type) {
    case 'required_input_missing':
      return `${node} lacks its input ${input}.`;
    case 'value_not_in_list':
      return `${node} has ${input} = ${value}, which this server does not offer.`;
    case 'value_smaller_than_min':
    case 'value_bigger_than_max':
      // The message has the value's own digits; received_value has passed JSON.parse.
      return `${node} has ${input} out of range: ${cut(reason.message)}.`;
    case 'invalid_input_type':
      return `${node} has ${input} = ${value}, which is of the wrong type.`;
    case 'bad_linked_input':
      return `${node} has a broken connection at ${input}.`;
    case 'return_type_mismatch':
      return `${node} is connected wrongly: ${cut(reason.details)}.`;
    case 'dependency_cycle':
      return `The connections form a circle: ${cut(reason.details)}.`;
    case 'exception_during_inner_validation':
      return `${node} is connected to a node or slot that does not exist (${input}).`;
    default:
      return `${node}: ${reason.message || reason.type}${detail(reason.details)}.`;
  }
}

function missingModel(reason: Reason): boolean {
  const value = reason.extra_info.received_value;
  return reason.type === 'value_not_in_list' && typeof value === 'string' && MODEL_FILE.test(value);
}

function missingModels(reasons: readonly NamedReason[]): ErrorInfo {
  const sentences = reasons.map(({ nodeId, classType, reason }) => {
    const node = nodeName({ node_id: nodeId, node_type: classType });
    return `${node} needs ${show(reason.extra_info.received_value)} as ${reason.extra_info.input_name ?? '?'}, which is not on the GPU host.`;
  });
  return info('WORKFLOW_MISSING_MODEL', list(sentences), {
    remedy: 'Install the model on the GPU host, or choose one that is there, then submit again.',
  });
}

/** CU33 says missing_node_type; CU92 and CU110 say invalid_prompt with a sentence (contract 5.1). */
function missingNodeType(error: z.infer<typeof refusalSchema>['error']): ErrorInfo | undefined {
  const nodeId = /#([^']*)/.exec(error.details)?.[1] ?? error.extra_info.node_id ?? null;
  const named = /node (\S+) does not exist/.exec(error.message)?.[1] ?? error.extra_info.class_type ?? null;
  if (error.type === 'missing_node_type' && named === null) return noClassType(nodeId);
  if (error.type === 'invalid_prompt' && /class_type/.test(error.message)) return noClassType(nodeId);
  if (named === null || (error.type !== 'missing_node_type' && error.type !== 'invalid_prompt'))
    return undefined;
  return info(
    'WORKFLOW_MISSING_NODE',
    `${nodeName({ node_id: nodeId, node_type: cut(named) })} is of a type that is not installed on the GPU host.`,
    { remedy: 'Install the custom node pack that brings it on the GPU host, or replace the node.' },
  );
}

function noClassType(nodeId: string | null): ErrorInfo {
  const where =
    nodeId === null ? 'A part of the workflow' : `Entry ${JSON.stringify(cut(nodeId))} of the workflow`;
  return info('WORKFLOW_REFUSED', `${where} is no node: it has no class_type.`, {
    remedy: 'Submit the workflow in API format (in ComfyUI: Export (API)), not the editor format.',
  });
}

/** 500 comes as plain text when the prompt's shape confuses the validator (contract 5.1). */
function unexplained(status: number, body: Buffer): ErrorInfo {
  if (status === 413)
    return info('WORKFLOW_REFUSED', 'The workflow is larger than this ComfyUI server accepts.', {
      remedy: 'Take embedded images out of the workflow, or raise --max-upload-size.',
    });
  const text = body.toString('utf8', 0, 200).replaceAll(/\s+/g, ' ').trim();
  return info(
    'WORKFLOW_REFUSED',
    `ComfyUI could not read the workflow (HTTP ${status}${text ? `: ${text}` : ''}).`,
    {
      remedy: 'Most often it is in the editor format; submit it in API format (in ComfyUI: Export (API)).',
    },
  );
}

function info(
  code: 'WORKFLOW_REFUSED' | 'WORKFLOW_MISSING_MODEL' | 'WORKFLOW_MISSING_NODE',
  message: string,
  { remedy }: { remedy: string },
): ErrorInfo {
  return { code, message: message.slice(0, MAX_MESSAGE), remedy, retryable: RETRYABLE.has(code) };
}

function list(sentences: readonly string[]): string {
  const unique = [...new Set(sentences)];
  const more = unique.length - MAX_NAMED;
  return unique.slice(0, MAX_NAMED).join(' ') + (more > 0 ? ` And ${more} more.` : '');
}

function show(value: unknown): string {
  return cut(JSON.stringify(value) ?? 'nothing');
}

function detail(text: string): string {
  return text ? ` (${cut(text)})` : '';
}

function cut(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

function parse(body: Buffer): unknown {
  try {
    return parseTolerantJson(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
