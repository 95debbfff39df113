/**
 * validate_prompt() of the three versions: which bodies are refused, and with which words (contract 5.1 and
 * 5.11.3-5, recordings 04, 05, 18, 21).
 */

import type { NodeClass } from './node-types.ts';
import {
  type ErrorReason,
  InnerError,
  PromptValidator,
  promptError,
  type ValidationEnvironment,
  type Verdict,
} from './prompt-validator.ts';
import type { Json } from './python-json.ts';
import { isTruthy, pyStr, pyTypeName } from './python-values.ts';

export interface NodeErrors {
  readonly errors: readonly ErrorReason[];
  readonly dependent_outputs: string[];
  readonly class_type: string;
}

export interface ValidationResult {
  readonly error: ErrorReason | null;
  readonly outputs: readonly string[];
  readonly nodeErrors: ReadonlyMap<string, NodeErrors>;
}

/** A Python exception the route does not catch: the answer is 500. */
export class ServerError extends Error {}

interface CheckedNode {
  readonly error?: ErrorReason;
  readonly nodeClass?: NodeClass;
}

function refused(error: ErrorReason): ValidationResult {
  return { error, outputs: [], nodeErrors: new Map() };
}

function findClass(classType: Json, env: ValidationEnvironment): NodeClass | undefined {
  return typeof classType === 'string' ? env.nodes.get(classType) : undefined;
}

/** CU33: missing_node_type, with what is known about the node. */
function checkStrictly(id: string, node: Json, env: ValidationEnvironment): CheckedNode {
  if (!(node instanceof Map)) throw new ServerError(`'${pyTypeName(node)}' object has no attribute 'get'`);
  const meta = node.get('_meta');
  const title = meta instanceof Map ? (meta.get('title') ?? null) : null;
  const classType = node.get('class_type') ?? null;
  const nodeClass = findClass(classType, env);
  if (nodeClass) return { nodeClass };
  const name = isTruthy(title) ? pyStr(title) : classType === null ? `ID #${id}` : pyStr(classType);
  const problem =
    classType === null
      ? `Node '${name}' has no class_type. The workflow may be corrupted or a custom node is missing.`
      : `Node '${name}' not found. The custom node may not be installed.`;
  const extra = { node_id: id, class_type: classType, node_title: title };
  return { error: promptError('missing_node_type', problem, `Node ID '#${id}'`, extra) };
}

/** `'class_type' in node`, which Python also answers for strings and lists. */
function hasClassType(node: Json): boolean {
  if (node instanceof Map) return node.has('class_type');
  if (typeof node === 'string' || Array.isArray(node)) return node.includes('class_type');
  throw new ServerError(`argument of type '${pyTypeName(node)}' is not iterable`);
}

/** CU92, CU110: invalid_prompt. */
function checkLoosely(id: string, node: Json, env: ValidationEnvironment): CheckedNode {
  const details = `Node ID '#${id}'`;
  if (!hasClassType(node)) {
    const problem = 'Cannot execute because a node is missing the class_type property.';
    return { error: promptError('invalid_prompt', problem, details) };
  }
  if (!(node instanceof Map)) throw new ServerError('string indices must be integers');
  const classType = node.get('class_type') ?? null;
  const nodeClass = findClass(classType, env);
  if (nodeClass) return { nodeClass };
  const problem = `Cannot execute because node ${pyStr(classType)} does not exist.`;
  return { error: promptError('invalid_prompt', problem, details) };
}

function checkNode(id: string, node: Json, env: ValidationEnvironment): CheckedNode {
  return env.traits.strictPrompts ? checkStrictly(id, node, env) : checkLoosely(id, node, env);
}

/** validate_prompt(). Throws ServerError where the real server answers 500. */
export function validatePrompt(
  prompt: Json,
  targets: Json | undefined,
  env: ValidationEnvironment,
): ValidationResult {
  if (Array.isArray(prompt) || typeof prompt === 'string') {
    if (prompt.length > 0) throw new ServerError('list indices must be integers or slices');
    return refused(promptError('prompt_no_outputs', 'Prompt has no outputs', ''));
  }
  if (!(prompt instanceof Map)) throw new ServerError(`'${pyTypeName(prompt)}' object is not iterable`);
  const outputs: string[] = [];
  for (const [id, node] of prompt) {
    const { error, nodeClass } = checkNode(id, node, env);
    if (error) return refused(error);
    const wanted =
      targets === undefined || targets === null || (Array.isArray(targets) && targets.includes(id));
    if (nodeClass?.outputNode === true && wanted) outputs.push(id);
  }
  if (outputs.length === 0) return refused(promptError('prompt_no_outputs', 'Prompt has no outputs', ''));

  const validator = new PromptValidator(prompt, env);
  const good: string[] = [];
  const failures: ErrorReason[] = [];
  const nodeErrors = new Map<string, NodeErrors>();
  for (const output of outputs) {
    let verdict: Verdict;
    try {
      verdict = validator.validate(output);
    } catch (error) {
      if (!(error instanceof InnerError)) throw error;
      const reason = promptError(
        'exception_during_validation',
        'Exception when validating node',
        error.message,
        {
          exception_type: error.exceptionType,
          traceback: [],
        },
      );
      verdict = { valid: false, reasons: [reason] };
      validator.verdicts.set(output, verdict);
    }
    if (verdict.valid) {
      good.push(output);
      continue;
    }
    failures.push(...verdict.reasons);
    for (const [id, { valid, reasons }] of validator.verdicts) {
      if (valid || reasons.length === 0) continue;
      const entry = nodeErrors.get(id) ?? {
        errors: reasons,
        dependent_outputs: [],
        class_type: validator.classType(id),
      };
      entry.dependent_outputs.push(output);
      nodeErrors.set(id, entry);
    }
  }
  if (good.length > 0) return { error: null, outputs: good, nodeErrors };
  const details = failures.map((reason) => `${String(reason.message)}: ${String(reason.details)}`).join('\n');
  const error = promptError('prompt_outputs_failed_validation', 'Prompt outputs failed validation', details);
  return { error, outputs: [], nodeErrors };
}
