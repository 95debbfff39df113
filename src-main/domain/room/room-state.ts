/** Longest message line, in characters: two lines on a projector. */
export const MESSAGE_MAX = 140;
/** Nicknames kept. */
export const NICKNAMES_MAX = 1000;

/** What the host set for the room view of one workshop. */
export interface RoomState {
  /** A line for everybody; empty for none. */
  message: string;
  /** A break until then, local epoch ms; null for none. One that is over counts as none. */
  breakUntil: number | null;
  /** The picture stays as it was; message, break and blank still count. */
  frozen: boolean;
  /** Nothing is shown. */
  blank: boolean;
  /** Where participants open the workshop in a browser; null when it is not to be shown. */
  url: string | null;
  /** That address fills the screen, with its QR code. It needs a `url`. */
  join: boolean;
  /** Nickname by user id. */
  nicknames: Record<string, string>;
}

export function freshRoom(): RoomState {
  return {
    message: '',
    breakUntil: null,
    frozen: false,
    blank: false,
    url: null,
    join: false,
    nicknames: {},
  };
}
