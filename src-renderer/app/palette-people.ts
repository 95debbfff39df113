import type { JobSummary, QueueControl } from '../../src-main/api/types.ts';
import { compareNames, cut } from '../components/format.ts';

/** One person as the palette offers them. */
export interface PalettePerson {
  userId: string;
  /** "Ada (user004)": found by nickname and by id. */
  name: string;
  waiting: boolean;
  held: boolean;
  nextTurn: boolean;
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
  const waiting = new Set<string>();
  const known = new Set([...Object.keys(facts.nicknames), ...held]);
  for (const { userId, queue } of facts.jobs) {
    known.add(userId);
    if (queue === 'pending') waiting.add(userId);
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
        waiting: waiting.has(userId),
        held: held.has(userId),
        nextTurn: facts.control?.nextTurn === userId,
      };
    });
}
