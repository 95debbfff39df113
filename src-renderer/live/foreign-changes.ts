import type { DesiredState, QueueControl } from '../../src-main/api/types.ts';
import { listText, plural } from '../components/format.ts';
import type { PeopleWords } from './people-words.ts';

/** What somebody else changed in what is wanted of a host, in words; empty when nothing that a person would notice. */
export function desiredChange(hostId: string, before: DesiredState, after: DesiredState): string[] {
  const words: string[] = [];
  if (before.workers !== after.workers)
    words.push(`${plural(after.workers, 'worker')} wanted on ${hostId}, was ${before.workers}.`);
  const drained = missing(after.drained, before.drained);
  const back = missing(before.drained, after.drained);
  if (drained.length > 0)
    words.push(`${listText(drained)} on ${hostId} ${drained.length === 1 ? 'is' : 'are'} drained.`);
  if (back.length > 0 && before.workers <= after.workers)
    words.push(`${listText(back)} on ${hostId} ${back.length === 1 ? 'takes' : 'take'} jobs again.`);
  return words;
}

const MODES = {
  fifo: 'first in, first out',
  priority: 'by priority',
  round_robin: 'in turns',
  fair: 'fair shares',
} as const;

/** What somebody else changed in the orders of the queue. A next turn that was served is nobody's change. */
export function controlChange(
  before: QueueControl | null,
  after: QueueControl,
  called: PeopleWords,
): string[] {
  const people = (ids: string[]) => peopleText(ids, called);
  const words: string[] = [];
  if ((before?.held ?? false) !== after.held)
    words.push(after.held ? 'The queue is held.' : 'The queue goes on.');
  if ((before?.mode ?? null) !== after.mode)
    words.push(
      after.mode === null
        ? "The order of the queue is the agents' own."
        : `The order of the queue is ${MODES[after.mode]}.`,
    );
  const held = missing(after.heldUsers, before?.heldUsers ?? []);
  const released = missing(before?.heldUsers ?? [], after.heldUsers);
  if (held.length > 0) words.push(`${people(held)} ${held.length === 1 ? 'is' : 'are'} held.`);
  if (released.length > 0) words.push(`${people(released)} ${released.length === 1 ? 'goes' : 'go'} on.`);
  if (after.nextTurn !== null && after.nextTurn !== (before?.nextTurn ?? null))
    words.push(`${after.nextTurn} has the next turn.`);
  const capped = changedLimits(before?.caps, after.caps);
  const everybody = after.caps?.everybody ?? null;
  if ((before?.caps?.everybody ?? null) !== everybody)
    words.push(
      everybody === null
        ? 'There is no limit for everybody any more.'
        : `Everybody runs at most ${plural(everybody, 'job')} at once.`,
    );
  if (capped.length > 0) words.push(`The limit of ${people(capped)} was changed.`);
  const line = after.lineCaps?.everybody ?? null;
  if ((before?.lineCaps?.everybody ?? null) !== line)
    words.push(
      line === null
        ? 'Everybody may have any number of jobs in line.'
        : `Everybody has at most ${plural(line, 'job')} in line.`,
    );
  const inLine = changedLimits(before?.lineCaps, after.lineCaps);
  if (inLine.length > 0) words.push(`The limit of ${people(inLine)} on jobs in line was changed.`);
  return words;
}

/** Whose own limit is another one now. */
function changedLimits(before: QueueControl['caps'], after: QueueControl['caps']): string[] {
  const [was, is] = [before?.users ?? {}, after?.users ?? {}];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((id) => was[id] !== is[id]);
}

/** Many names would fill the screen. */
function peopleText(ids: string[], { count }: PeopleWords): string {
  return ids.length <= 3 ? listText(ids) : count(ids.length);
}

function missing(from: readonly string[], there: readonly string[]): string[] {
  return from.filter((id) => !there.includes(id));
}
