/**
 * validate_inputs(): checks a node and everything above it, and converts literals in place, as ComfyUI does:
 * the history shows 42 for "42" (recordings 04, 05, 21).
 */

import type { NodeClass } from './node-types.ts';
import { returnTypes } from './node-types.ts';
import { inputsOf, type NodeCatalogue, type ResolvedInput } from './nodes.ts';
import type { ComfyFolders } from './output-files.ts';
import { CONVERTERS, compare, limitText } from './python-conversions.ts';
import type { Dumpable, Json, JsonObject } from './python-json.ts';
import { pyEquals, pyRepr, pyStr, pyTypeName } from './python-values.ts';
import type { VersionTraits } from './versions.ts';

export type ErrorReason = Readonly<Record<string, Dumpable>>;

/** A Python exception inside validate_inputs, caught one level up. */
export class InnerError extends Error {
  readonly exceptionType: string;
  readonly line: number;

  constructor(exceptionType: string, message: string, line: number) {
    super(message);
    this.exceptionType = exceptionType;
    this.line = line;
  }
}

export interface Verdict {
  readonly valid: boolean;
  readonly reasons: readonly ErrorReason[];
}

export interface ValidationEnvironment {
  readonly nodes: NodeCatalogue;
  readonly traits: VersionTraits;
  readonly folders: ComfyFolders;
}

export function promptError(
  type: string,
  message: string,
  details: string,
  extra: Record<string, Dumpable> = {},
): ErrorReason {
  return { type, message, details, extra_info: extra };
}

/** validate_node_input(): "*" takes everything, lists of types match each other. */
function typesMatch(received: string, expected: string | readonly string[]): boolean {
  if (typeof expected !== 'string') return received === 'COMBO' || received === '*';
  if (received === expected || expected === '*' || received === '*') return true;
  const wanted = new Set(expected.split(','));
  return received.split(',').every((type) => wanted.has(type));
}

export class PromptValidator {
  private readonly prompt: JsonObject;
  private readonly env: ValidationEnvironment;
  readonly verdicts = new Map<string, Verdict>();
  private readonly path: string[] = [];

  constructor(prompt: JsonObject, env: ValidationEnvironment) {
    this.prompt = prompt;
    this.env = env;
  }

  /** validate_inputs() of one node and everything above it. */
  validate(id: string): Verdict {
    const known = this.verdicts.get(id);
    if (known) return known;
    const start = this.path.indexOf(id);
    if (start >= 0) return this.refuseCycle(start);
    this.path.push(id);
    let verdict: Verdict;
    try {
      verdict = this.validateNode(id);
    } finally {
      this.path.pop();
    }
    const final = this.verdicts.get(id) ?? verdict;
    this.verdicts.set(id, final);
    return final;
  }

  classType(id: string): string {
    const node = this.prompt.get(id);
    const classType = node instanceof Map ? node.get('class_type') : undefined;
    return typeof classType === 'string' ? classType : '';
  }

  private nodeClass(id: string): NodeClass | undefined {
    return this.env.nodes.get(this.classType(id));
  }

  private refuseCycle(start: number): Verdict {
    const cycle = this.path.slice(start);
    if (this.env.traits.strictPrompts) {
      const first = cycle[0] ?? '';
      const details = [...cycle, first].map((id) => `${id} (${this.classType(id)})`).join(' -> ');
      for (const id of cycle) {
        const extra = { node_id: id, cycle_nodes: cycle };
        const reason = promptError('dependency_cycle', 'Dependency cycle detected', details, extra);
        this.verdicts.set(id, { valid: false, reasons: [reason] });
      }
    }
    return { valid: false, reasons: [] };
  }

  private validateNode(id: string): Verdict {
    const node = this.prompt.get(id);
    const inputs = node instanceof Map ? node.get('inputs') : undefined;
    const nodeClass = this.nodeClass(id);
    if (!(inputs instanceof Map) || nodeClass === undefined) {
      throw new InnerError('KeyError', "'inputs'", this.env.traits.validateInputsLine);
    }
    const reasons: ErrorReason[] = [];
    let valid = true;
    for (const [name, input] of inputsOf(nodeClass)) {
      const value = inputs.get(name);
      if (value === undefined) {
        if (input.category === 'required') {
          reasons.push(
            promptError('required_input_missing', 'Required input is missing', name, { input_name: name }),
          );
        }
      } else if (Array.isArray(value)) {
        const outcome = this.validateLink(name, value, input);
        if (outcome === false) valid = false;
        else if (outcome !== true) reasons.push(outcome);
      } else {
        const reason = this.validateLiteral(nodeClass, name, value, input, inputs);
        if (reason) reasons.push(reason);
      }
    }
    const custom = this.runValidateInputs(nodeClass, inputs);
    if (custom) reasons.push(custom);
    return { valid: valid && reasons.length === 0, reasons };
  }

