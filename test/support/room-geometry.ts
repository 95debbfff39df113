import type { Page } from 'playwright-core';

export interface RoomReading {
  /** What runs out of the window, out of its row or tile, or over something else; one sentence each. */
  faults: string[];
  /** Smallest font of a name, px; Infinity where there are none. */
  smallestName: number;
  /** Names that were cut, as they stand in the page. */
  cutNames: string[];
  names: number;
  /** Lowest contrast of any text with what is behind it, and that text. */
  lowestContrast: number;
  lowestText: string;
}

/** Measures the room view as it is drawn. */
export function readRoom(page: Page): Promise<RoomReading> {
  return page.evaluate(() => {
    const faults: string[] = [];
    const slack = 1;
    const main = document.querySelector('main');
    if (!main) throw new Error('there is no main');
    const words = (element: Element) => (element.textContent ?? '').slice(0, 40);
    const shown = (element: Element) => element.getClientRects().length > 0;

    const within = (inner: DOMRect, outer: DOMRect) =>
      inner.left >= outer.left - slack &&
      inner.right <= outer.right + slack &&
      inner.top >= outer.top - slack &&
      inner.bottom <= outer.bottom + slack;
    const viewport = new DOMRect(0, 0, innerWidth, innerHeight);
    const clipping = (element: Element) => getComputedStyle(element).overflowX === 'hidden';
    for (const element of main.querySelectorAll('*')) {
      if (!shown(element) || element.closest('svg')) continue;
      if (!within(element.getBoundingClientRect(), viewport))
        faults.push(`out of the window: ${element.tagName} ${words(element)}`);
    }
    for (const row of main.querySelectorAll('li')) {
      const box = row.getBoundingClientRect();
      let last: DOMRect | undefined;
      for (const part of row.querySelectorAll('span, b')) {
        if (!shown(part) || part.closest('[role="img"]') !== null || part.closest('[role="progressbar"]'))
          continue;
        const own = part.getBoundingClientRect();
        if (!within(own, box)) faults.push(`out of its row: ${words(part)} in ${words(row)}`);
        const sameLine = last && own.top < last.bottom - slack && last.top < own.bottom - slack;
        if (last && sameLine && own.left < last.right - slack)
          faults.push(`over its neighbour: ${words(part)}`);
        if (!clipping(part) && part.scrollWidth > part.clientWidth + slack && part.clientWidth > 0)
          faults.push(`text out of its box: ${words(part)}`);
        last = own;
      }
    }
    const blocks = [...main.querySelectorAll(':scope > *, section')].filter(shown);
    for (const [at, one] of blocks.entries())
      for (const other of blocks.slice(at + 1)) {
        if (one.contains(other) || other.contains(one)) continue;
        const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
        if (
          Math.min(a.right, b.right) - Math.max(a.left, b.left) > slack &&
          Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > slack
        )
          faults.push(`${one.tagName} and ${other.tagName} overlap`);
      }
    for (const section of main.querySelectorAll('section')) {
      const box = section.getBoundingClientRect();
      for (const item of section.querySelectorAll('li, p'))
        if (shown(item) && item.getBoundingClientRect().bottom > box.bottom + slack)
          faults.push(`below its section: ${words(item)}`);
    }

    const luminance = ([r, g, b]: number[]) => {
      const part = (value = 0) => {
        const share = value / 255;
        return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      };
      return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const colour = (text: string) => (text.match(/[\d.]+/g) ?? []).map(Number);
    const behind = (element: Element | null): number[] => {
      if (!element) return [0, 0, 0];
      const found = colour(getComputedStyle(element).backgroundColor);
      return found.length === 3 || found[3] === 1 ? found : behind(element.parentElement);
    };
    const opacityOf = (element: Element | null): number =>
      element ? Number(getComputedStyle(element).opacity) * opacityOf(element.parentElement) : 1;
    let lowestContrast = Number.POSITIVE_INFINITY;
    let lowestText = '';
    for (const element of main.querySelectorAll('*')) {
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
      if (!own || !shown(element) || getComputedStyle(element).clipPath !== 'none') continue;
      const back = behind(element);
      const opacity = opacityOf(element);
      const front = colour(getComputedStyle(element).color)
        .slice(0, 3)
        .map((value, at) => value * opacity + (back[at] ?? 0) * (1 - opacity));
      const [light = 0, dark = 0] = [luminance(front), luminance(back)].sort((a, b) => b - a);
      const contrast = (light + 0.05) / (dark + 0.05);
      if (contrast < lowestContrast) {
        lowestContrast = contrast;
        lowestText = words(element);
      }
    }

    const names = [...main.querySelectorAll('[data-name]')].filter(shown);
    return {
      faults,
      names: names.length,
      smallestName: Math.min(...names.map((name) => Number.parseFloat(getComputedStyle(name).fontSize))),
      cutNames: names.filter((name) => name.scrollWidth > name.clientWidth).map(words),
      lowestContrast,
      lowestText,
    };
  });
}
