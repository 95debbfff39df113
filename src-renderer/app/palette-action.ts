/** One entry of the palette. */
export interface PaletteAction {
  id: string;
  label: string;
  description?: string | undefined;
  act: () => void;
}
