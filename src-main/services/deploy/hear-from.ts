import { setTimeout as sleep } from 'node:timers/promises';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { plainLine } from '../../domain/plain-line.ts';
import { ALIVE, LAST_WORDS } from './scripts.ts';
import type { Work } from './work.ts';

/** How long an agent may take to its first word, ms. */
const PATIENCE_MS = 60_000;
/** It is asked on the machine whether it lives, so often, ms. */
const ASK_MS = 4000;
const LOOK_MS = 100;
/** An older word does not count as alive, ms. */
const FRESH_MS = 45_000;

type Listening = Pick<Work, 'machine' | 'found' | 'ear' | 'hostId' | 'heardBefore' | 'signal' | 'say'>;

/**
 * Waits for the agent's first word in Redis.
 * @throws WorkshopError AGENT_SILENT with the last words of its log; REDIS_UNREACHABLE when this console is deaf.
 */
export async function hearFrom(work: Listening): Promise<void> {
  const { ear, hostId, heardBefore, signal, say } = work;
  const start = performance.now();
  let asked = start;
  let lastWords = '';
  while (performance.now() - start < PATIENCE_MS) {
    const heard = ear.heard(hostId);
    if (heard?.running && Date.now() - heard.at < FRESH_MS && heard.instance !== heardBefore) {
      say(`The agent reports: version ${heard.version}, ${heard.workers} workers.`);
      return;
    }
    if (performance.now() - asked > ASK_MS) {
      asked = performance.now();
      const pid = (await work.machine.run(ALIVE, [work.found.root], { looks: true })).stdout.trim();
      const said = (await wordsOf(work)).map(plainLine).at(-1);
      if (!pid && said && said !== lastWords) say(said);
      lastWords = said ?? lastWords;
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
  const deaf = ear.deaf();
  if (deaf)
    throw new WorkshopError(
      'REDIS_UNREACHABLE',
      `The agent was started, but this console cannot hear it: ${deaf.why}`,
      { remedy: deaf.remedy },
    );
  throw new WorkshopError(
    'AGENT_SILENT',
    `The agent was started, but did not report within ${PATIENCE_MS / 1000} s${lastWords ? `. Its last words: ${lastWords.slice(0, 300)}` : ''}.`,
    { remedy: 'Look at its log, correct what it names, then press again.' },
  );
}

/** The machine's own journal is for root's eyes. */
async function wordsOf({ machine, found }: Listening): Promise<string[]> {
  const args = [found.root, found.keeper];
  const ask = found.keeper === 'system' ? machine.runAsRoot : machine.run;
  return (await ask(LAST_WORDS, args, { looks: true })).stdout
    .split('\n')
    .filter((line) => line.trim() !== '');
}
