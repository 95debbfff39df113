const LOOK = 'data-mantine-color-scheme';

/** Turns the page to the light look, for paper. @returns what turns it back. */
export function onPaper(): () => void {
  const root = document.documentElement;
  const before = root.getAttribute(LOOK);
  root.setAttribute(LOOK, 'light');
  return () => {
    if (before !== null) root.setAttribute(LOOK, before);
  };
}

let restore: (() => void) | undefined;
window.addEventListener('beforeprint', () => {
  restore = onPaper();
});
window.addEventListener('afterprint', () => restore?.());
