import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

export interface RotatingFileOptions {
  path: string;
  /** Size at which the file is turned over, in bytes. */
  maxBytes: number;
  /** Files kept, the current one included: `log`, `log.1`, `log.2` … */
  count: number;
}

/** A log file of bounded size with a bounded number of older ones beside it. */
export interface RotatingFile {
  /** Appends at once. A disk that is full or gone loses the line, never the process. */
  write(line: string): void;
  close(): void;
}

/** @throws when the file cannot be opened for the first time. */
export function openRotatingFile({ path, maxBytes, count }: RotatingFileOptions): RotatingFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  let file: number | undefined;
  let size = 0;
  const open = () => {
    file = openSync(path, 'a', 0o640);
    size = fstatSync(file).size;
  };
  const close = () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  const turnOver = () => {
    close();
    if (count < 2) rmSync(path, { force: true });
    for (let age = count - 1; age > 0; age -= 1) {
      const from = age === 1 ? path : `${path}.${age - 1}`;
      if (existsSync(from)) renameSync(from, `${path}.${age}`);
    }
    open();
  };
  open();
  return {
    write(line) {
      try {
        const bytes = Buffer.from(line);
        if (file === undefined) open();
        if (size > 0 && size + bytes.length > maxBytes) turnOver();
        if (file === undefined) return;
        size += writeSync(file, bytes);
      } catch {
        // The disk is full or gone. Opened anew at the next line, as it may be back by then.
        try {
          close();
        } catch {
          file = undefined;
        }
      }
    },
    close,
  };
}
