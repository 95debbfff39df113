import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';

/** Dark (a dim room) or light; Mantine keeps the choice in this browser's or app's local storage. */
export function useLook(): { dark: boolean; toggle: () => void } {
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: false });
  const dark = useComputedColorScheme('dark') === 'dark';
  return { dark, toggle: () => setColorScheme(dark ? 'light' : 'dark') };
}
