import type { DocumentShape, KeptShared, Stamped } from '../../src-main/domain/shared/shared-document.ts';
import type { SharedStore } from '../../src-main/services/roles.ts';
import { createSharedDocument, type SharedDocument } from '../../src-main/services/shared-document.ts';

/** Redis for one document: nothing but its compare-and-set. */
export function memoryStore<Content>(): SharedStore<Stamped<Content>> & { stands: Stamped<Content> | null } {
  return {
    stands: null,
    time: async () => Date.now(),
    async read() {
      return this.stands;
    },
    async write(next) {
      const current = this.stands;
      if ((current?.revision ?? 0) !== next.revision - 1) return { kind: 'conflict', current };
      this.stands = next;
      return { kind: 'written', revision: next.revision };
    },
  };
}

/** The product's own shared document, over a store in memory that nobody else writes. */
export function memoryDocument<Content>(
  shape: DocumentShape<Content>,
  changed: () => void,
): SharedDocument<Content> {
  const store = memoryStore<Content>();
  let kept: KeptShared<Content> | undefined;
  return createSharedDocument({
    shape,
    kept: {
      load: async () => kept,
      save: async (_, value) => {
        kept = value;
      },
    },
    before: async () => undefined,
    store: () => store,
    by: () => 'this console',
    note: async () => {},
    changed,
  });
}
