import type { RoomState } from '../../src-main/api/types.ts';
import { cut } from '../components/format.ts';
import { liveStore } from './store.ts';

/** What people are called: the room by a nickname, the platform by a user id. */

export type Nicknames = Readonly<Record<string, string>>;

export const NO_NICKNAMES: Nicknames = {};

/** Empty for none. */
export function nicknameOf(room: Pick<RoomState, 'nicknames'> | null, userId: string): string {
  return room && Object.hasOwn(room.nicknames, userId) ? (room.nicknames[userId] ?? '') : '';
}

/** A person in a sentence: "Lynx (user004)", or the id alone. */
export function nameOf(userId: string): string {
  const nickname = nicknameOf(liveStore.getState().room, userId);
  return nickname === '' ? cut(userId, 40) : `${cut(nickname, 40)} (${cut(userId, 40)})`;
}
