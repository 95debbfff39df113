import { create } from 'zustand';

const useOpen = create<{ open: boolean }>(() => ({ open: false }));

/** Opens the panel of alerts, from wherever. */
export const showAlerts = (): void => useOpen.setState({ open: true });
export const closeAlerts = (): void => useOpen.setState({ open: false });
export const useAlertsOpen = (): boolean => useOpen(({ open }) => open);
