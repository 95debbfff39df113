import type { AgentEvent } from '../../src-main/api/types.ts';
import type { LiveState } from './store.ts';

/** Acts that are older than this are no news to somebody who has just opened the console, ms. */
const NEWS_MS = 30_000;

/** What other hosts did since, oldest first: acts on jobs, orders to workers, what they set for room and day. */
export function foreignActs(before: LiveState, state: LiveState, now: number): AgentEvent[] {
  const name = state.console?.name;
  if (state.events === before.events || name === undefined || state.redisAddress !== before.redisAddress)
    return [];
  const known = new Set(before.events.map(textOf));
  const redisNow = now + (state.clockOffsetMs ?? 0);
  return state.events
    .filter(
      (event) =>
        event.kind === 'host-act' &&
        event.by !== name &&
        !known.has(textOf(event)) &&
        redisNow - event.at < NEWS_MS,
    )
    .reverse();
}

/** Events bear no id; a new snapshot brings the same ones as other objects. */
const textOf = ({ at, by, message }: AgentEvent) => `${at} ${by} ${message}`;

type Later = (act: () => void, ms: number) => unknown;

/**
 * Tells acts so that they can be read: the first of a person at once, those that follow within `paceMs` together.
 * @param say shows one notice.
 */
export function createActTeller(
  say: (by: string, words: string) => void,
  { paceMs = 3000, later = (act, ms) => setTimeout(act, ms) }: { paceMs?: number; later?: Later } = {},
): (by: string, message: string) => void {
  const gathered = new Map<string, string[]>();
  const tell = (by: string, words: string) => {
    say(by, words);
    gathered.set(by, []);
    later(() => {
      const more = gathered.get(by) ?? [];
      gathered.delete(by);
      const last = more.at(-1);
      if (last === undefined) return;
      const others = more.length - 1;
      tell(by, others === 0 ? last : `${last} And ${others} more; Recent on the Stage lists them.`);
    }, paceMs);
  };
  return (by, message) => {
    const waiting = gathered.get(by);
    if (waiting) waiting.push(message);
    else tell(by, message);
  };
}
