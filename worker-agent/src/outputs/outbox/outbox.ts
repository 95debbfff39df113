import type { Logger } from 'pino';
import { createGate } from '../gate.ts';
import { rest } from '../rest.ts';
import { type RemoteFailure, toRemoteFailure } from '../sftp/remote-failure.ts';
import { makeRemoteFolder } from '../sftp/remote-folder.ts';
import type { SftpLink } from '../sftp/sftp-link.ts';
import { hasContent, nameUpload, partName, uploadPart } from '../sftp/upload.ts';
import type { OutboxEntry, OutboxFile, OutboxStore } from './outbox-store.ts';

export interface OutboxOptions {
  store: OutboxStore;
  link: SftpLink;
  /** VPS_OUTPUTS_PATH. */
  remoteRoot: string;
  /** Uploads at a time. Default 3. */
  parallel?: number;
  /** First and longest pause after a failed upload, ms. Defaults 1 s and 60 s. */
  pauseMs?: { first: number; longest: number };
  log: Logger;
}

/** An entry under way. */
export interface Shipment {
  readonly id: string;
  readonly entry: OutboxEntry;
  /** Resolves when every file is in its place. Never rejects; never ends after `discard` or `close`. */
  readonly done: Promise<void>;
  /** Why the last attempt failed. */
  failure(): RemoteFailure | undefined;
}

/**
 * Uploads what waits in the store, as often as it takes: a file is complete, checked and named on the VPS, or it is
 * still here. Equal names never meet; an upload that broke off is continued.
 */
export interface Outbox {
  /** Starts with a staged entry. An earlier entry of the same job gives way; what it delivered is not sent twice. */
  ship(id: string, entry: OutboxEntry): Shipment;
  /** The job is over: the files go on being delivered, also after a restart. */
  owe(shipment: Shipment): void;
  /** The files are delivered and accounted for: forgets the entry. */
  forget(shipment: Shipment): void;
  /** The job's outcome no longer counts: stops and removes what is here and the unnamed parts on the VPS. */
  discard(shipment: Shipment): void;
  /** Files that wait. */
  backlog(): { jobs: number; files: number };
  /** Resolves when nothing that is owed waits any more, or the signal aborts. */
  drained(signal: AbortSignal): Promise<void>;
  /** Idempotent; what waits stays on the disk. */
  close(): Promise<void>;
}

interface Underway extends Shipment {
  abort: AbortController;
  work: Promise<void>;
  lastFailure: RemoteFailure | undefined;
}

