/** A folder on a machine that looks like one with models, with what a bounded look saw in it. */
export interface ModelsFolder {
  path: string;
  /** Model files in it; a look that takes too long stops, and counts what it saw. */
  files: number;
  bytes: number;
  /** Free on its disk, MiB; null when that is not known. */
  freeMiB: number | null;
}

/** Reads `files bytes free-KiB path` lines. */
export function modelsFolders(lines: readonly string[]): ModelsFolder[] {
  const folders = lines.flatMap((line): ModelsFolder[] => {
    const [, files, bytes, free, path] = /^(\d+) (\d+) (\d*) (\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    const freeMiB = free ? Math.floor(Number(free) / 1024) : null;
    return [{ path, files: Number(files), bytes: Number(bytes), freeMiB }];
  });
  return folders.filter(({ path }, at) => folders.findIndex((one) => one.path === path) === at);
}

/** The folder with the most in it; undefined where no folder holds any. */
export function fullest(folders: readonly ModelsFolder[]): ModelsFolder | undefined {
  return folders.filter(({ files }) => files > 0).sort((a, b) => b.bytes - a.bytes)[0];
}

/** "41 model files, 128 GB"; "5 model files, 1 MB". */
export function amountOf({ files, bytes }: Pick<ModelsFolder, 'files' | 'bytes'>): string {
  const size = bytes >= 1e9 ? `${Math.round(bytes / 1e9)} GB` : `${Math.max(1, Math.round(bytes / 1e6))} MB`;
  return `${files} model ${files === 1 ? 'file' : 'files'}, ${size}`;
}
