import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { type Console, composeConsole, secretsInMemoryOnly } from '../../src-main/app/compose.ts';
import { startWebShell } from '../../src-main/shells/web/server.ts';
import { bundleAgent, describeAgent } from '../../worker-agent/build.ts';
import { openBrowser } from './browser.ts';
import { buildRenderer, removeRenderer } from './build-renderer.ts';
import { root } from './run-step.ts';

/** A whole console as a person has it: composed by the product, served by the web shell, open in a real browser. */
export interface ConsoleInBrowser {
  console: Console;
  context: BrowserContext;
  page: Page;
  /** All that this console and its laptop keep. */
  dir: string;
  /** Opens the console's page; the one-time address counts once. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param name of its folders, which are removed at the end.
 * @param options `laptop`: the home of this process is one of its own, so that nobody's known_hosts is written to;
 *   `agent`: it brings the agent as it is built now; `sources`: see ConsoleOptions.
 */
export async function openConsoleInBrowser(
  name: string,
  options: { laptop?: boolean; agent?: boolean; sources?: string } = {},
): Promise<ConsoleInBrowser> {
  const undo: (() => unknown)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const dir = await mkdtemp(join(tmpdir(), `${name}-e2e-`));
    undo.push(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
    if (options.laptop) {
      const before = process.env.HOME;
      process.env.HOME = join(dir, 'laptop');
      await mkdir(process.env.HOME);
      undo.push(() => {
        process.env.HOME = before;
      });
    }
    const agentFolders: string[] = [];
    if (options.agent) {
      const bundle = join(dir, 'agent/worker-agent.mjs');
      await bundleAgent(bundle);
      await describeAgent(bundle);
      agentFolders.push(join(dir, 'agent'));
      for (const part of ['worker-agent', 'compose']) agentFolders.push(resolve(root, 'resources', part));
    }
    const opened = await composeConsole({
      env: {},
      dir: join(dir, 'console'),
      secrets: secretsInMemoryOnly,
      agentFolders,
      ...(options.sources !== undefined && { sources: options.sources }),
    });
    undo.push(opened.close);
    const rendererDir = await buildRenderer();
    undo.push(() => removeRenderer(rendererDir));
    const shell = await startWebShell({ services: opened.services, rendererDir });
    undo.push(() => shell.close());
    const browser = await openBrowser();
    undo.push(() => browser.close());
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await mkdir(resolve(root, 'test/artifacts/screenshots'), { recursive: true });
    return {
      ...{ console: opened, context, page, dir, close },
      open: async () => void (await page.goto(shell.link())),
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}
