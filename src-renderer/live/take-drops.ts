/**
 * A file that is dropped on the window never replaces the page, which is what a browser does with it. Text that is
 * dragged into a field is left alone.
 * @param take what becomes of it; a part of the page that took it itself has prevented the default.
 * @returns a function that ends it.
 */
export function takeDrops(take?: (file: File) => void): () => void {
  const over = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    if (!event.defaultPrevented) event.dataTransfer.dropEffect = take ? 'copy' : 'none';
    event.preventDefault();
  };
  const drop = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    const [file] = event.defaultPrevented ? [] : event.dataTransfer.files;
    event.preventDefault();
    if (file) take?.(file);
  };
  window.addEventListener('dragover', over);
  window.addEventListener('drop', drop);
  return () => {
    window.removeEventListener('dragover', over);
    window.removeEventListener('drop', drop);
  };
}
