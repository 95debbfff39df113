import type { ErrorCode, ErrorInfo } from '../contract/errors.ts';
import { RETRYABLE } from '../contract/errors.ts';
import type { ExecutionError } from './messages.ts';

/** Longest failure text that goes into a job (contract 5.3 allows 10 000 in all). */
const MAX_MESSAGE = 4000;

interface Explanation {
  pattern: RegExp;
  code: ErrorCode;
  why: string;
  remedy: string;
}

/** What node exceptions mean to people; tried against "type: message", first match wins. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    pattern:
      /OutOfMemoryError|out of memory on your GPU|(CUDA|HIP|cuDNN|MPS)\b.{0,40}out of memory|Allocation on device/is,
    code: 'OUT_OF_VRAM',
    why: 'the GPU ran out of memory',
    remedy:
      'Free the VRAM of the other workers or use fewer of them, or ask for a smaller size, batch or model.',
  },
  {
    pattern: /\bMemoryError\b|can't allocate memory|Cannot allocate memory/i,
    code: 'OUT_OF_RAM',
    why: "the container ran out of main memory (not the GPU's)",
    remedy: "Raise the container's memory limit, or run fewer workers on this host.",
  },
  {
    pattern: /outside the output folder/i,
    code: 'NODE_FAILED',
    why: 'its filename_prefix leads out of the output folder',
    remedy: 'Use a filename_prefix without .. and without a leading slash.',
  },
  {
    pattern: /No space left on device/i,
    code: 'NODE_FAILED',
    why: 'the disk of the GPU host is full',
    remedy: 'Delete old outputs or unused models on the GPU host, then submit again.',
  },
  {
    pattern:
      /HeaderTooLarge|HeaderTooSmall|MetadataIncompleteBuffer|deserializing header|PytorchStreamReader|UnpicklingError/i,
    code: 'NODE_FAILED',
    why: 'a model file on the GPU host is damaged or was not downloaded to its end',
    remedy: 'Download that model file again.',
  },
  {
    pattern:
      /shapes cannot be multiplied|size mismatch|must match the size of tensor|expected .{0,80}channels/i,
    code: 'NODE_FAILED',
    why: 'parts of the workflow do not fit together, most often a model, text encoder, VAE or LoRA of another family',
    remedy: 'Check that all model files of the workflow belong to the same model family.',
  },
  {
    pattern:
      /CUDA error|device-side assert|illegal memory access|CUBLAS_STATUS|Torch not compiled with CUDA|No CUDA GPUs/i,
    code: 'NODE_FAILED',
    why: 'the GPU or its driver reported an error',
    remedy: "Restart this worker; if it comes back, look at the GPU host's driver.",
  },
  {
    pattern: /FileNotFoundError|No such file or directory|Invalid image file/i,
    code: 'NODE_FAILED',
    why: 'a file that it needs is not on the GPU host',
    remedy: 'Upload the input file again, or install the model that the workflow names.',
  },
];

/**
 * The error a person reads for a node's exception: the translated sentence first, the original below it.
 * current_inputs and tracebacks are never part of it.
 */
export function explainNodeFailure(failure: ExecutionError): ErrorInfo {
  const type = failure.exception_type?.trim() || 'Error';
  const original = (failure.exception_message ?? '').trim();
  const node = nodeName(failure);
  const known = EXPLANATIONS.find(({ pattern }) => pattern.test(`${type}: ${original}`));
  const code = known?.code ?? 'NODE_FAILED';
  const sentence = known ? `${node} failed: ${known.why}.` : `${node} failed.`;
  return {
    code,
    message: trim(
      original ? `${sentence}\n${shortType(type)}: ${original}` : `${sentence}\n${shortType(type)}`,
    ),
    remedy: known?.remedy ?? 'Change the workflow at this node, or ask whoever wrote it.',
    retryable: RETRYABLE.has(code),
  };
}

/** Whether the exception means that VRAM ran out (contract 5.3, 8.21). */
export function isOutOfVram(error: ErrorInfo): boolean {
  return error.code === 'OUT_OF_VRAM';
}

/** Names a node for people, e.g. "Node 3 (KSampler)". */
export function nodeName(node: { node_id?: string | null; node_type?: string | null }): string {
  if (node.node_id && node.node_type) return `Node ${node.node_id} (${node.node_type})`;
  if (node.node_id) return `Node ${node.node_id}`;
  return node.node_type ? `A ${node.node_type} node` : 'A node';
}

function shortType(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1);
}

function trim(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE - 1).trimEnd()}…`;
}
