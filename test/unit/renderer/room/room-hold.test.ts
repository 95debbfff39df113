import { expect, test } from 'vitest';
import { freshRoom, type RoomState } from '../../../../src-main/domain/room/room-state.ts';
import { roomHold } from '../../../../src-renderer/live/room-hold.ts';

const now = new Date(2026, 2, 1, 14, 45).getTime();
const at = (hour: number, minute: number) => new Date(2026, 2, 1, hour, minute).getTime();
const hold = (change: Partial<RoomState>) => roomHold({ ...freshRoom(), ...change }, now);

test('says what the room sees instead of the live picture, since when, and what ends it', () => {
  const frozen = { frozen: true, frozenAt: at(14, 2) };
  expect(roomHold(null, now)).toBeNull();
  expect(hold({ message: 'Lunch', url: 'https://film.example.org' })).toBeNull();
  expect(hold(frozen)).toEqual({
    ...{ kind: 'frozen', word: 'held', sentence: 'Room view is held since 14:02', end: 'Go live' },
  });
  expect(hold({ frozen: true, frozenAt: null })?.sentence).toBe('Room view is held');
  expect(hold({ breakUntil: at(14, 50) })).toMatchObject({
    sentence: 'Room: back at 14:50',
    end: 'End break',
  });
  expect(hold({ breakUntil: at(14, 40) })).toBeNull();
  expect(hold({ join: true, url: 'https://film.example.org' })?.kind).toBe('join');
  // What covers it comes first, and what is beneath is not forgotten.
  expect(hold({ ...frozen, blank: true, breakUntil: at(14, 50) })).toMatchObject({
    ...{ kind: 'blank', sentence: 'Room view is blank · held since 14:02' },
  });
});
