import type { RoomDisplay, RoomScreen } from '../../api/roles/room.ts';

/** What of Electron's display is needed here. */
export interface DisplayFacts {
  id: number;
  /** Empty where the system gives none. */
  label: string;
  bounds: { x: number; y: number; width: number; height: number };
  workArea: { x: number; y: number; width: number; height: number };
}

/** Where the room view goes. `window`: there is no display to fill without covering the console. */
export type RoomPlace =
  | { kind: 'full-screen'; display: DisplayFacts }
  | { kind: 'window'; display: DisplayFacts };

/**
 * Chooses the display: the one asked for, else the remembered one if it is there, else the first that is not the
 * primary one; the primary display gets a window, unless the host asked for it by name.
 */
export function chooseDisplay(
  displays: readonly DisplayFacts[],
  primary: DisplayFacts,
  remembered: RoomDisplay | null,
  askedId: string | null = null,
): RoomPlace {
  const asked = displays.find(({ id }) => String(id) === askedId);
  if (asked) return { kind: 'full-screen', display: asked };
  const others = displays.filter(({ id }) => id !== primary.id);
  const known = remembered && recognise(others, remembered);
  const display = known ?? others[0];
  return display ? { kind: 'full-screen', display } : { kind: 'window', display: primary };
}

/** The same id, or, since some systems number displays anew, the same name and size. */
export function recognise(
  displays: readonly DisplayFacts[],
  remembered: RoomDisplay,
): DisplayFacts | undefined {
  return (
    displays.find(({ id, label }) => String(id) === remembered.id && label === remembered.label) ??
    displays.find(
      ({ label, bounds }) =>
        label !== '' &&
        label === remembered.label &&
        bounds.width === remembered.width &&
        bounds.height === remembered.height,
    )
  );
}

export function describeDisplay({ id, label, bounds }: DisplayFacts): RoomDisplay {
  return { id: String(id), label, width: bounds.width, height: bounds.height };
}

/** The displays as the host chooses among them. */
export function screensOf(
  displays: readonly DisplayFacts[],
  primary: DisplayFacts,
  place: RoomPlace,
): RoomScreen[] {
  return displays.map((display, at) => ({
    id: String(display.id),
    name: `${display.label || `Display ${at + 1}`}, ${display.bounds.width} × ${display.bounds.height}`,
    primary: display.id === primary.id,
    chosen: place.kind === 'full-screen' && place.display.id === display.id,
  }));
}

/** A window on a display that is not to be covered: three quarters of it, in its middle. */
export function windowBounds({ workArea }: DisplayFacts): DisplayFacts['bounds'] {
  const width = Math.round(workArea.width * 0.75);
  const height = Math.round(Math.min(workArea.height * 0.8, (width * 9) / 16));
  return {
    x: workArea.x + Math.round((workArea.width - width) / 2),
    y: workArea.y + Math.round((workArea.height - height) / 2),
    width,
    height,
  };
}
