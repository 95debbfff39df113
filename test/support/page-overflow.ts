import type { Page } from 'playwright-core';

/**
 * What stands out of the window to the right, or scrolls sideways though nothing should: each as a selector-like name
 * with how many px. What a box of its own clips or scrolls is its matter.
 */
export function overflowOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const nameOf = (element: Element) => {
      const words = (element.textContent ?? '').trim().slice(0, 30);
      return `${element.tagName.toLowerCase()}.${String(element.getAttribute('class') ?? '').split(' ')[0]} “${words}”`;
    };
    const held = (element: Element) => {
      let inside = element;
      // What is fixed to the window is clipped by no box around it.
      while (getComputedStyle(inside).position !== 'fixed' && inside.parentElement !== null) {
        inside = inside.parentElement;
        const { overflowX } = getComputedStyle(inside);
        if (overflowX !== 'visible' && inside.getBoundingClientRect().right <= width + 1) return true;
      }
      return false;
    };
    const found: string[] = [];
    const scroller = document.scrollingElement;
    if (scroller && scroller.scrollWidth > scroller.clientWidth + 1)
      found.push(`the page by ${scroller.scrollWidth - scroller.clientWidth} px`);
    for (const main of document.querySelectorAll('main'))
      if (main.scrollWidth > main.clientWidth + 1)
        found.push(`main by ${main.scrollWidth - main.clientWidth} px`);
    for (const element of document.body.querySelectorAll('*')) {
      const box = element.getBoundingClientRect();
      if (box.width === 0 || box.right <= width + 1 || held(element)) continue;
      found.push(`${nameOf(element)} by ${Math.round(box.right - width)} px`);
    }
    return found.slice(0, 10);
  });
}
