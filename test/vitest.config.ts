import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = resolve(import.meta.dirname, '..');
const project = (name: string, more: object = {}) => ({
  test: { name, root, include: [`test/${name}/**/*.test.ts`, `test/${name}/**/*.test.tsx`], ...more },
});

/** On a loaded CI machine a deadline can pass for reasons that are not ours; what is broken stays broken when retried. */
const retry = process.env.CI ? 2 : 0;

export default defineConfig({
  test: {
    root,
    projects: [
      project('unit'),
      project('contract', { testTimeout: 60_000 }),
      project('integration', { retry, testTimeout: 60_000, hookTimeout: 60_000 }),
      project('faults', { retry, testTimeout: 600_000, hookTimeout: 60_000 }),
      project('e2e', { retry, testTimeout: 180_000, hookTimeout: 180_000 }),
    ],
  },
});
