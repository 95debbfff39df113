/** Keeps a browser's display on while the room view is seen; where that is not possible, nothing happens. */
export function stayAwake(): void {
  const ask = () => {
    // The browser lets go of it whenever the page is hidden.
    if (document.visibilityState === 'visible') navigator.wakeLock?.request('screen').catch(() => {});
  };
  document.addEventListener('visibilitychange', ask);
  ask();
}
