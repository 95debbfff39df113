import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { build } from 'vite';
import { root } from './run-step.ts';

let built: Promise<string> | undefined;

/**
 * Builds the renderer as the product does, into test/artifacts. @returns the folder; the same for every caller. Under
 * `npm test` the product was built a moment ago, and every test file takes that.
 */
export function buildRenderer(): Promise<string> {
  const fresh = process.env.TEST_BUILT_RENDERER;
  if (fresh) return Promise.resolve(fresh);
  built ??= run();
  return built;
}

/** Removes what `buildRenderer` built for this process; the product's own build stays. */
export async function removeRenderer(folder: string): Promise<void> {
  if (folder !== process.env.TEST_BUILT_RENDERER)
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function run(): Promise<string> {
  const outDir = resolve(root, 'test/artifacts', `renderer-${process.pid}`);
  await build({
    configFile: false,
    root: resolve(root, 'src-renderer'),
    base: './',
    plugins: [react()],
    logLevel: 'error',
    build: {
      outDir,
      emptyOutDir: true,
      minify: true,
      chunkSizeWarningLimit: 2000,
      rolldownOptions: {
        input: ['index', 'room'].map((page) => resolve(root, `src-renderer/${page}.html`)),
      },
    },
  });
  return outDir;
}
