import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ignore, makeFolder, syncFolder } from '../local-folder.ts';
import type { InputServer } from '../roles.ts';
import { downloadPart, downloadPartOf, isSameVersion, type RemoteFile } from '../sftp/download.ts';
import type { RemoteFiles } from '../sftp/remote-files.ts';

/** ComfyUI's input folder, as far as the agent fills it. */
export interface InputStore {
  /** Whether a file of that path is there. */
  has(path: string, server: InputServer, signal: AbortSignal): Promise<boolean>;
  /** Whether exactly that version is there; undefined when it cannot be told. */
  hasVersion(path: string, file: RemoteFile, server: InputServer): Promise<boolean | undefined>;
  /** Fetches that version to that path, over an older one. */
  fetch(
    files: RemoteFiles,
    file: RemoteFile,
    path: string,
    server: InputServer,
    signal: AbortSignal,
  ): Promise<void>;
}

/** An input folder on this machine (INPUTS_PATH). */
export function localInputStore(root: string): InputStore {
  return {
    has: async (path) => (await stat(join(root, path)).catch(ignore('ENOENT', 'ENOTDIR')))?.isFile() === true,
    hasVersion: (path, file) => isSameVersion(join(root, path), file),
    async fetch(files, file, path, _server, signal) {
      const { folder, name } = await folderOf(root, path);
      const part = downloadPart(folder, file);
      await downloadPartOf(files, file, part, signal);
      await rename(part, join(folder, name));
      await syncFolder(folder);
    },
  };
}

/**
 * Input folders of servers elsewhere: files are fetched into `cache` and handed over by upload. What each server was
 * given is remembered as long as the agent lives.
 */
export function uploadInputStore(cache: string): InputStore {
  const given = new Map<string, string>();
  const keyOf = (path: string, server: InputServer) => `${server.endpoint} ${path}`;
  const has = (path: string, server: InputServer, signal: AbortSignal) =>
    server.has({ ...splitPath(path), type: 'input' }, signal);
  return {
    has,
    async hasVersion(path, file, server) {
      const known = given.get(keyOf(path, server));
      return known === undefined ? undefined : known === versionOf(file);
    },
    async fetch(files, file, path, server, signal) {
      const { folder } = await folderOf(cache, path);
      const part = downloadPart(folder, file);
      await downloadPartOf(files, file, part, signal);
      await server.upload(part, splitPath(path), signal);
      await rm(part, { force: true });
      given.set(keyOf(path, server), versionOf(file));
    },
  };
}

async function folderOf(root: string, path: string): Promise<{ folder: string; name: string }> {
  const { subfolder, filename } = splitPath(path);
  return { folder: await makeFolder(root, subfolder), name: filename };
}

function splitPath(path: string): { subfolder: string; filename: string } {
  const cut = path.lastIndexOf('/');
  return { subfolder: path.slice(0, Math.max(0, cut)), filename: path.slice(cut + 1) };
}

function versionOf(file: RemoteFile): string {
  return `${file.path} ${file.size} ${file.mtime}`;
}
