/** int(), float(), str() and comparisons as Python does them, with Python's error texts (recordings 04, 21). */

import { type Dumpable, floatRepr, type Json, normaliseInt, PyFloat } from './python-json.ts';
import { isTruthy, pyRepr, pyStr, pyTypeName } from './python-values.ts';

export function toInt(value: Json): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof PyFloat) {
    if (Number.isNaN(value.value)) throw new Error('cannot convert float NaN to integer');
    if (!Number.isFinite(value.value)) throw new Error('cannot convert float infinity to integer');
    return normaliseInt(BigInt(Math.trunc(value.value)));
  }
  if (typeof value === 'string') {
    const text = value.trim().replace(/(?<=\d)_(?=\d)/g, '');
    if (!/^[+-]?\d+$/.test(text)) throw new Error(`invalid literal for int() with base 10: ${pyRepr(value)}`);
    return normaliseInt(BigInt(text.replace(/^\+/, '')));
  }
  throw new Error(
    `int() argument must be a string, a bytes-like object or a real number, not '${pyTypeName(value)}'`,
  );
}

export function toFloat(value: Json): PyFloat {
  if (value instanceof PyFloat) return value;
  if (typeof value === 'number' || typeof value === 'bigint') return new PyFloat(Number(value));
  if (typeof value === 'boolean') return new PyFloat(value ? 1 : 0);
  if (typeof value === 'string') {
    const text = value.trim().toLowerCase();
    const special = /^([+-]?)(nan|inf|infinity)$/.exec(text);
    if (special) {
      const size = special[2] === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY;
      return new PyFloat(special[1] === '-' ? -size : size);
    }
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(text)) return new PyFloat(Number(text));
    throw new Error(`could not convert string to float: ${pyRepr(value)}`);
  }
  throw new Error(`float() argument must be a string or a real number, not '${pyTypeName(value)}'`);
}

/** What validate_inputs() does to a literal of each type. */
export const CONVERTERS: Readonly<Record<string, (value: Json) => Json>> = {
  INT: toInt,
  FLOAT: toFloat,
  STRING: pyStr,
  BOOLEAN: isTruthy,
};

export function compare(value: Json, limit: Dumpable): number | undefined {
  const left = value instanceof PyFloat ? value.value : value;
  const right = limit instanceof PyFloat ? limit.value : limit;
  const comparable = (side: unknown): side is number | bigint =>
    typeof side === 'number' || typeof side === 'bigint';
  if (!comparable(left) || !comparable(right)) return undefined;
  return left < right ? -1 : left > right ? 1 : 0;
}

export function limitText(limit: Dumpable): string {
  return limit instanceof PyFloat ? floatRepr(limit.value) : String(limit);
}
