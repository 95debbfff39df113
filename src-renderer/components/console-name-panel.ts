import { create } from 'zustand';

const useOpen = create<{ open: boolean }>(() => ({ open: false }));

/** Opens the dialog with the name of this console, from wherever. */
export const showConsoleName = (): void => useOpen.setState({ open: true });
export const closeConsoleName = (): void => useOpen.setState({ open: false });
export const useConsoleNameOpen = (): boolean => useOpen(({ open }) => open);
