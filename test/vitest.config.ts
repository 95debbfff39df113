import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = resolve(import.meta.dirname, '..');
const project = (name: string, more: object = {}) => ({
  test: { name, root, include: [`test/${name}/**/*.test.ts`, `test/${name}/**/*.test.tsx`], ...more },
});

/** On a loaded CI machine a deadline can pass for reasons that are not ours; what is broken stays broken when retried. */
const retry = process.env.CI ? 2 : 0;

/** Tests with real neighbours mostly wait for them: more of them than cores run at once, and browsers after them. */
const waiting = { maxWorkers: Math.max(5, availableParallelism()), sequence: { groupOrder: 1 } };
const browsers = { maxWorkers: Math.max(2, availableParallelism()), sequence: { groupOrder: 2 } };

export default defineConfig({
  test: {
    root,
    // As long as a look at a busy machine may take; what is broken stays broken.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      project('unit', { sequence: { groupOrder: 0 }, testTimeout: 30_000, hookTimeout: 30_000 }),
      project('contract', { ...waiting, testTimeout: 60_000 }),
      project('integration', { ...waiting, retry, testTimeout: 60_000, hookTimeout: 60_000 }),
      project('faults', { ...waiting, retry, testTimeout: 600_000, hookTimeout: 60_000 }),
      project('e2e', { ...browsers, retry, testTimeout: 180_000, hookTimeout: 180_000 }),
    ],
  },
});
