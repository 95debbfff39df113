/**
 * Folders and file names of ComfyUI: output, input and temp, the counters `prefix_00001_.png`, the sub
 * folder in a prefix, and the annotated names of inputs (recordings 13, 22).
 */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PythonError } from './python-errors.ts';
import type { VersionTraits } from './versions.ts';

export type FolderType = 'output' | 'input' | 'temp';

export interface SavePath {
  /** Absolute folder the file goes to. */
  readonly folder: string;
  readonly filename: string;
  readonly counter: number;
  readonly subfolder: string;
}

/** Item of an output list, the keys in the order ComfyUI writes them. */
export interface SavedFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: FolderType;
}

export function isFolderType(text: string): text is FolderType {
  return text === 'output' || text === 'input' || text === 'temp';
}

/** True if `child` is `parent` or below it. */
export function isInside(parent: string, child: string): boolean {
  const relative = path.relative(parent, child);
  return relative === '' || !(relative.startsWith('..') || path.isAbsolute(relative));
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

function fillVariables(prefix: string, width: number, height: number): string {
  if (!prefix.includes('%')) return prefix;
  const now = new Date();
  const values: Readonly<Record<string, string>> = {
    width: String(width),
    height: String(height),
    year: String(now.getFullYear()),
    month: pad(now.getMonth() + 1),
    day: pad(now.getDate()),
    hour: pad(now.getHours()),
    minute: pad(now.getMinutes()),
    second: pad(now.getSeconds()),
  };
  return Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`%${name}%`, value), prefix);
}

export class ComfyFolders {
  readonly output: string;
  readonly input: string;
  readonly temp: string;
  private readonly traits: VersionTraits;

  constructor(folders: Readonly<Record<FolderType, string>>, traits: VersionTraits) {
    this.output = folders.output;
    this.input = folders.input;
    this.temp = folders.temp;
    this.traits = traits;
    for (const folder of [this.output, this.input, this.temp]) mkdirSync(folder, { recursive: true });
  }

  folder(type: FolderType): string {
    return this[type];
  }

  /** What LoadImage offers. */
  inputFiles(): string[] {
    const entries = readdirSync(this.input, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name)
      .sort();
  }

  /** Temp is emptied whenever the server starts. */
  clearTemp(): void {
    rmSync(this.temp, { recursive: true, force: true });
    mkdirSync(this.temp, { recursive: true });
  }

  /** folder_paths.get_save_image_path. Throws what ComfyUI throws for a prefix that leads out. */
  savePath(prefix: string, type: FolderType, size: { width: number; height: number }): SavePath {
    const base = this.folder(type);
    const filled = path.normalize(fillVariables(prefix, size.width, size.height));
    const subfolder = path.dirname(filled) === '.' ? '' : path.dirname(filled);
    const filename = path.basename(filled);
    const folder = path.resolve(base, subfolder);
    if (!isInside(base, folder)) this.refuse(folder, base);
    mkdirSync(folder, { recursive: true });
    return { folder, filename, counter: this.nextCounter(folder, filename), subfolder };
  }

  private refuse(folder: string, base: string): never {
    const { traits } = this;
    const lines = [
      '**** ERROR: Saving image outside the output folder is not allowed.',
      ` full_output_folder: ${folder}`,
      `         output_dir: ${base}`,
    ];
    if (!traits.lenientCounter) lines.push(`         commonpath: ${commonPath(folder, base)}`);
    throw new PythonError('Exception', lines.join('\n'), [
      ['nodes.py', traits.savePathLine, 'save_images'],
      ['folder_paths.py', traits.folderPathsLine, 'get_save_image_path'],
    ]);
  }

  private nextCounter(folder: string, filename: string): number {
    const start = `${filename}_`;
    const digits = this.traits.lenientCounter ? /^(\d+)(?:[._]|$)/ : /^(\d+)(?:_|$)/;
    let highest = 0;
    for (const name of readdirSync(folder)) {
      if (!name.startsWith(start)) continue;
      const found = digits.exec(name.slice(start.length));
      if (found) highest = Math.max(highest, Number(found[1]));
    }
    return highest + 1;
  }

  write(target: SavePath, name: string, bytes: Buffer, type: FolderType): SavedFile {
    writeFileSync(path.join(target.folder, name), bytes);
    return { filename: name, subfolder: target.subfolder, type };
  }

  /** folder_paths.get_annotated_filepath: `name [input]`; undefined if it leads out of the folder. */
  annotated(name: string, fallback: FolderType): { folder: string; file: string } | undefined {
    const match = /^(.*) \[(output|input|temp)\]$/.exec(name);
    const type = match?.[2];
    const folder = this.folder(type !== undefined && isFolderType(type) ? type : fallback);
    const file = path.resolve(folder, match?.[1] ?? name);
    return isInside(folder, file) ? { folder, file } : undefined;
  }
}

function commonPath(left: string, right: string): string {
  const a = left.split(path.sep);
  const b = right.split(path.sep);
  let shared = 0;
  while (shared < a.length && a[shared] === b[shared]) shared += 1;
  return a.slice(0, shared).join(path.sep) || path.sep;
}
