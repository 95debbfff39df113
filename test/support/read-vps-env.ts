import type { Locator, Page } from 'playwright-core';

/** On Setup, finds the platform's .env on the VPS and opens its review. @returns the panel in which it stands. */
export async function readVpsEnv(page: Page): Promise<Locator> {
  const env = page.getByRole('region', { name: 'The .env of the VPS' });
  await env.getByRole('button', { name: 'Look for it on the VPS' }).click();
  await env
    .getByRole('list', { name: 'Files found on the VPS' })
    .getByRole('button', { name: 'Read it' })
    .click();
  return env;
}
