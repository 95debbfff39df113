import { readdir, readFile } from 'node:fs/promises';
import { WorkshopError } from '../contract/errors.ts';
import type { AgentConfig } from './config.ts';

/**
 * Finds the platform's own worker.py on this machine, in containers too where /proc shows them. It would claim jobs
 * beside the agent and lose them (contract 2.2, 8.23).
 */
export async function findPlatformWorkers(proc = '/proc'): Promise<number[]> {
  const names = await readdir(proc).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map(async (pid) => {
        const words = (await readFile(`${proc}/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
        const isPython = /(^|\/)python[\d.]*$/.test(words[0] ?? '');
        const script = words.slice(1).find((word) => word !== '' && !word.startsWith('-'));
        return isPython && script !== undefined && /(^|\/)worker\.py$/.test(script) ? Number(pid) : undefined;
      }),
  );
  return found.filter((pid) => pid !== undefined);
}

/** What is wrong about it, with the way out. */
export function platformWorkerError(pids: readonly number[]): WorkshopError {
  return new WorkshopError(
    'CONFIG',
    `The platform's own worker.py runs on this machine (process ${pids.join(', ')}); it takes jobs from the same queue and loses them.`,
    {
      remedy:
        'Look this machine over on the console’s Hosts screen, which stops it where it runs in a container; or there: docker stop comfy-worker-1. To run beside it all the same, set ALLOW_PLATFORM_WORKER=true.',
    },
  );
}

/** Whether the agent must not start beside it. With containers each worker refuses by itself, and the console shows why. */
export function mustRefuse(
  config: Pick<AgentConfig, 'allowPlatformWorker'> & { runtime: Pick<AgentConfig['runtime'], 'kind'> },
  pids: readonly number[],
): boolean {
  return pids.length > 0 && !config.allowPlatformWorker && config.runtime.kind !== 'compose';
}
