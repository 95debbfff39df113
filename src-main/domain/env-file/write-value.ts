import { type EnvFile, type EnvLine, envEntries } from '../../../worker-agent/src/contract/env-text.ts';

/**
 * Values as docker compose, python-dotenv, the agent and a shell's `source` all read them the same. Bare where nothing
 * is special, else in single quotes, else (for a value with a single quote) in double quotes.
 */

/** Why a value has no spelling that every reader understands alike, as the end of a sentence; undefined for none. */
export function unportable(value: string): string | undefined {
  if (/[^\P{Cc}\t\n]|[\u2028\u2029]/u.test(value)) return 'it holds a control character';
  if (!value.isWellFormed()) return 'it is not valid text';
  if (value.includes('${')) return 'it holds ${, which is replaced by python-dotenv even in quotes';
  if (/\\(\\|'|$)/.test(value)) return 'of the way it uses backslashes';
  if (value.includes("'") && /["$`\\]/.test(value)) return 'it mixes a single quote with one of " $ ` \\';
  return undefined;
}

const BARE = /^[A-Za-z0-9_./:@%+,=-]*$/;

/**
 * One value as it stands behind the equals sign. What is not portable is written as compose and the agent read it.
 */
export function writeValue(value: string): string {
  // A leading = or a tilde behind : would mean something to one of the readers.
  if (BARE.test(value) && !value.startsWith('=')) return value;
  if (!value.includes("'")) return `'${value}'`;
  return `"${value.replaceAll(/["\\$`]/g, '\\$&')}"`;
}

/**
 * Sets a key where it stands last, keeping the place, `export` and the inline comment; earlier ones of the same key go.
 * A key that is not there is added at the end.
 */
export function setValue(file: EnvFile, key: string, value: string): EnvFile {
  const known = envEntries(file).get(key);
  if (!known) {
    const lines = [...file.lines];
    const last = lines.at(-1);
    if (last && !/[\r\n]$/.test(last.raw)) lines[lines.length - 1] = { ...last, raw: `${last.raw}\n` };
    return { ...file, lines: [...lines, entryLine(key, value, '', false)] };
  }
  const lines = file.lines.flatMap((line): EnvLine[] => {
    if (line.kind !== 'entry' || line.key !== key) return [line];
    if (line !== known) return [];
    if (line.value === value && !line.doubtful) return [line];
    return [entryLine(key, value, line.comment, line.exported)];
  });
  return { ...file, lines };
}

/** Takes a key out, every time it is there. */
export function removeKey(file: EnvFile, key: string): EnvFile {
  return { ...file, lines: file.lines.filter((line) => line.kind !== 'entry' || line.key !== key) };
}

function entryLine(key: string, value: string, comment: string, exported: boolean): EnvLine {
  const raw = `${exported ? 'export ' : ''}${key}=${writeValue(value)}${comment}\n`;
  return {
    kind: 'entry',
    ...{ raw, line: 0, key, value, exported, comment },
    quote: 'none',
    doubtful: unportable(value) !== undefined,
  };
}
