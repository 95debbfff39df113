let cached: number | undefined;
window.addEventListener('resize', () => {
  cached = undefined;
});

/** Size of one rem in px; big screens have a bigger one (global.css). Cached: asking the page costs a layout. */
export function remPx(): number {
  cached ??= Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  return cached;
}
