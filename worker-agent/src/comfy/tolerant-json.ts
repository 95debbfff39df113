/**
 * Parses JSON as Python's json module writes it: bare NaN, Infinity and -Infinity become null (contract 5.11.22).
 * @throws SyntaxError when it is not JSON even so.
 */
export function parseTolerantJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (!/NaN|Infinity/.test(text)) throw cause;
    return JSON.parse(text.replace(STRING_OR_BARE_WORD, (piece) => (piece.startsWith('"') ? piece : 'null')));
  }
}

/** Strings are matched first, so that a NaN inside of them stays. */
const STRING_OR_BARE_WORD = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/gs;
