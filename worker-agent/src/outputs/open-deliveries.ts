import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import type { FinishedFiles } from '../contract/host.ts';
import type { ComfyOutputDir } from './fetch-output.ts';
import { localInputStore, uploadInputStore } from './inputs/input-store.ts';
import { inputSupply } from './inputs/input-supply.ts';
import { localDelivery, placeCopy } from './local-delivery.ts';
import { openOutbox } from './outbox/outbox.ts';
import { openOutboxStore } from './outbox/outbox-store.ts';
import type { InputSupply, OutputDelivery } from './roles.ts';
import { type LinkTiming, openSftpLink } from './sftp/sftp-link.ts';
import type { VpsAddress } from './sftp/ssh-session.ts';
import { vpsDelivery } from './vps-delivery.ts';

/** The VPS as the place where users' files are. */
export interface VpsPlace extends VpsAddress {
  /** VPS_OUTPUTS_PATH; null = outputs stay on this machine. */
  outputsPath: string | null;
  /** VPS_INPUTS_PATH; null = inputs are not fetched. */
  inputsPath: string | null;
}

export interface DeliveriesOptions {
  vps: VpsPlace | null;
  /** Root of all outputs on this machine; null = the VPS only. */
  localRoot: string | null;
  /** ComfyUI's input folder, when it is on this machine. */
  inputsPath: string | null;
  comfyOutputDir?: ComfyOutputDir | undefined;
  stateDir: string;
  /** How long a job waits for a VPS that is away before it ends without it, ms. */
  waitMs: number;
  /** Bytes that stay free on the disk of `stateDir`. Default 2 GiB. */
  reserveBytes?: number;
  linkTiming?: Partial<LinkTiming>;
  log: Logger;
}

/** All ways of files into and out of this host. */
export interface Deliveries {
  outputs: OutputDelivery;
  /** Where finished files end up. */
  goTo: FinishedFiles;
  /** Undefined when nothing is to be fetched. */
  inputs: InputSupply | undefined;
  /** Files of settled jobs that wait for the VPS. */
  backlog(): { jobs: number; files: number };
  /** Resolves when none waits any more, or the signal aborts. */
  drained(signal: AbortSignal): Promise<void>;
  /** What waits stays on the disk for the next start. Idempotent. */
  close(): Promise<void>;
}

const RESERVE_BYTES = 2 * 1024 ** 3;

/** Builds them from the configuration; files of an earlier life set out for the VPS at once. */
export function openDeliveries(options: DeliveriesOptions): Deliveries {
  const { vps, localRoot, stateDir, waitMs, log, comfyOutputDir } = options;
  const link = vps
    ? openSftpLink(vps, {
        timing: options.linkTiming,
        onDown: ({ message, remedy }) => log.warn({ reason: message, remedy }, 'the VPS is away for files'),
      })
    : undefined;
  const inputs =
    vps?.inputsPath && link
      ? inputSupply({
          link,
          roots: { inputs: vps.inputsPath, outputs: vps.outputsPath },
          store: options.inputsPath
            ? localInputStore(options.inputsPath)
            : uploadInputStore(join(stateDir, 'inputs')),
          waitMs,
          log,
        })
      : undefined;
  if (!vps?.outputsPath || !link) {
    const root = resolve(localRoot ?? join(stateDir, 'outputs'));
    return {
      goTo: { on: 'here', path: root },
      outputs: localDelivery({ root, comfyOutputDir }),
      inputs,
      backlog: () => ({ jobs: 0, files: 0 }),
      drained: async () => {},
      close: async () => link?.close(),
    };
  }
  const store = openOutboxStore(join(stateDir, 'outbox'));
  const outbox = openOutbox({ store, link, remoteRoot: vps.outputsPath, log });
  return {
    goTo: { on: 'vps', path: vps.outputsPath },
    outputs: vpsDelivery({
      outbox,
      store,
      link,
      comfyOutputDir,
      waitMs,
      reserveBytes: options.reserveBytes ?? RESERVE_BYTES,
      alsoTo: localRoot === null ? undefined : (place, path) => placeCopy(localRoot, place, path),
    }),
    inputs,
    backlog: () => outbox.backlog(),
    drained: (signal) => outbox.drained(signal),
    async close() {
      await outbox.close();
      link.close();
    },
  };
}
