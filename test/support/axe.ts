import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Brings axe into a page past its own policy, as a debugger would; the page itself may run nothing from elsewhere. */
export async function bringAxe(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: source });
}

export interface AxeFinding {
  id: string;
  help: string;
  nodes: string[];
}

/** What axe finds in the page as it stands, all rules at their default. */
export async function axeFindings(page: Page): Promise<AxeFinding[]> {
  await atRest(page);
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.slice(0, 5).map(({ html }) => html.slice(0, 200)),
    }));
  });
}

/** Waits until nothing fades or slides any more: halfway, colours are those of neither end. */
async function atRest(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    await frame();
    const finite = document
      .getAnimations()
      .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(finite.map(({ finished }) => finished));
  });
  await page.waitForFunction(() => document.querySelector('button[data-loading]') === null);
}
