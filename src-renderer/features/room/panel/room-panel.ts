import { create } from 'zustand';

const useOpen = create<{ open: boolean }>(() => ({ open: false }));

/** Opens the host's panel of the room view, from wherever. */
export const showRoomPanel = (): void => useOpen.setState({ open: true });
export const closeRoomPanel = (): void => useOpen.setState({ open: false });
export const useRoomPanelOpen = (): boolean => useOpen(({ open }) => open);
