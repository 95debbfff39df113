import { create } from 'zustand';

const useOpen = create<{ open: boolean }>(() => ({ open: false }));

/** Opens the dialog that takes the Redis password, from wherever. */
export const askRedisPassword = (): void => useOpen.setState({ open: true });
export const closeRedisPassword = (): void => useOpen.setState({ open: false });
export const useRedisPasswordOpen = (): boolean => useOpen(({ open }) => open);
