import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Locator, Page } from 'playwright-core';

const ARTIFACTS = resolve(import.meta.dirname, '../artifacts');

/** The console as a person finds their way in it: by roles and names, never by markup. */
export class StagePage {
  readonly page: Page;
  readonly hostId: string;
  /** What went wrong in the page itself. */
  readonly faults: string[] = [];

  constructor(page: Page, hostId: string) {
    this.page = page;
    this.hostId = hostId;
    page.on('pageerror', (error) => this.faults.push(error.message));
  }

  /** The verb bar's sentence. */
  get headline(): Locator {
    return this.page.getByRole('region', { name: 'State' }).getByRole('status').first();
  }

  get workshopName(): Locator {
    return this.page.getByRole('heading', { level: 1 });
  }

  async open(screen: 'Stage' | 'Jobs'): Promise<void> {
    await this.page
      .getByRole('navigation', { name: 'Screens' })
      .getByRole('button', { name: screen })
      .click();
    await this.page.getByRole('main', { name: screen }).waitFor();
  }

  /** A worker's card, in one of these states if given. */
  worker(id: string, ...states: string[]): Locator {
    const name = states.length === 0 ? new RegExp(`^${id},`) : new RegExp(`^${id}, (${states.join('|')})$`);
    return this.page.getByRole('article', { name });
  }

  panel(title: string | RegExp): Locator {
    return this.page.getByRole('region', { name: title });
  }

  /** The bar of VRAM, one item for each worker that holds some. */
  vramOf(worker: string): Locator {
    return this.page
      .getByRole('list', { name: 'VRAM by worker' })
      .getByRole('listitem')
      .filter({ hasText: worker });
  }

  /** GB that the bar shows for a worker; NaN if it shows no number. */
  async vramGigabytes(worker: string): Promise<number> {
    const text = (await this.vramOf(worker).textContent()) ?? '';
    return Number(/([\d.]+)\s*GB/.exec(text.replace(worker, ''))?.[1] ?? Number.NaN);
  }

  /** A figure of the queue panel; undefined while it shows the dash of the unknown. */
  async count(name: 'waiting' | 'running' | 'done' | 'failed'): Promise<number | undefined> {
    const text = await this.panel('Queue')
      .getByRole('button', { name: new RegExp(`${name}$`) })
      .textContent();
    const digits = (text ?? '').replaceAll(/[^\d]/g, '');
    return digits === '' ? undefined : Number(digits);
  }

  get stepper(): Locator {
    return this.page.getByRole('group', { name: `Workers wanted on ${this.hostId}` });
  }

  async oneWorkerMore(): Promise<void> {
    await this.stepper.getByRole('button', { name: `One worker more on ${this.hostId}` }).click();
  }

  async oneWorkerFewer(): Promise<void> {
    await this.stepper.getByRole('button', { name: `One worker fewer on ${this.hostId}` }).click();
  }

  async drainMenu(entry: string): Promise<void> {
    await this.page.getByRole('button', { name: 'Drain…' }).click();
    await this.page.getByRole('menuitem', { name: entry, exact: true }).click();
  }

  async press(button: string): Promise<void> {
    await this.page.getByRole('button', { name: button, exact: true }).click();
  }

  /** A notice with this text. */
  notice(text: string | RegExp): Locator {
    return this.page.getByRole('alert').filter({ hasText: text });
  }

  linkChip(name: string): Locator {
    return this.page.getByRole('list', { name: 'Links' }).getByRole('listitem').filter({ hasText: name });
  }

  /** Rows of the Jobs screen after a search. */
  async searchJobs(text: string): Promise<void> {
    await this.page.getByRole('textbox', { name: 'Search jobs' }).fill(text);
  }

  jobRow(user: string): Locator {
    return this.page.getByRole('grid', { name: 'Jobs' }).getByRole('row').filter({ hasText: user });
  }

  async jobMenu(user: string, entry: string): Promise<void> {
    await this.page.getByRole('button', { name: `Actions for the job of ${user}` }).click();
    await this.page.getByRole('menuitem', { name: entry, exact: true }).click();
  }

  /** Saves a picture of the window for those who read the test's results. */
  async picture(name: string): Promise<void> {
    mkdirSync(ARTIFACTS, { recursive: true });
    await this.page.screenshot({ path: join(ARTIFACTS, `${name}.png`) });
  }
}
