import { chmod, chown, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { WorkshopError } from '../../contract/errors.ts';
import type { Slot } from '../roles.ts';
import { type ComposeCommand, composeUp, findCompose } from './compose-command.ts';
import { type ComposeService, composeFileText, composeService, hostFolders, LABELS } from './compose-file.ts';
import type { ComposeOptions } from './compose-options.ts';
import { type Container, workerContainer } from './container.ts';
import type { Docker } from './docker.ts';
import { ensureImage } from './ensure-image.ts';
import { sharedMemoryLimit } from './memory-limit.ts';
import { extraModelPaths, foldersIn } from './model-paths.ts';
import { findPlatformConflicts, platformConflictError } from './platform-worker-check.ts';
import { isPortFree } from './port-check.ts';

/** Brings up one worker's container after the other; what they share is looked up once. */
export class BringUp {
  readonly #docker: Docker;
  readonly #options: ComposeOptions;
  readonly #services = new Map<string, ComposeService>();
  #compose: ComposeCommand | undefined;
  #memoryLimit: { bytes: number | null } | undefined;
  /** One at a time: they write the same file, and an image is pulled once. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(docker: Docker, options: ComposeOptions) {
    this.#docker = docker;
    this.#options = options;
  }

  /** Whether a container was made with the settings that this slot has now. @throws WorkshopError as `serviceOf`. */
  async isCurrent(slot: Slot, container: Container, signal?: AbortSignal): Promise<boolean> {
    const service = await this.#serviceOf(slot, signal);
    return container.labels[LABELS.settings] === service.labels[LABELS.settings];
  }

  /**
   * Creates or re-creates the worker's container and starts it.
   * @param onNote told how far it is.
   * @throws WorkshopError RUNTIME_START, WRONG_STATE (the platform's worker runs here), CONFIG; AbortError.
   */
  async run(slot: Slot, onNote: (note: string) => void, signal?: AbortSignal): Promise<Container> {
    const before = this.#turn;
    const mine = (async () => {
      await untilAborted(before, signal);
      return this.#run(slot, onNote, signal);
    })();
    // Whoever gives up waiting must not let the next one in early.
    this.#turn = Promise.allSettled([before, mine]);
    return mine;
  }

  async #run(slot: Slot, onNote: (note: string) => void, signal?: AbortSignal): Promise<Container> {
    const { workerId } = slot;
    const { project, image, buildContext, allowPlatformWorker, stateDir } = this.#options;
    signal?.throwIfAborted();
    if (!allowPlatformWorker) {
      const conflicts = await findPlatformConflicts(this.#docker, signal);
      if (conflicts.length > 0) throw platformConflictError(conflicts);
    }
    this.#compose ??= await findCompose(this.#docker, signal);
    const service = await this.#serviceOf(slot, signal);
    await ensureImage(this.#docker, image, buildContext, onNote, signal);
    await this.#prepareFolders(workerId, signal);
    const existing = await workerContainer(this.#docker, project, workerId, signal);
    if (existing?.status !== 'running' && !(await isPortFree(slot.port)))
      throw new WorkshopError(
        'RUNTIME_START',
        `Port ${slot.port}, which ComfyUI of ${workerId} needs, is taken by another program on this machine.`,
        {
          remedy: `Look this machine over on the console’s Hosts screen, which names it and can give the workers other ports; or there: sudo ss -ltnp sport = :${slot.port}, and set COMFYUI_BASE_PORT.`,
        },
      );

    onNote('starting the container');
    this.#services.set(workerId, service);
    const file = join(stateDir, 'compose.yaml');
    await writeWhole(file, composeFileText(this.#services));
    await composeUp(this.#docker, this.#compose, { project, file, workerId }, signal);
    const container = await workerContainer(this.#docker, project, workerId, signal);
    if (!container)
      throw new WorkshopError(
        'RUNTIME_START',
        `The container of ${workerId} was gone as soon as it was made.`,
      );
    return container;
  }

  async #serviceOf(slot: Slot, signal?: AbortSignal): Promise<ComposeService> {
    this.#memoryLimit ??= { bytes: await this.#readMemoryLimit(signal) };
    return composeService(this.#options, slot, this.#memoryLimit.bytes);
  }

  async #readMemoryLimit(signal?: AbortSignal): Promise<number | null> {
    const { memoryLimitBytes, maxWorkers } = this.#options;
    if (memoryLimitBytes !== null) return memoryLimitBytes;
    const what = 'The RAM of this machine could not be read';
    const text = await this.#docker.must(what, ['info', '--format', '{{.MemTotal}}'], { signal });
    const total = z.coerce.number().int().positive().safeParse(text.trim());
    return total.success ? sharedMemoryLimit(total.data, maxWorkers) : null;
  }

  async #prepareFolders(workerId: string, signal?: AbortSignal): Promise<void> {
    const folders = hostFolders(this.#options, workerId);
    if (folders.models !== null && foldersIn(folders.models).length === 0)
      throw new WorkshopError('RUNTIME_START', `The models folder ${folders.models} is empty or missing.`, {
        remedy: 'Set MODELS_PATH to the folder with checkpoints, loras and so on, or mount its disk.',
      });
    const owner = await this.#ownerInside(signal);
    for (const folder of [folders.output, folders.user, folders.input]) await writableBy(owner, folder);
    await mkdir(folders.config, { recursive: true });
    const models = folders.models === null ? [] : foldersIn(folders.models);
    await writeWhole(
      join(folders.config, 'extra_model_paths.yaml'),
      folders.models === null && folders.customNodes === null
        ? '{}\n'
        : extraModelPaths(models, folders.customNodes !== null),
    );
  }

  /** Who ComfyUI is in its container: uid and gid, root, or a name that only the image can resolve. */
  async #ownerInside(signal?: AbortSignal): Promise<Owner> {
    const { user, image } = this.#options;
    const format = '{{.Config.User}}';
    const name =
      user ??
      (
        await this.#docker.must(
          `The image ${image} could not be read`,
          ['image', 'inspect', '--format', format, image],
          { signal },
        )
      ).trim();
    const [, uid, gid] = name.match(/^(\d+)(?::(\d+))?$/) ?? [];
    if (uid !== undefined) return { uid: Number(uid), gid: Number(gid ?? uid) };
    return name === '' || name === 'root' || name.startsWith('root:') ? 'root' : 'unknown';
  }
}

type Owner = { uid: number; gid: number } | 'root' | 'unknown';

/** A fresh folder belongs to the user in the container; one that was there keeps its owner (contract 3.2). */
async function writableBy(owner: Owner, folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made === undefined || owner === 'root') return;
  if (owner !== 'unknown' && process.getuid?.() === 0) await chown(folder, owner.uid, owner.gid);
  else await chmod(folder, 0o777);
}

/** Writes a file so that a reader sees the old text or the new one, never half of it. */
async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, text);
  await rename(draft, path);
}

/** Waits for `work`, however it ends, but not longer than until the abort. @throws AbortError. */
async function untilAborted(work: Promise<unknown>, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  let giveUp = () => {};
  const aborted = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  signal?.addEventListener('abort', giveUp, { once: true });
  await Promise.race([work.catch(() => {}), aborted]);
  signal?.removeEventListener('abort', giveUp);
  signal?.throwIfAborted();
}
