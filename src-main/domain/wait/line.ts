import type { Chance } from './chance.ts';
import type { JobTable } from './job-table.ts';
import type { QueueNow } from './queue-model.ts';

/**
 * Who is next, as the claim decides it (contract 1.5): by score, or the user who was served least. Jobs are rows of
 * the table. A job that somebody might submit now stands in line too, as NEW_JOB.
 */
export interface Line {
  /** Back to now, with new chance arrivals. */
  restart(chance: Chance): void;
  /** Takes the next row out at a time, ms from now; NOBODY when none is left. */
  take(at: number): number;
  /** A user's job has started, or ended: turns count it. Users are numbers of the table. */
  started(user: number): void;
  ended(user: number): void;
  /** Jobs of now, the new one included, that have not been taken. */
  readonly open: number;
}

export const NOBODY = -1;
export const NEW_JOB = -2;

/** More than this overtake nobody in a day; it bounds one run. */
const MOST_ARRIVALS = 150;
const NEW_PRIORITY = 2;

export function createLine(now: QueueNow, table: JobTable): Line {
  return now.mode === 'round_robin' || now.mode === 'fair'
    ? createTurns(now, table)
    : createScores(now, table);
}

/** Chance submissions in order of time, only as far as they are asked for; each is a row. */
function createArrivals({ arrivals }: QueueNow, table: JobTable, counts: (row: number) => boolean) {
  const all = table.rows - table.waiting;
  const rows = Array.from({ length: all }, (_, at) => table.waiting + at).filter(counts);
  const every = arrivals && rows.length > 0 ? (arrivals.everyMs * all) / rows.length : 0;
  let chance: Chance | undefined;
  let next = Number.POSITIVE_INFINITY;
  let come = 0;
  return {
    restart(from: Chance) {
      chance = from;
      come = 0;
      next = every > 0 ? -Math.log(from.uniform()) * every : Number.POSITIVE_INFINITY;
    },
    /** One that has come by then; NOBODY when there is none (left). */
    before(at: number): number {
      if (next > at || !chance) return NOBODY;
      come += 1;
      next = come < MOST_ARRIVALS ? next - Math.log(chance.uniform()) * every : Number.POSITIVE_INFINITY;
      return rows[Math.floor(chance.uniform() * rows.length)] ?? NOBODY;
    },
  };
}

/** fifo and priority: the lowest score. Later arrivals come behind, unless their priority is higher. */
function createScores(now: QueueNow, table: JobTable): Line {
  const count = table.waiting;
  const isBehind = (row: number) => now.waiting[row]?.behind ?? false;
  const rows = Array.from({ length: count }, (_, row) => row).filter((row) => !isBehind(row));
  // The new job goes before what has lower priority.
  const lower = rows.findIndex((row) => Number(table.priority[row]) > NEW_PRIORITY);
  const order = Int32Array.from(rows.toSpliced(lower < 0 ? rows.length : lower, 0, NEW_JOB));
  const priorityOf = (row: number) => table.priority[row] ?? NEW_PRIORITY;
  const lowest = rows.reduce((low, row) => Math.max(low, priorityOf(row)), NEW_PRIORITY);
  const arrivals = createArrivals(now, table, (row) => priorityOf(row) < lowest);
  const turn = now.waiting.findIndex(({ userId }) => userId === now.nextTurn);
  const behind = createBehind(
    table,
    Array.from({ length: count }, (_, row) => row).filter(isBehind),
    priorityOf,
  );
  let at = 0;
  let turnLeft = false;
  let overtaking: number[] = [];

  const overtaker = (time: number, than: number): number => {
    for (let row = arrivals.before(time); row !== NOBODY; row = arrivals.before(time)) overtaking.push(row);
    if (overtaking.length === 0) return NOBODY;
    const first = overtaking.reduce((best, row) => (priorityOf(row) < priorityOf(best) ? row : best));
    if (priorityOf(first) >= priorityOf(than)) return NOBODY;
    overtaking.splice(overtaking.indexOf(first), 1);
    return first;
  };

  return {
    restart(chance) {
      at = 0;
      turnLeft = turn >= 0;
      overtaking = [];
      behind.restart();
      arrivals.restart(chance);
    },
    take(time) {
      if (turnLeft) {
        turnLeft = false;
        behind.letIn(turn);
        return turn;
      }
      if (turn >= 0 && order[at] === turn) at += 1;
      const next = order[at];
      const letIn = behind.first();
      // Whoever was let in stands behind all of the same priority.
      const joined = letIn !== undefined && (next === undefined || priorityOf(letIn) < priorityOf(next));
      const row = joined ? letIn : next;
      if (row === undefined) return NOBODY;
      const ahead = overtaker(time, row);
      if (ahead !== NOBODY) return ahead;
      if (joined) behind.takeFirst();
      else at += 1;
      behind.letIn(row);
      return row;
    },
    started() {},
    ended() {},
    get open() {
      return order.length - at + behind.open;
    },
  };
}

