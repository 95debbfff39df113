import { writeSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import { toWorkshopError, WorkshopError } from '../contract/errors.ts';
import type { LogConfig } from './config.ts';
import { openRotatingFile, type RotatingFile } from './rotating-file.ts';
import type { Scrub } from './secrets.ts';

/** The agent's log, which may change its level, its file and its secrets while it is written. */
export interface AgentLog {
  readonly logger: Logger;
  /** Also opens the log file anew, so that somebody else may have moved it away. @throws WorkshopError CONFIG. */
  change(config: LogConfig, scrub: Scrub): void;
}

/**
 * JSON lines on standard output or in a file of bounded size. Whatever is named like a secret is masked, and the
 * secrets themselves are taken out of every line, whoever wrote them.
 * @throws WorkshopError CONFIG when the log file cannot be written to.
 */
export function createLog(config: LogConfig, scrub: Scrub): AgentLog {
  let clean = scrub;
  let file = openFile(config);
  const names = [
    'password',
    'redisPassword',
    'REDIS_PASSWORD',
    'privateKey',
    'passphrase',
    'token',
    'secret',
  ];
  const logger = pino(
    {
      level: config.level,
      base: { pid: process.pid },
      redact: { paths: names.flatMap((name) => [name, `*.${name}`]), censor: '[hidden]' },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    {
      // Synchronous: a killed agent has said all it had to say, and there are few lines.
      write(line: string) {
        const text = clean(line);
        if (file) file.write(text);
        else writeToStdout(text);
      },
    },
  );
  return {
    logger,
    change(next, nextScrub) {
      const opened = openFile(next);
      file?.close();
      file = opened;
      clean = nextScrub;
      logger.level = next.level;
    },
  };
}

function openFile({ file, maxBytes, count }: LogConfig): RotatingFile | undefined {
  if (file === null) return undefined;
  try {
    return openRotatingFile({ path: file, maxBytes, count });
  } catch (cause) {
    throw new WorkshopError(
      'CONFIG',
      `LOG_FILE ${file} cannot be written: ${toWorkshopError(cause).message}.`,
      {
        remedy: 'Give a file in a folder that this user may write to, or leave LOG_FILE out.',
        cause,
      },
    );
  }
}

function writeToStdout(text: string): void {
  try {
    writeSync(1, text);
  } catch {
    // Whoever read the log went away, or is too slow for a pipe; the jobs go on.
  }
}
