import { expect, test } from 'vitest';
import { z } from 'zod';
import { appRouter } from '../../../src-main/api/router.ts';
import { PALETTE_AUDIT } from '../../support/palette-audit.ts';

/** A procedure of tRPC, which is a function with a definition. */
const typed = z.custom<{ _def: { type: string } }>((value) => typeof value === 'function' && '_def' in value);

test('every act of the router is entered with the way the palette reaches it, and none is left over', () => {
  const procedures: Record<string, unknown> = appRouter._def.procedures;
  const mutations = Object.entries(procedures)
    .filter(([, procedure]) => typed.parse(procedure)._def.type === 'mutation')
    .map(([path]) => path);
  expect(Object.keys(PALETTE_AUDIT).sort()).toEqual(mutations.sort());
});

test('those that the palette does not reach are known, and become no more', () => {
  expect(
    Object.values(PALETTE_AUDIT).filter((entry) => typeof entry === 'string').length,
  ).toBeLessThanOrEqual(7);
});