/** Rows behind the line: the next one of a user joins its end when a job of theirs is taken. */
function createBehind(table: JobTable, rows: readonly number[], priorityOf: (row: number) => number) {
  const own = new Map<number, number[]>();
  for (const row of rows) {
    const user = table.user[row] ?? -1;
    own.set(user, [...(own.get(user) ?? []), row]);
  }
  const letInOf = new Map<number, number>();
  let joined: number[] = [];
  let open = rows.length;
  return {
    restart() {
      letInOf.clear();
      joined = [];
      open = rows.length;
    },
    letIn(taken: number) {
      if (rows.length === 0 || taken < 0) return;
      const user = table.user[taken] ?? -1;
      const count = letInOf.get(user) ?? 0;
      const row = own.get(user)?.[count];
      if (row === undefined) return;
      letInOf.set(user, count + 1);
      const after = joined.findLastIndex((each) => priorityOf(each) <= priorityOf(row));
      joined.splice(after + 1, 0, row);
    },
    first: () => joined[0],
    takeFirst() {
      joined.shift();
      open -= 1;
    },
    get open() {
      return open;
    },
  };
}

/** Place of nobody, behind all others. */
const NO_PLACE = 0x7fffffff;
/** More than any place. */
const RANK = 2 ** 32;

/** round_robin and fair: the first job of the user with the smallest count; ties to the one met first. */
function createTurns(now: QueueNow, table: JobTable): Line {
  const count = table.waiting;
  const fair = now.mode === 'fair';
  /** Who might submit: nobody in particular, served as often as most. */
  const somebody = table.users.length;
  const before = Float64Array.from(table.users, (user) => now.served.get(user) ?? 0);
  const usual = before.length === 0 ? 0 : (before.toSorted()[Math.floor(before.length / 2)] ?? 0);
  const own: number[][] = table.users.map(() => []);
  for (let row = 0; row < count; row += 1) own[table.user[row] ?? 0]?.push(row);
  const arrivals = createArrivals(now, table, () => true);
  const turn = now.nextTurn === null ? -1 : table.users.indexOf(now.nextTurn);

  const served = new Float64Array(somebody + 1);
  const taken = new Int32Array(somebody + 1);
  /** First row of each user that is not taken, and its place among all. */
  const heads = new Int32Array(somebody + 1);
  /** Times served and place of the head in one number, so that the least is next; infinite without a head. */
  const ranks = new Float64Array(somebody + 1);
  /** Later arrivals of each user, and where they stand in line. */
  const added: { row: number; place: number }[][] = table.users.map(() => []);
  let places = 0;
  let open = 0;
  let turnLeft = false;

  const rank = (user: number) => {
    const first = Number(taken[user]);
    const mine = own[user];
    let place = NO_PLACE;
    if (user === somebody) {
      heads[user] = NEW_JOB;
      if (first === 0) place = count;
    } else if (mine && first < mine.length) {
      place = mine[first] ?? NO_PLACE;
      heads[user] = place;
    } else {
      const late = added[user]?.[first - (mine?.length ?? 0)];
      heads[user] = late?.row ?? NOBODY;
      place = late?.place ?? NO_PLACE;
    }
    ranks[user] = place === NO_PLACE ? Number.POSITIVE_INFINITY : Number(served[user]) * RANK + place;
  };
  const takeFrom = (user: number): number => {
    const row = heads[user] ?? NOBODY;
    if (user === somebody || Number(taken[user]) < (own[user]?.length ?? 0)) open -= 1;
    taken[user] = Number(taken[user]) + 1;
    rank(user);
    return row;
  };
  const countOne = (user: number) => {
    served[user] = Number(served[user]) + 1;
    ranks[user] = Number(ranks[user]) + RANK;
  };

  return {
    restart(chance) {
      served.set(before);
      served[somebody] = usual;
      taken.fill(0);
      for (const late of added) late.length = 0;
      places = count + 1;
      open = count + 1;
      for (let user = 0; user <= somebody; user += 1) rank(user);
      turnLeft = turn >= 0;
      arrivals.restart(chance);
    },
    take(time) {
      for (let row = arrivals.before(time); row !== NOBODY; row = arrivals.before(time)) {
        const user = table.user[row] ?? 0;
        added[user]?.push({ row, place: places });
        places += 1;
        if (ranks[user] === Number.POSITIVE_INFINITY) rank(user);
      }
      if (turnLeft) {
        turnLeft = false;
        if (ranks[turn] !== Number.POSITIVE_INFINITY) return takeFrom(turn);
      }
      const user = leastOf(ranks);
      return user < 0 ? NOBODY : takeFrom(user);
    },
    started(user) {
      if (fair) countOne(user);
    },
    ended(user) {
      if (!fair) countOne(user);
    },
    get open() {
      return open;
    },
  };
}

/** Index of the least number; -1 when all are infinite. */
function leastOf(ranks: Float64Array): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at < ranks.length; at += 1) {
    const rank = Number(ranks[at]);
    if (rank < least) {
      best = at;
      least = rank;
    }
  }
  return best;
}
