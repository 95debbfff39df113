import { PROTOCOL_VERSION } from '../../../worker-agent/src/contract/protocol.ts';
import type { DocumentShape, KeptShared, Stamped } from './shared-document.ts';
import { wishOf } from './wish.ts';

/** The next revision of a document, as it is written for everybody. @param at Redis time. */
export function stamped<Content>(
  content: Content,
  before: { revision: number } | null,
  at: number,
  by: string,
): Stamped<Content> {
  return { ...content, protocol: PROTOCOL_VERSION, revision: (before?.revision ?? 0) + 1, at, by };
}

/** What this computer knew and the others do not, as wishes: each holds where nobody else has said otherwise. */
export function ownOf<Content>(
  shape: DocumentShape<Content>,
  content: Content | undefined,
): KeptShared<Content> {
  const fresh = shape.entriesOf(shape.fresh());
  const all = content === undefined ? fresh : shape.entriesOf(content);
  const whole = wishOf('', fresh, fresh, all);
  return {
    shared: null,
    wishes: Object.entries(whole.entries).map(([key, entry]) => ({
      told: BROUGHT,
      entries: { [key]: entry },
    })),
  };
}

const BROUGHT = 'Brought along what this console knew of the workshop.';
