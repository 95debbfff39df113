import type { RoomState } from '../../src-main/api/types.ts';
import { clockText } from '../components/format.ts';

/** Something that keeps the room from its usual picture. */
export interface RoomHold {
  kind: 'blank' | 'break' | 'join' | 'frozen';
  /** For a badge. */
  word: string;
  sentence: string;
  /** What ends it. */
  end: string;
}

/** What the room sees instead of its live picture, in the order in which it covers it; null for nothing. */
export function roomHold(room: RoomState | null, now: number): RoomHold | null {
  if (room === null) return null;
  const since = room.frozenAt === null ? '' : ` since ${clockText(room.frozenAt, now)}`;
  // Under another card it is forgotten most easily.
  const also = room.frozen ? ` · held${since}` : '';
  if (room.blank)
    return { kind: 'blank', word: 'blank', sentence: `Room view is blank${also}`, end: 'Show again' };
  if (room.breakUntil !== null && room.breakUntil > now) {
    const until = clockText(room.breakUntil, now);
    return { kind: 'break', word: 'break', sentence: `Room: back at ${until}${also}`, end: 'End break' };
  }
  if (room.join && room.url !== null)
    return {
      ...{ kind: 'join', word: 'join' },
      ...{ sentence: `Room view shows where to join${also}`, end: 'Show queue' },
    };
  if (room.frozen)
    return { kind: 'frozen', word: 'held', sentence: `Room view is held${since}`, end: 'Go live' };
  return null;
}
