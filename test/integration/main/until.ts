/** How long a condition may take, ms. */
const PATIENCE_MS = 40_000;

/** Waits until `look` gives something other than undefined or false; fails with `what` and the last look. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
}
