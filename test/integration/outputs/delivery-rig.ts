import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import {
  type Deliveries,
  type DeliveriesOptions,
  openDeliveries,
  type VpsPlace,
} from '../../../worker-agent/src/outputs/open-deliveries.ts';
import type { DeliveryRequest, OutputFile } from '../../../worker-agent/src/outputs/roles.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { type SshServer, startSshServer } from '../../support/ssh-server.ts';

/** A VPS (a real sshd behind a breakable link) and a GPU host's ways of files to and from it. */
export interface DeliveryRig {
  readonly dir: string;
  readonly ssh: SshServer;
  readonly proxy: FaultProxy;
  readonly vps: VpsPlace;
  /** Folders on the VPS. */
  readonly remoteOutputs: string;
  readonly remoteInputs: string;
  /** Folder of the agent's state. */
  readonly stateDir: string;
  /** Opens deliveries over the breakable link; several stand for several agents or lives. */
  open(more?: Partial<DeliveriesOptions>): Deliveries;
  /** All lines logged so far. */
  logged(): string;
  close(): Promise<void>;
}

export async function startDeliveryRig(options: { readOnly?: boolean } = {}): Promise<DeliveryRig> {
  const dir = mkdtempSync(join(tmpdir(), 'workshop-outputs-'));
  const ssh = await startSshServer(options);
  const proxy = await startFaultProxy(ssh.port);
  const remoteOutputs = join(ssh.home, 'outputs');
  const remoteInputs = join(ssh.home, 'inputs');
  mkdirSync(remoteOutputs);
  mkdirSync(remoteInputs);
  const stateDir = join(dir, 'state');
  mkdirSync(stateDir);
  let lines = '';
  const log: Logger = pino(
    { level: 'trace' },
    {
      write: (line: string) => {
        lines += line;
      },
    },
  );
  const vps: VpsPlace = {
    host: '127.0.0.1',
    port: proxy.port,
    user: ssh.user,
    keyFile: ssh.keyFile,
    hostKeys: [ssh.fingerprint],
    outputsPath: remoteOutputs,
    inputsPath: remoteInputs,
  };
  const opened: Deliveries[] = [];
  return {
    dir,
    ssh,
    proxy,
    vps,
    remoteOutputs,
    remoteInputs,
    stateDir,
    open(more = {}) {
      const deliveries = openDeliveries({
        vps,
        localRoot: null,
        inputsPath: null,
        stateDir,
        waitMs: 20_000,
        reserveBytes: 0,
        log,
        ...more,
      });
      opened.push(deliveries);
      return deliveries;
    },
    logged: () => lines,
    async close() {
      await Promise.all(opened.map((deliveries) => deliveries.close()));
      await proxy.stop();
      await ssh.close();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export const output = (filename: string, subfolder = ''): OutputFile => ({
  filename,
  subfolder,
  type: 'output',
});

/** A job's delivery whose files ComfyUI hands out as `content` says. */
export function jobOf(
  jobId: string,
  content: Record<string, Buffer | string>,
  more: Partial<DeliveryRequest> = {},
): DeliveryRequest {
  const entries = Object.entries(content);
  return {
    jobId,
    userId: 'user001',
    workerId: 'worker-1',
    files: entries.map(([path]) => {
      const cut = path.lastIndexOf('/');
      return output(path.slice(cut + 1), path.slice(0, Math.max(0, cut)));
    }),
    async open(file) {
      const path = [file.subfolder, file.filename].filter(Boolean).join('/');
      const bytes = content[path];
      if (bytes === undefined) throw new Error(`no ${path}`);
      return new Blob([new Uint8Array(Buffer.from(bytes))]).stream();
    },
    signal: new AbortController().signal,
    ...more,
  };
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Bytes that compress badly and repeat nowhere, the same for the same seed. */
export function noise(size: number, seed: string): Buffer {
  const block = createHash('sha512').update(seed).digest();
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at += 64) {
    block.writeUInt32LE(at >>> 0, 0);
    block.copy(bytes, at, 0, Math.min(64, size - at));
  }
  return bytes;
}

/** Paths of all files below a folder, drafts too. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

export const readText = (...path: string[]): string => readFileSync(join(...path), 'utf8');

/** Waits for a value with a deadline. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`no ${what} in time`);
    await wait(3);
  }
}
