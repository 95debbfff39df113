/** Python's repr, str, truth and equality for values that came from JSON: error texts quote them. */

import { floatRepr, type Json, PyFloat, RawJson, Unserialisable } from './python-json.ts';

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

/** Python's repr() of a value that came from JSON. */
export function pyRepr(value: Json): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return stringRepr(value);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof PyFloat) return floatRepr(value.value);
  if (value instanceof RawJson) return value.text;
  if (value instanceof Unserialisable) return value.repr;
  if (Array.isArray(value)) return `[${value.map(pyRepr).join(', ')}]`;
  return `{${[...value].map(([key, member]) => `${stringRepr(key)}: ${pyRepr(member)}`).join(', ')}}`;
}

/** Python's str(). */
export function pyStr(value: Json): string {
  return typeof value === 'string' ? value : pyRepr(value);
}

/** Python's truth value. */
export function isTruthy(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  if (value instanceof PyFloat) return value.value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return value !== 0 && value !== 0n;
}

/** The name Python gives the type, for its own error texts. */
export function pyTypeName(value: Json): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'number' || typeof value === 'bigint') return 'int';
  if (value instanceof PyFloat) return 'float';
  if (Array.isArray(value)) return 'list';
  return value instanceof Map ? 'dict' : 'object';
}

/** Equality as Python sees it, for values out of JSON: 1 == 1.0 == True. */
export function pyEquals(left: Json, right: Json): boolean {
  return comparable(left) === comparable(right);
}

function comparable(value: Json): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (value instanceof PyFloat && Number.isInteger(value.value)) return String(BigInt(value.value));
  if (Array.isArray(value)) return `[${value.map(comparable).join(',')}]`;
  if (value instanceof Map) {
    const members = [...value].map(([key, member]) => `${stringRepr(key)}:${comparable(member)}`);
    return `{${members.sort().join(',')}}`;
  }
  return pyRepr(value);
}
