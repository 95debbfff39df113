import type { JobSummary, QueueControl } from '../../src-main/api/types.ts';
import { capOf } from '../../worker-agent/src/contract/desired.ts';
import { compareNames, cut } from '../components/format.ts';

/** One person as the palette offers them. */
export interface PalettePerson {
  userId: string;
  /** "Ada (user004)": found by nickname and by id. */
  name: string;
  /** Jobs that wait. */
  waiting: number;
  /** Has jobs that wait or run. */
  active: boolean;
  held: boolean;
  nextTurn: boolean;
  /** Their own limit on running jobs; null for none. */
  ownCap: number | null;
}

/** Beyond these the palette would be slow to type in; everybody stands on the People screen. */
const MOST = 120;
/** What would turn or break the rest of an entry's line. */
const UNRULY = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const clean = (text: string, most: number) => cut(text.replace(UNRULY, ''), most);

/** Who has jobs, a nickname or is held, those who wait first; at most 120. */
export function palettePeople(facts: {
  jobs: Iterable<JobSummary>;
  nicknames: Readonly<Record<string, string>>;
  control: QueueControl | null;
}): PalettePerson[] {
  const held = new Set(facts.control?.heldUsers);
  const waiting = new Map<string, number>();
  const running = new Set<string>();
  const known = new Set([...Object.keys(facts.nicknames), ...held]);
  for (const { userId, queue } of facts.jobs) {
    known.add(userId);
    if (queue === 'pending') waiting.set(userId, (waiting.get(userId) ?? 0) + 1);
    if (queue === 'running') running.add(userId);
  }
  known.delete('');
  const order = (userId: string) => (waiting.has(userId) || held.has(userId) ? 0 : 1);
  return [...known]
    .sort((a, b) => order(a) - order(b) || compareNames(a.slice(0, 200), b.slice(0, 200)))
    .slice(0, MOST)
    .map((userId) => {
      const nickname = Object.hasOwn(facts.nicknames, userId) ? clean(facts.nicknames[userId] ?? '', 40) : '';
      const id = clean(userId, 40);
      return {
        userId,
        name: nickname === '' ? id : `${nickname} (${id})`,
        waiting: waiting.get(userId) ?? 0,
        active: waiting.has(userId) || running.has(userId),
        held: held.has(userId),
        nextTurn: facts.control?.nextTurn === userId,
        ownCap: capOf({ everybody: null, users: facts.control?.caps?.users ?? {} }, userId),
      };
    });
}