  private validateLink(name: string, link: Json[], input: ResolvedInput): ErrorReason | boolean {
    const { traits } = this.env;
    const config = [input.type, input.options];
    if (link.length !== 2) {
      return promptError(
        'bad_linked_input',
        'Bad linked input, must be a length-2 list of [node_id, slot_index]',
        name,
        { input_name: name, input_config: config, received_value: link },
      );
    }
    const [from = null, slot = null] = link;
    if (typeof from !== 'string' || !this.prompt.has(from)) {
      throw new InnerError('KeyError', pyRepr(from), traits.missingLinkLine);
    }
    const source = this.nodeClass(from);
    const types = source ? returnTypes(source, traits) : [];
    if (typeof slot !== 'number') {
      const message = `tuple indices must be integers or slices, not ${pyTypeName(slot)}`;
      throw new InnerError('TypeError', message, traits.badSlotLine);
    }
    const received = types.at(slot);
    if (received === undefined)
      throw new InnerError('IndexError', 'tuple index out of range', traits.badSlotLine);
    if (!typesMatch(received, input.type)) {
      const expected = typeof input.type === 'string' ? input.type : pyRepr([...input.type]);
      return promptError(
        'return_type_mismatch',
        'Return type mismatch between linked nodes',
        `${name}, received_type(${received}) mismatch input_type(${expected})`,
        { input_name: name, input_config: config, received_type: received, linked_node: link },
      );
    }
    try {
      return this.validate(from).valid;
    } catch (error) {
      if (!(error instanceof InnerError)) throw error;
      const trace = [traits.validateInputsLine, error.line].map(
        (line) =>
          `  File "/comfy/execution.py", line ${line}, in validate_inputs\n    <source line removed>\n`,
      );
      const reason = promptError(
        'exception_during_inner_validation',
        'Exception when validating inner node',
        error.message,
        {
          input_name: name,
          input_config: config,
          exception_message: error.message,
          exception_type: error.exceptionType,
          traceback: trace,
          linked_node: link,
        },
      );
      this.verdicts.set(from, { valid: false, reasons: [reason] });
      return false;
    }
  }

  private validateLiteral(
    nodeClass: NodeClass,
    name: string,
    given: Json,
    input: ResolvedInput,
    inputs: JsonObject,
  ): ErrorReason | undefined {
    const { type, options } = input;
    const config = [type, options];
    let value = given instanceof Map && given.has('__value__') ? (given.get('__value__') ?? null) : given;
    const convert = typeof type === 'string' ? CONVERTERS[type] : undefined;
    try {
      if (convert) value = convert(value);
      if (value !== given) inputs.set(name, value);
    } catch (error) {
      const text = error instanceof Error ? error.message : '';
      return promptError(
        'invalid_input_type',
        `Failed to convert an input value to a ${String(type)} value`,
        `${name}, ${pyStr(value)}, ${text}`,
        { input_name: name, input_config: config, received_value: value, exception_message: text },
      );
    }
    if (nodeClass.validates?.includes(name)) return undefined;
    const { min, max } = options;
    const extra = { input_name: name, input_config: config, received_value: value };
    if (min !== undefined && compare(value, min) === -1) {
      const message = `Value ${pyStr(value)} smaller than min of ${limitText(min)}`;
      return promptError('value_smaller_than_min', message, name, extra);
    }
    if (max !== undefined && compare(value, max) === 1) {
      const message = `Value ${pyStr(value)} bigger than max of ${limitText(max)}`;
      return promptError('value_bigger_than_max', message, name, extra);
    }
    return this.validateChoice(name, value, input);
  }

  private validateChoice(name: string, value: Json, input: ResolvedInput): ErrorReason | undefined {
    const { type, options } = input;
    let choices: readonly Json[];
    if (typeof type !== 'string') choices = type;
    else if (type === 'COMBO') {
      const declared = options.options;
      choices = Array.isArray(declared) ? declared.filter((item) => typeof item === 'string') : [];
    } else return undefined;
    if (choices.some((choice) => pyEquals(choice, value))) return undefined;
    const many = choices.length > 20;
    const list = many ? `(list of length ${choices.length})` : pyRepr([...choices]);
    return promptError(
      'value_not_in_list',
      'Value not in list',
      `${name}: '${pyStr(value)}' not in ${list}`,
      {
        input_name: name,
        input_config: many ? null : [type, options],
        received_value: value,
      },
    );
  }

  private runValidateInputs(nodeClass: NodeClass, inputs: JsonObject): ErrorReason | undefined {
    const name = nodeClass.validates?.[0];
    if (name === undefined || !inputs.has(name) || Array.isArray(inputs.get(name))) return undefined;
    const verdict = nodeClass.validate?.(inputs, this.env.folders);
    if (verdict === undefined) return undefined;
    return promptError(
      'custom_validation_failed',
      'Custom validation failed for node',
      `${name} - ${verdict}`,
      {
        input_name: name,
      },
    );
  }
}
