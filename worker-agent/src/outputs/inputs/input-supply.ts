import type { Logger } from 'pino';
import { WorkshopError } from '../../contract/errors.ts';
import { reasonOf } from '../delivery-words.ts';
import { createGate, createTurns } from '../gate.ts';
import { rest } from '../rest.ts';
import type { InputRename, InputRequest, InputSupply } from '../roles.ts';
import type { RemoteFile } from '../sftp/download.ts';
import { RemoteFailure } from '../sftp/remote-failure.ts';
import type { RemoteFiles } from '../sftp/remote-files.ts';
import type { SftpLink } from '../sftp/sftp-link.ts';
import type { InputStore } from './input-store.ts';
import { isForeignFolder, type NamedInput, namedInputs, safeSteps } from './named-inputs.ts';
import { findRemoteInput, ownSteps, type RemoteRoots } from './remote-inputs.ts';

export interface InputSupplyOptions {
  link: SftpLink;
  roots: RemoteRoots;
  store: InputStore;
  /** How long a job waits for a VPS that is away, ms. */
  waitMs: number;
  /** Downloads at a time. Default 3. */
  parallel?: number;
  log: Logger;
}

/** With a copy at hand the job waits only this long for the VPS to say that it is the newest, ms. */
const FRESHNESS_WAIT_MS = 5000;
const TRY_AGAIN_MS = 1000;
/** Downloads of one file that may break off before it is called unfetchable. */
const MAX_BREAKS = 20;

/**
 * Brings the files that a prompt names from the VPS, each version once. A user's own file goes into a folder of that
 * user's at ComfyUI and the prompt is told so: two users' `photo.png` must not meet there.
 */
export function inputSupply(options: InputSupplyOptions): InputSupply {
  const { link, roots, store, log } = options;
  const gate = createGate(options.parallel ?? 3);
  const inTurn = createTurns();

  /** Fetches a version to a path unless it is there; two jobs that need it fetch it once. */
  const ensure = (
    { jobId, server, signal }: InputRequest,
    files: RemoteFiles,
    file: RemoteFile,
    path: string,
  ) =>
    inTurn(
      path,
      async () => {
        if (await store.hasVersion(path, file, server)) return;
        await gate.run(() => store.fetch(files, file, path, server, signal), signal);
        log.info({ jobId, path, bytes: file.size }, 'input fetched from the VPS');
      },
      signal,
    );

  /** @returns the path at ComfyUI; undefined when the file is nowhere on the VPS. */
  const bring = async (request: InputRequest, named: NamedInput, files: RemoteFiles) => {
    const found = await findRemoteInput(files, roots, named, request.userId);
    if (!found) return undefined;
    const steps = safeSteps(named.path) ?? [];
    const own = [request.userId, ...ownSteps(steps, request.userId)].join('/');
    const plain = steps.join('/');
    const free = found.owner === 'shared' && !(await isTakenByAnother(request, found.file, plain));
    const path = free ? plain : own;
    await ensure(request, files, found.file, path);
    return path;
  };

  /** What lies there under that name is not, or no longer, the shared file; it is not ours to replace. */
  const isTakenByAnother = async ({ server, signal }: InputRequest, file: RemoteFile, path: string) =>
    (await store.hasVersion(path, file, server)) !== true && (await store.has(path, server, signal));

  /** A copy at ComfyUI from before: the user's, or one under the plain name. */
  const atHand = async (request: InputRequest, named: NamedInput): Promise<string | undefined> => {
    const { server, userId, signal } = request;
    const steps = safeSteps(named.path) ?? [];
    if (named.type === 'output') {
      // Every user's outputs lie there; only what bears the user's name is surely the user's.
      if (steps[0] !== userId) return undefined;
      const filename = steps.at(-1) ?? '';
      const file = { filename, subfolder: steps.slice(0, -1).join('/'), type: 'output' as const };
      return (await server.has(file, signal)) ? `${steps.join('/')} [output]` : undefined;
    }
    const own = [userId, ...ownSteps(steps, userId)].join('/');
    if (await store.has(own, server, signal)) return own;
    if (steps.length > 1 && isForeignFolder(steps[0] ?? '', userId)) return undefined;
    return (await store.has(steps.join('/'), server, signal)) ? steps.join('/') : undefined;
  };

  const supplyOne = async (request: InputRequest, named: NamedInput): Promise<string> => {
    if (!safeSteps(named.path)) {
      if (!named.certain) return named.path;
      throw missing(named, 'it leads out of the folder for inputs');
    }
    const local = await atHand(request, named);
    const waitMs = local === undefined ? options.waitMs : Math.min(options.waitMs, FRESHNESS_WAIT_MS);
    for (let breaks = 0; ; ) {
      // Only for a VPS that is away: a large file may take its time, and a broken download is continued.
      const patience = AbortSignal.any([request.signal, AbortSignal.timeout(waitMs)]);
      let connected = false;
      try {
        const files = await link.files(patience);
        connected = true;
        const path = (await bring(request, named, files)) ?? local;
        if (path !== undefined) return path;
        // It only looked like a file: ComfyUI knows better.
        if (!named.certain) return named.path;
        const folder = `the ${named.type}s folder of ${request.userId} on the workshop's server`;
        throw missing(named, `it is neither in ${folder} nor on the GPU host`);
      } catch (cause) {
        request.signal.throwIfAborted();
        if (cause instanceof WorkshopError) throw cause;
        if (connected) breaks += 1;
        const again = connected ? breaks <= MAX_BREAKS : !patience.aborted;
        if (cause instanceof RemoteFailure && cause.kind === 'lost' && again) {
          await rest(TRY_AGAIN_MS, request.signal);
          continue;
        }
        if (local === undefined) throw unfetched(named, cause);
        log.warn(
          { jobId: request.jobId, path: local, reason: reasonOf(cause) },
          'the copy at hand is used as it is',
        );
        return local;
      }
    }
  };

  return {
    async supply(request) {
      const renames: InputRename[] = [];
      const done = new Map<string, string>();
      for (const named of namedInputs(request.nodes)) {
        const key = `${named.type} ${named.path}`;
        const path = done.get(key) ?? (await supplyOne(request, named));
        done.set(key, path);
        if (path !== (named.type === 'output' ? `${named.path} [output]` : named.path))
          renames.push({ nodeId: named.nodeId, input: named.input, to: path });
      }
      return renames;
    },
  };
}

function missing(named: NamedInput, why: string): WorkshopError {
  return new WorkshopError('INPUT_FETCH', `${subject(named)} is missing: ${why}.`, {
    remedy: 'Upload the file again in ComfyUI, choose it in the node, and submit again.',
  });
}

function unfetched(named: NamedInput, cause: unknown): WorkshopError {
  // A time that ran out says less than what was tried in it.
  const why =
    cause instanceof DOMException ? 'the workshop’s server did not answer in time' : reasonOf(cause);
  return new WorkshopError('INPUT_FETCH', `${subject(named)} could not be fetched: ${why}.`, {
    remedy:
      cause instanceof RemoteFailure ? cause.remedy : 'Submit again; tell the host if it happens again.',
    cause,
  });
}

function subject({ path, nodeId, classType }: NamedInput): string {
  return `The file ${JSON.stringify(path.slice(0, 200))} of node ${nodeId.slice(0, 40)} (${classType.slice(0, 80)})`;
}
