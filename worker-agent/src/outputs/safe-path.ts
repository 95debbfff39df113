import type { DeliveredFile, OutputFile } from './roles.ts';

/** Longest file name in bytes; room is left for ` (2)` and for the names of drafts (most file systems allow 255). */
const MAX_NAME_BYTES = 200;

/**
 * Folder and name of a job's output below the root of all outputs: `{user}/{job}/{subfolder}/{filename}`. Two jobs
 * never share a folder, so equal names of other users, workers or jobs cannot meet (contract 8.25).
 */
export function placeFor(
  owner: { userId: string; jobId: string },
  file: Pick<OutputFile, 'filename' | 'subfolder'>,
): { subfolder: string; filename: string } {
  const inner = segments(file.subfolder);
  // The platform's workflows save below the user's name; it is said once.
  if (inner[0] === owner.userId) inner.shift();
  const name = segments(file.filename).at(-1) ?? 'unnamed';
  return { subfolder: [safe(owner.userId), safe(owner.jobId), ...inner].join('/'), filename: name };
}

/**
 * The places of all files that stay after the job: no previews (temp) and no inputs that a node merely shows again,
 * each file once. Files whose names become equal when they are made safe get different names.
 */
export function planPlaces(
  owner: { userId: string; jobId: string },
  files: readonly OutputFile[],
): DeliveredFile[] {
  const seen = new Set<string>();
  const taken = new Set<string>();
  return files.flatMap((source) => {
    const key = `${source.subfolder}\u0000${source.filename}`;
    if (source.type !== 'output' || seen.has(key)) return [];
    seen.add(key);
    const { subfolder, filename } = placeFor(owner, source);
    for (const name of freeNames(filename)) {
      const path = `${subfolder}/${name}`;
      if (taken.has(path)) continue;
      taken.add(path);
      return [{ source, subfolder, filename: name }];
    }
    return [];
  });
}

/** The name itself, then `name (2).ext`, `name (3).ext` … without end. */
export function* freeNames(name: string): Generator<string, never> {
  yield name;
  const dot = name.lastIndexOf('.');
  const stem = dot > 0 ? name.slice(0, dot) : name;
  const extension = dot > 0 ? name.slice(dot) : '';
  for (let copy = 2; ; copy++) yield `${stem} (${copy})${extension}`;
}

function segments(path: string): string[] {
  return path
    .split(/[/\\]/)
    .filter((segment) => segment !== '' && segment !== '.')
    .map(safe);
}

/** A single file name: no separators, no control characters, never `..`, not hidden, at most 200 bytes. */
function safe(segment: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  const clean = segment.replace(/[/\\\u0000-\u001f\u007f]/g, '_').replace(/^\./, '_');
  return shorten(clean) || '_';
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && name.length - dot <= 12 ? name.slice(dot) : '';
  const letters = Array.from(name.slice(0, name.length - extension.length));
  while (Buffer.byteLength(letters.join('')) + Buffer.byteLength(extension) > MAX_NAME_BYTES) letters.pop();
  return letters.join('') + extension;
}
