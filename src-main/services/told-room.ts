import type { RoomService } from '../api/roles.ts';

interface ToldRoomNeeds<Room> {
  room: Room;
  /** Adds a sentence to the story of the workshop. */
  note(message: string): Promise<void>;
}

/**
 * What a host sets for the room, told to the other consoles: each console keeps its own room view, so the other host
 * learns here that the room reads something that their own screen does not show.
 */
export function tellRoom<Room extends RoomService>({ room, note }: ToldRoomNeeds<Room>): Room {
  // It is done; a lost note changes nothing.
  const tell = (message: string) => void note(message).catch(() => {});
  return {
    ...room,
    async setMessage(input) {
      await room.setMessage(input);
      const text = input.message.trim();
      tell(text === '' ? 'Took the message for the room away.' : `Set the message for the room: “${text}”.`);
    },
    async setBreak(input) {
      await room.setBreak(input);
      const minutes = input.until === null ? 0 : Math.max(1, Math.round((input.until - Date.now()) / 60_000));
      tell(minutes === 0 ? 'Ended the break in the room.' : `Told the room of a break of ${minutes} min.`);
    },
    async setFrozen(input) {
      await room.setFrozen(input);
      tell(input.frozen ? 'Froze the room view.' : 'Let the room view go live again.');
    },
    async setBlank(input) {
      await room.setBlank(input);
      tell(input.blank ? 'Blanked the room view.' : 'Showed the room view again.');
    },
  };
}
