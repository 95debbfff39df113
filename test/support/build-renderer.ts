import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { build } from 'vite';
import { root } from './run-step.ts';

let built: Promise<string> | undefined;

/** Builds the renderer as the product does, into test/artifacts. @returns the folder; the same for every caller. */
export function buildRenderer(): Promise<string> {
  built ??= run();
  return built;
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
