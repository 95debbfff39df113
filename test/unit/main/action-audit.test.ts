import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { appRouter } from '../../../src-main/api/router.ts';
import { ACTION_AUDIT } from '../../support/action-audit.ts';

const procedures = Object.keys(appRouter._def.procedures).sort();

test('every procedure is entered in the audit with the browser test that presses it, and none is left over', () => {
  expect(Object.keys(ACTION_AUDIT).sort()).toEqual(procedures);
});

test('those without a browser test are known, and become no more', () => {
  const owed = Object.keys(ACTION_AUDIT).filter((name) => typeof ACTION_AUDIT[name] === 'string');
  expect(owed.length).toBeLessThanOrEqual(6);
});

test.each(Object.entries(ACTION_AUDIT))('the test of %s exists', (_, entry) => {
  if (typeof entry === 'string') return expect(entry).not.toBe('');
  const text = readFileSync(resolve(import.meta.dirname, '../../e2e', `${entry.file}.test.ts`), 'utf8');
  expect(text.includes(`test('${entry.test}'`), `${entry.file}: ${entry.test}`).toBe(true);
});
