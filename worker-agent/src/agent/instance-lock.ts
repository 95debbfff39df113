import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { WorkshopError } from '../contract/errors.ts';
import { startTicksOf } from '../runtime/pid-file.ts';

const lockSchema = z.object({ pid: z.number().int().positive(), startTicks: z.string() });

/** What an agent was started from, so that whoever deploys sees whether that is what should run. */
export interface StartedFrom {
  agent: string;
  envFile: string | null;
}

/**
 * Makes sure that one agent works with one state folder: two would take each other's jobs for their own.
 * @returns gives the folder free again.
 * @throws WorkshopError CONFIG when another agent has it, or when it cannot be written to.
 */
export function lockStateDir(stateDir: string, from?: StartedFrom): () => void {
  const path = lockFile(stateDir);
  const mine = JSON.stringify({ pid: process.pid, startTicks: startTicksOf(process.pid) ?? '', ...from });
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o750 });
    if (!create(path, mine)) {
      const other = livingHolder(path);
      if (other !== undefined)
        throw new WorkshopError(
          'CONFIG',
          `Another agent (process ${other}) already works with ${stateDir}.`,
          {
            remedy:
              'Stop it first, or give this one its own AGENT_STATE_DIR, AGENT_HOST_ID and WORKER_ID_PREFIX.',
          },
        );
      // Its holder was killed.
      rmSync(path, { force: true });
      create(path, mine);
    }
  } catch (cause) {
    if (cause instanceof WorkshopError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WorkshopError('CONFIG', `The state folder ${stateDir} cannot be used: ${why}.`, {
      remedy: 'Give AGENT_STATE_DIR a folder on a local disk that this user may write to.',
      cause,
    });
  }
  return () => rmSync(path, { force: true });
}

/** Process id of the agent that works with a state folder now, if one does. */
export function findRunningAgent(stateDir: string): number | undefined {
  return livingHolder(lockFile(stateDir));
}

function lockFile(stateDir: string): string {
  return join(stateDir, 'agent.lock');
}

function create(path: string, text: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o640);
    writeSync(file, text);
    closeSync(file);
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false;
    throw cause;
  }
}

function livingHolder(path: string): number | undefined {
  try {
    const { pid, startTicks } = lockSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    return pid !== process.pid && startTicksOf(pid) === startTicks ? pid : undefined;
  } catch {
    return undefined;
  }
}
