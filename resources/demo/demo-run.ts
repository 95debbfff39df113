import { setTimeout as wait } from 'node:timers/promises';
import type { DemoWorkshop } from './demo-workshop.ts';
import type { JobAudit } from './job-audit.ts';

/** Life time without any job settled after which a run counts as stuck, ms. */
const STUCK_MS = 600_000;

/**
 * Waits until nobody submits any more and every submission is settled. Gives up when nothing moves for a long time, so
 * that the audit can say what is stuck.
 * @param speed times faster than life.
 */
export async function waitUntilSettled(workshop: DemoWorkshop, speed: number): Promise<void> {
  const { crowd } = workshop;
  let finished = false;
  void crowd.finished.finally(() => {
    finished = true;
  });
  let last = '';
  let movedAt = Date.now();
  for (;;) {
    const open = await crowd.open().catch(() => undefined);
    if (finished && open === 0) return;
    const now = `${crowd.ledger.size}/${open}`;
    if (now !== last) {
      last = now;
      movedAt = Date.now();
    } else if (Date.now() - movedAt > Math.max(60_000, STUCK_MS / speed)) return;
    await wait(250);
  }
}

/** Every job ended, each exactly once, and the platform could read all that was said. */
export function isFlawless(audit: JobAudit): boolean {
  return (
    audit.lost.length +
      audit.settledTwice.length +
      audit.unreadableUpdates.length +
      audit.waiting +
      audit.running ===
    0
  );
}

/** One line of figures, and one line for each thing that is wrong. */
export function formatSummary(audit: JobAudit): string {
  const { submitted, completed, failed, cancelled, waiting, running, lost, settledTwice } = audit;
  const open = waiting + running > 0 ? `, still waiting ${waiting}, still running ${running}` : '';
  const figures =
    `Summary: submitted ${submitted}, completed ${completed}, failed ${failed}, cancelled ${cancelled}, ` +
    `lost ${lost.length}, settled twice ${settledTwice.length}${open}`;
  return [
    figures,
    ...lost.map((line) => `  lost: ${line}`),
    ...audit.unreadableUpdates.map((line) => `  unreadable message on queue:updates: ${line.slice(0, 200)}`),
    ...settledTwice.map((line) => `  settled twice: ${line}`),
  ].join('\n');
}
