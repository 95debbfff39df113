import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Largest size of a log file before it is turned over; one older file is kept beside it. */
const MAX_BYTES = 10 * 1024 * 1024;

/**
 * The file a server writes its output to by itself. No pipe through the agent: a server that outlives a killed agent
 * must not die of a broken pipe.
 */
export interface ServerLog {
  readonly path: string;
  /** A descriptor to hand to a new process; the caller closes it. */
  open(): number;
  /** Turns the file over when it has grown too large. Cheap enough for a timer. */
  rotate(): void;
  /** The last lines, oldest first, at most `count` and 4 KiB. */
  tail(count: number): string[];
}

export function serverLog(path: string): ServerLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  return {
    path,
    open: () => openSync(path, 'a', 0o640),
    rotate() {
      if (!existsSync(path) || statSync(path).size < MAX_BYTES) return;
      // The process appends (O_APPEND), so after the cut it goes on at the start of the same file.
      copyFileSync(path, `${path}.1`);
      truncateSync(path);
    },
    tail(count) {
      if (!existsSync(path)) return [];
      const file = openSync(path, 'r');
      try {
        const buffer = Buffer.alloc(4096);
        const start = Math.max(0, statSync(path).size - buffer.length);
        const length = readSync(file, buffer, 0, buffer.length, start);
        const lines = buffer.toString('utf8', 0, length).split(/\r?\n|\r/);
        if (start > 0) lines.shift();
        return lines.filter((line) => line.trim() !== '').slice(-count);
      } finally {
        closeSync(file);
      }
    },
  };
}
