/** A number that Python wrote as a float: 8.0 stays 8.0. */
export class PythonFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export const float = (value: number) => new PythonFloat(value);

/** What may stand in a workflow. bigint is for seeds beyond 2^53. */
export type WorkflowValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | PythonFloat
  | readonly WorkflowValue[]
  | { readonly [key: string]: WorkflowValue };

/** JSON as the queue-manager keeps it: compact, raw UTF-8, whole seeds, floats with their point (contract 1.2, 1.3). */
export function workflowText(value: WorkflowValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof PythonFloat)
    return Number.isInteger(value.value) ? `${value.value}.0` : String(value.value);
  if (Array.isArray(value)) return `[${value.map(workflowText).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, inner]) => `${JSON.stringify(key)}:${workflowText(inner)}`,
    );
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}

export type Prompt = { readonly [nodeId: string]: WorkflowValue };

/** A node as the editor exports it to the API format: inputs first, then class_type, then its title. */
export function node(
  classType: string,
  inputs: { readonly [name: string]: WorkflowValue },
  title: string = classType,
): WorkflowValue {
  return { inputs, class_type: classType, _meta: { title } };
}
