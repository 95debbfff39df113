import { useEffect, useRef } from 'react';
import { cut } from '../components/format.ts';
import { sayForeign } from '../components/notice.tsx';
import { createActTeller, foreignActs } from './foreign-acts.ts';
import { controlChange, desiredChange } from './foreign-changes.ts';
import { type PeopleWords, usePeopleWords } from './people-words.ts';
import { type LiveState, liveStore, noteForeign } from './store.ts';

/** An agent that writes the first state of its host is no person. */
const AGENT = /^agent on /;

/** Tells the host what another host has just changed. Stands once, in the shell. */
export function useOtherHosts(): void {
  const words = usePeopleWords();
  const called = useRef(words);
  called.current = words;
  useEffect(() => {
    const tellAct = createActTeller((by, words) => sayForeign(cut(by, 60), cut(words, 400), `acts/${by}`));
    return liveStore.subscribe((state, before) => {
      for (const { by, message } of foreignActs(before, state, Date.now())) tellAct(by, message);
      for (const { by, key, from, to, words } of foreignChanges(before, state, called.current)) {
        noteForeign(key, from, to, Date.now());
        if (words.length > 0) sayForeign(cut(by, 60), cut(words.join(' '), 400), key);
      }
    });
  }, []);
}

interface ForeignChange {
  by: string;
  /** As the keys of `noted`. */
  key: string;
  from: number | null;
  to: number;
  words: string[];
}

/** What others wrote between two states of the same workshop. */
export function foreignChanges(before: LiveState, state: LiveState, called: PeopleWords): ForeignChange[] {
  const same = before.known && state.redisAddress === before.redisAddress && state.name !== null;
  // Nothing was known to compare with before the first read of the queue.
  if (!same || before.queueAt === null) return [];
  const changes: ForeignChange[] = [];
  const isForeign = (by: string) => state.console !== null && by !== state.console.name && !AGENT.test(by);
  const { control } = state;
  if (
    control &&
    control !== before.control &&
    control.revision !== before.control?.revision &&
    isForeign(control.by)
  )
    changes.push({
      ...{ by: control.by, key: 'control', from: before.control?.revision ?? null, to: control.revision },
      words: controlChange(before.control, control, called),
    });
  if (state.hosts !== before.hosts)
    for (const [hostId, { desired }] of Object.entries(state.hosts)) {
      const old = before.hosts[hostId]?.desired;
      if (!desired || !old || desired.revision === old.revision || !isForeign(desired.by)) continue;
      changes.push({
        ...{ by: desired.by, key: `host:${hostId}`, from: old.revision, to: desired.revision },
        words: desiredChange(hostId, old, desired),
      });
    }
  return changes;
}
