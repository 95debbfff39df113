import { statfs } from 'node:fs/promises';
import { WorkshopError } from '../contract/errors.ts';
import {
  isMereMention,
  notThere,
  outputPathOf,
  reasonOf,
  sizeText,
  undeliverable,
} from './delivery-words.ts';
import { type ComfyOutputDir, fetchOutput } from './fetch-output.ts';
import { eachOf } from './gate.ts';
import type { Outbox, Shipment } from './outbox/outbox.ts';
import type { OutboxFile, OutboxStore } from './outbox/outbox-store.ts';
import { rest } from './rest.ts';
import type { DeliveredFile, Delivery, DeliveryRequest, OutputDelivery } from './roles.ts';
import { planPlaces } from './safe-path.ts';
import type { SftpLink } from './sftp/sftp-link.ts';

export interface VpsDeliveryOptions {
  outbox: Outbox;
  store: OutboxStore;
  link: Pick<SftpLink, 'state'>;
  comfyOutputDir?: ComfyOutputDir | undefined;
  /** How long the end of a job waits for its files to arrive, ms. */
  waitMs: number;
  /** Bytes of the outbox's disk that stay free. */
  reserveBytes: number;
  /** Copies a staged file to a second place as well. Its failure is a warning: users look at the VPS. */
  alsoTo?: ((place: DeliveredFile, stagedPath: string) => Promise<void>) | undefined;
}

/** Files fetched from ComfyUI at a time. */
const FETCHES = 3;
const ROOM_LOOK_MS = 1000;

/**
 * Delivers to the VPS through the outbox: the files are first brought onto the disk of this machine, then uploaded.
 * The delivery ends when all are in place, or after `waitMs` with a warning: then the job may be settled, its files
 * are owed, and the outbox brings them as soon as the VPS takes them, also after a restart of the agent. While the
 * VPS has been away for longer than that, a job does not wait again: the GPU is not to stand idle for it.
 */
export function vpsDelivery(options: VpsDeliveryOptions): OutputDelivery {
  const { outbox, store } = options;

  const stage = async (request: DeliveryRequest, id: string) => {
    const warnings: string[] = [];
    const places = planPlaces(request, request.files).map((place, at) => ({ place, data: String(at) }));
    const files = await eachOf(places, FETCHES, async ({ place, data }): Promise<OutboxFile | 'absent'> => {
      const path = store.pathOf(id, data);
      try {
        await waitForRoom(options, request.signal);
        const fetched = await fetchOutput(request, place.source, path, options.comfyOutputDir);
        await options.alsoTo?.(place, path).catch((cause: unknown) => {
          warnings.push(
            `The copy of ${JSON.stringify(place.filename)} on the GPU host failed: ${reasonOf(cause)}.`,
          );
        });
        const { subfolder, filename } = place;
        return { data, ...fetched, subfolder, filename, state: { kind: 'waiting' } };
      } catch (cause) {
        request.signal.throwIfAborted();
        if (cause instanceof WorkshopError && cause.code === 'OUTPUT_DELIVERY') throw cause;
        if (!isMereMention(place.source, cause))
          throw undeliverable(place.source, cause, `Check space and rights of ${store.folder}.`);
        warnings.push(notThere(place.source));
        return 'absent';
      }
    });
    return {
      files: files.filter((file) => file !== 'absent'),
      sources: places.filter((_, at) => files[at] !== 'absent').map(({ place }) => place.source),
      warnings,
    };
  };

  return {
    async deliver(request) {
      const id = store.reserve();
      let shipment: Shipment;
      let staged: Awaited<ReturnType<typeof stage>>;
      try {
        staged = await stage(request, id);
        const { jobId, userId } = request;
        const entry = {
          version: 1 as const,
          jobId,
          userId,
          createdAt: Date.now(),
          owed: false,
          files: staged.files,
        };
        shipment = outbox.ship(id, entry);
      } catch (cause) {
        store.remove(id);
        throw cause;
      }
      const { sources, warnings } = staged;
      const arrived = await arrives(shipment, options, request.signal);
      if (request.signal.aborted) {
        // Cancelled, timed out or no longer ours: late outputs are discarded (contract 8.5).
        outbox.discard(shipment);
        throw request.signal.reason;
      }
      const files = shipment.entry.files.flatMap((file, at): DeliveredFile[] => {
        const source = sources[at];
        const filename = file.state.kind === 'waiting' ? file.filename : file.state.filename;
        return source ? [{ source, subfolder: file.subfolder, filename }] : [];
      });
      const delivery: Delivery = { files, outputPath: outputPathOf(request.userId), warnings };
      if (arrived) {
        outbox.forget(shipment);
        return delivery;
      }
      const late = shipment.entry.files.filter((file) => file.state.kind !== 'delivered');
      outbox.owe(shipment);
      return { ...delivery, warnings: [...warnings, stillOnTheWay(late, shipment, options.link)] };
    },
  };
}

/** Whether everything arrived before the time was up. */
async function arrives(
  shipment: Shipment,
  { link, waitMs }: Pick<VpsDeliveryOptions, 'link' | 'waitMs'>,
  signal: AbortSignal,
): Promise<boolean> {
  const state = link.state();
  const awayMs = state.kind === 'down' ? performance.now() - state.since : 0;
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  try {
    const enough = rest(Math.max(waitMs - awayMs, Math.min(waitMs, 2000)), stop).then(() => false);
    return await Promise.race([shipment.done.then(() => true), enough]);
  } finally {
    over.abort();
  }
}

function stillOnTheWay(
  late: readonly OutboxFile[],
  shipment: Shipment,
  link: Pick<SftpLink, 'state'>,
): string {
  const names = late.slice(0, 5).map((file) => JSON.stringify(file.filename));
  const more = late.length > names.length ? ` and ${late.length - names.length} more` : '';
  const state = link.state();
  const failure = state.kind === 'down' ? state.failure : shipment.failure();
  const why = failure ? ` (${failure.message})` : '';
  return (
    `Still on the way to the workshop's server: ${names.join(', ')}${more}${why}. ` +
    'The GPU host keeps them and delivers them as soon as it can.'
  );
}

/** Waits while uploads under way may make room; the outbox must not fill the disk that ComfyUI writes to. */
async function waitForRoom(options: VpsDeliveryOptions, signal: AbortSignal): Promise<void> {
  const { outbox, store, reserveBytes, waitMs } = options;
  const until = performance.now() + waitMs;
  for (;;) {
    const { bavail, bsize } = await statfs(store.folder);
    const free = bavail * bsize;
    if (free >= reserveBytes) return;
    const { jobs, files } = outbox.backlog();
    if (jobs === 0 || performance.now() >= until)
      throw new WorkshopError(
        'OUTPUT_DELIVERY',
        `The disk of the GPU host is nearly full (${sizeText(free)} free at ${store.folder}), so the outputs cannot be kept` +
          `${files > 0 ? `; ${files} files of ${jobs} jobs wait there for the VPS` : ''}.`,
        { remedy: 'Make room on the GPU host, or see why the VPS does not take the waiting files.' },
      );
    await rest(ROOM_LOOK_MS, signal);
    signal.throwIfAborted();
  }
}
