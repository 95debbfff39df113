import type { RoomView } from '../../domain/room/room-view.ts';

/** What came of an import of nicknames. */
export interface NicknamesReceipt {
  /** Users that have a nickname from this list now. */
  set: number;
  /** What was left out or looks odd, a sentence each. */
  problems: string[];
}

/**
 * What the room sees. Message, break, address, join card and nicknames are shared by all consoles of a workshop;
 * freezing and blanking are about this console's own projector.
 * All setters @throw WorkshopError WRONG_STATE before a workshop is set up, CONFIG when they cannot be kept, and those
 * of what is shared CONFLICT when another host changed the same meanwhile.
 */
export interface RoomService {
  /** The room's picture: at once, then whenever it changes, at most a few times a second. */
  view(signal: AbortSignal, backlogBytes?: () => number): AsyncIterable<RoomView>;
  setMessage(input: { message: string }): Promise<void>;
  /** `until`: local epoch ms; null ends the break. */
  setBreak(input: { until: number | null }): Promise<void>;
  setFrozen(input: { frozen: boolean }): Promise<void>;
  setBlank(input: { blank: boolean }): Promise<void>;
  /** Dark on white, for a bright room. */
  setLight(input: { light: boolean }): Promise<void>;
  setUrl(input: { url: string | null }): Promise<void>;
  /** The address and its QR code fill the screen. @throws WorkshopError WRONG_STATE without an address. */
  setJoin(input: { join: boolean }): Promise<void>;
  /** An empty nickname takes it away. */
  setNickname(input: { userId: string; nickname: string }): Promise<void>;
  /** Takes a CSV list; with `replace` the nicknames that are not in it go. */
  setNicknames(input: { csv: string; replace: boolean }): Promise<NicknamesReceipt>;
  /** All nicknames as a CSV file that `setNicknames` takes back. */
  nicknameTable(): Promise<{ fileName: string; text: string }>;
  /** Sets again what another host's change stood against when Redis came back. @throws WorkshopError as the setters. */
  applyAgain(): Promise<void>;
  /** The display that the room view was last put on, as the shell describes it; null for none. */
  display(): RoomDisplay | null;
  /** Remembers it; one that cannot be kept is known until the end of this process. */
  rememberDisplay(display: RoomDisplay): void;
}

/** A display as it is recognised when it comes back. */
export interface RoomDisplay {
  id: string;
  label: string;
  width: number;
  height: number;
}

/** A display to choose from. */
export interface RoomScreen {
  id: string;
  /** e.g. "EPSON PJ, 1920 × 1080". */
  name: string;
  primary: boolean;
  /** Where the room view opens if nothing else is asked for. */
  chosen: boolean;
}

/** Desktop: its window is open. Web shell: the page that may open it, with a read-only token. */
export type RoomOpened =
  | { kind: 'window'; screen: string; fullScreen: boolean }
  | { kind: 'link'; url: string };

/** How a shell shows the room view. */
export interface RoomDoor {
  open(screenId: string | null): Promise<RoomOpened>;
  /** Where it can be shown: displays to choose from (desktop), a link to copy (web shell). */
  where(): RoomPlaces;
}

export interface RoomPlaces {
  screens: RoomScreen[];
  link: string | null;
}
