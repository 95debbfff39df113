/**
 * Stands in for nvidia-smi on a machine without a GPU: answers for fictional H100 cards from the files that the
 * ComfyUI doubles keep about their VRAM. The card folders come from the environment:
 * `WORKSHOP_CARDS_DIR` (one folder `gpu0`, `gpu1` … per card) and `WORKSHOP_CARDS` (how many, default 1).
 */
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { answer } from './answers.ts';
import { parseArguments } from './arguments.ts';
import { readGpuFault } from './faults.ts';

const root = process.env.WORKSHOP_CARDS_DIR;
if (!root) {
  console.error('set WORKSHOP_CARDS_DIR to the folder in which the ComfyUI doubles write their VRAM files');
  process.exit(1);
}
const cardCount = Math.max(1, Number(process.env.WORKSHOP_CARDS ?? 1) || 1);

const parsed = parseArguments(process.argv.slice(2));
if (parsed.kind === 'refused') {
  process.stdout.write(parsed.text);
  process.exitCode = parsed.exitCode;
} else await serve(root, parsed.query.loopMs);

async function serve(cards: string, loopMs: number | undefined): Promise<void> {
  if (parsed.kind !== 'query') return;
  // A reader that went away ends the loop, as it ends the real one.
  process.stdout.on('error', () => process.exit(0));
  const parent = process.ppid;
  let query = parsed.query;
  for (let due = Date.now(); ; ) {
    const fault = readGpuFault(cards);
    if (fault.kind === 'slow') await wait(fault.ms);
    const { text, exitCode } = answer(query, cards, cardCount);
    process.stdout.write(text);
    // A loop prints its header once.
    if (query.kind !== 'list') query = { ...query, header: false };
    if (loopMs === undefined || exitCode !== 0) {
      process.exitCode = exitCode;
      return;
    }
    due = Math.max(due + loopMs, Date.now());
    await wait(due - Date.now());
    // Nobody left to read, or the demo was cleaned up: without this a killed agent would leave the loop behind.
    if (process.ppid !== parent || !existsSync(cards)) return;
  }
}
