import { type Caps, capOf } from '../../../worker-agent/src/contract/desired.ts';
import type { JobTable } from './job-table.ts';
import { type Line, NOBODY } from './line.ts';

/** Nobody may start now, but somebody will when a running job ends. */
export const LATER = -3;

/**
 * A line in which nobody runs more jobs at once than their cap allows (contract/desired.ts): whoever is at it is passed
 * over and goes before the others once a job of theirs has ended. `running` holds the users (numbers of the table) of
 * jobs that run now on workers that take more.
 */
export function capLine(line: Line, table: JobTable, caps: Caps, running: readonly number[]): Line {
  const limits = Float64Array.from(table.users, (user) => capOf(caps, user) ?? Number.POSITIVE_INFINITY);
  const counts = new Int32Array(table.users.length);
  let passed: number[] = [];

  const isFull = (row: number) => {
    const user = row < 0 ? -1 : (table.user[row] ?? -1);
    return user >= 0 && Number(counts[user]) >= Number(limits[user]);
  };

  return {
    restart(chance) {
      line.restart(chance);
      passed = [];
      counts.fill(0);
      for (const user of running) if (user >= 0) counts[user] = Number(counts[user]) + 1;
    },
    take(at) {
      const first = passed.findIndex((row) => !isFull(row));
      const [free] = first < 0 ? [] : passed.splice(first, 1);
      if (free !== undefined) return free;
      for (let row = line.take(at); row !== NOBODY; row = line.take(at)) {
        if (!isFull(row)) return row;
        passed.push(row);
      }
      return passed.length > 0 ? LATER : NOBODY;
    },
    started(user) {
      if (user >= 0) counts[user] = Number(counts[user]) + 1;
      line.started(user);
    },
    ended(user) {
      if (user >= 0) counts[user] = Math.max(0, Number(counts[user]) - 1);
      line.ended(user);
    },
    get open() {
      return line.open + passed.filter((row) => row < table.waiting).length;
    },
  };
}