export function openOutbox(options: OutboxOptions): Outbox {
  const { store, link, log } = options;
  const gate = createGate(options.parallel ?? 3);
  const pause = options.pauseMs ?? { first: 1000, longest: 60_000 };
  const underway = new Map<string, Underway>();
  const idle = new Set<() => void>();
  let closed = false;

  const drop = (id: string) => {
    underway.delete(id);
    store.remove(id);
    if (underway.size === 0) for (const tell of idle) tell();
  };

  /** One attempt at one file. */
  const send = async (id: string, entry: OutboxEntry, file: OutboxFile, signal: AbortSignal) => {
    const files = await link.files(signal);
    const folder = await makeRemoteFolder(files, options.remoteRoot, file.subfolder);
    const local = { path: store.pathOf(id, file.data), size: file.size, sha256: file.sha256 };
    const part = `${folder}/${partName(file, file.filename)}`;
    const note = (state: OutboxFile['state']) => {
      file.state = state;
      store.save(id, entry);
    };
    if (file.state.kind === 'placing' && (await files.lstat(part)) === undefined) {
      // The answer to the naming was lost; it may have been carried out.
      const { filename } = file.state;
      if (await hasContent(files, `${folder}/${filename}`, local))
        return note({ kind: 'delivered', filename });
    }
    // A job that is delivered again finds its file in place.
    if (await hasContent(files, `${folder}/${file.filename}`, local))
      return note({ kind: 'delivered', filename: file.filename });
    await uploadPart(files, local, part, signal);
    signal.throwIfAborted();
    const filename = await nameUpload(files, folder, { part, file: local, name: file.filename }, (name) =>
      note({ kind: 'placing', filename: name }),
    );
    note({ kind: 'delivered', filename });
    if (filename !== file.filename)
      log.warn({ jobId: entry.jobId, filename }, 'the name was taken on the VPS by another file');
  };

  const sendUntilDone = async (it: Underway, file: OutboxFile) => {
    const { signal } = it.abort;
    for (let wait = pause.first; file.state.kind !== 'delivered'; wait = Math.min(wait * 2, pause.longest)) {
      try {
        await gate.run(() => send(it.id, it.entry, file, signal), signal);
      } catch (cause) {
        if (signal.aborted) return;
        const failure = toRemoteFailure(cause);
        const told = it.lastFailure?.message === failure.message;
        it.lastFailure = failure;
        log[told ? 'debug' : 'warn'](
          { jobId: it.entry.jobId, filename: file.filename, reason: failure.message, remedy: failure.remedy },
          'an output has not reached the VPS yet; it is kept and sent again',
        );
        // The link makes its own pauses while it is down, and knows when it is back.
        await rest(failure.kind === 'lost' ? pause.first : wait, signal);
      }
      if (signal.aborted) return;
    }
    store.removeData(it.id, file.data);
  };

  const start = (id: string, entry: OutboxEntry): Underway => {
    const abort = new AbortController();
    let finish = () => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const it: Underway = {
      id,
      entry,
      abort,
      done,
      work: Promise.resolve(),
      lastFailure: undefined,
      failure: () => it.lastFailure,
    };
    underway.set(id, it);
    it.work = (async () => {
      await Promise.all(entry.files.map((file) => sendUntilDone(it, file)));
      if (abort.signal.aborted) return;
      it.lastFailure = undefined;
      finish();
      if (!entry.owed) return;
      log.info(
        { jobId: entry.jobId, userId: entry.userId, files: entry.files.length },
        'late outputs delivered',
      );
      drop(id);
    })().catch((cause: unknown) => log.error({ err: cause, jobId: entry.jobId }, 'the outbox stumbled'));
    return it;
  };

  /** Removes the hidden beginnings on the VPS, if it is there just now. */
  const removeParts = async (entry: OutboxEntry) => {
    if (link.state().kind !== 'ready') return;
    const files = await link.files(AbortSignal.timeout(5000));
    for (const file of entry.files) {
      if (file.state.kind === 'delivered') continue;
      const folder = await makeRemoteFolder(files, options.remoteRoot, file.subfolder);
      await files.remove(`${folder}/${partName(file, file.filename)}`);
    }
  };

  const outbox: Outbox = {
    ship(id, entry) {
      for (const earlier of [...underway.values()]) {
        if (earlier.entry.jobId !== entry.jobId) continue;
        for (const file of entry.files) {
          const sent = earlier.entry.files.find((it) => it.state.kind !== 'waiting' && isSame(it, file));
          if (sent) file.state = sent.state;
        }
        earlier.abort.abort();
        drop(earlier.id);
      }
      store.save(id, entry);
      return start(id, entry);
    },
    owe(shipment) {
      shipment.entry.owed = true;
      // It may have been delivered at this very moment.
      if (shipment.entry.files.every((file) => file.state.kind === 'delivered')) drop(shipment.id);
      else store.save(shipment.id, shipment.entry);
    },
    forget: (shipment) => drop(shipment.id),
    discard(shipment) {
      const it = underway.get(shipment.id);
      drop(shipment.id);
      if (!it) return;
      it.abort.abort();
      void it.work.then(() => removeParts(it.entry)).catch(() => {});
    },
    backlog() {
      const waiting = [...underway.values()].flatMap(({ entry }) => {
        const files = entry.files.filter((file) => file.state.kind !== 'delivered').length;
        return files > 0 ? [files] : [];
      });
      return { jobs: waiting.length, files: waiting.reduce((sum, files) => sum + files, 0) };
    },
    async drained(signal) {
      if (underway.size === 0 || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const tell = () => {
          idle.delete(tell);
          resolve();
        };
        idle.add(tell);
        signal.addEventListener('abort', tell, { once: true });
      });
    },
    async close() {
      if (closed) return;
      closed = true;
      for (const it of underway.values()) it.abort.abort();
      await Promise.allSettled([...underway.values()].map((it) => it.work));
    },
  };

  for (const { id, entry } of store.load())
    if (entry.owed) start(id, entry);
    // Its job was not over when the agent ended: it is delivered anew, or its files no longer count.
    else store.remove(id);
  return outbox;
}

function isSame(a: OutboxFile, b: OutboxFile): boolean {
  return a.sha256 === b.sha256 && a.subfolder === b.subfolder && a.filename === b.filename;
}
