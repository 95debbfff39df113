import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';

const path = (relative: string) => resolve(import.meta.dirname, relative);

export default defineConfig({
  main: {
    build: {
      // Electron 45 embeds Node 24; the web shell runs on the pinned Node 24 as well.
      target: 'node24',
      outDir: path('out/main'),
      rolldownOptions: {
        input: {
          electron: path('src-main/shells/electron/main.ts'),
          web: path('src-main/shells/web/main.ts'),
        },
      },
    },
  },
  preload: {
    build: {
      target: 'node24',
      outDir: path('out/preload'),
      // A sandboxed preload can require nothing but electron, so all else is bundled, as CommonJS.
      externalizeDeps: false,
      rolldownOptions: {
        input: { index: path('src-preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: path('src-renderer'),
    plugins: [react()],
    build: {
      minify: true,
      chunkSizeWarningLimit: 1500,
      outDir: path('out/renderer'),
      rolldownOptions: {
        input: { index: path('src-renderer/index.html'), room: path('src-renderer/room.html') },
      },
    },
  },
});
