import { useSyncExternalStore } from 'react';
import { type Measures, measure } from './layout.ts';

const subscribe = (listener: () => void) => {
  window.addEventListener('resize', listener);
  return () => window.removeEventListener('resize', listener);
};

/** The window in units; follows it when it changes. */
export function useMeasures(): Measures {
  const width = useSyncExternalStore(subscribe, () => window.innerWidth);
  const height = useSyncExternalStore(subscribe, () => window.innerHeight);
  return measure(width, height);
}
