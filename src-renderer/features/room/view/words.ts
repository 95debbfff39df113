import type { RoomKind, RoomMaking, RoomTurn, RoomView } from '../../../../src-main/api/types.ts';
import { ageText, clockText, countText, spanText } from '../../../components/format.ts';
import { peopleWords } from '../../../live/people-words.ts';

/** What the room reads. Times are local epoch ms. */

export const KIND_WORDS: Record<NonNullable<RoomKind>, string> = {
  image: 'image',
  video: 'video',
  sound: 'sound',
  '3d': '3D',
  text: 'text',
};

/** A picture this old is called old, ms: the queue is read every few seconds. */
const OLD_AFTER = 15_000;
/** So long may an agent be silent before its figures count as old, ms. */
const SILENT_AFTER = 30_000;

/**
 * How long until somebody's turn: "next", "9–14 min", or where there is less room "≈ 5 min" or "5" under a heading
 * that says minutes; "on hold"; empty when it is not known.
 */
export function turnText(turn: RoomTurn, now: number, form: 'range' | 'about' | 'short'): string {
  if (turn === null) return '';
  if (turn.kind === 'held') return form === 'short' ? 'hold' : 'on hold';
  const [from, middle, to] = [turn.from, turn.middle, turn.to].map((at) => Math.max(0, at - now) / 60_000);
  if (from === undefined || middle === undefined || to === undefined) return '';
  if (middle < 0.5) return 'next';
  const [low, high] = [Math.max(1, Math.floor(from)), Math.max(1, Math.ceil(to))];
  if (form === 'range' && low < high && high < 100) return `${low}–${high} min`;
  return form === 'short' ? minutesText(middle).replace(' min', '') : `≈ ${minutesText(middle)}`;
}

/** "5 min"; from an hour and a half on "1½ h". */
const minutesText = (minutes: number) =>
  minutes < 90
    ? `${Math.max(1, Math.round(minutes))} min`
    : `${(Math.round(minutes / 30) / 2).toString().replace('.5', '½')} h`;

/** "up to 18 min", or "to 18": when the last of those who have no row come; empty when it is not known. */
export function lastTurnText(lastTurnBy: number | null, now: number, form: 'about' | 'short'): string {
  if (lastTurnBy === null) return '';
  const text = minutesText(Math.max(0, lastTurnBy - now) / 60_000);
  return form === 'short' ? `to ${text.replace(' min', '')}` : `up to ${text}`;
}

/** "8 more artists". */
export function moreText(more: number, peopleWord: string): string {
  const { one, many } = peopleWords(peopleWord);
  return `${more} more ${more === 1 ? one : many}`;
}

/** "24 artists". */
export const waitingText = (waiting: number, peopleWord: string): string =>
  peopleWords(peopleWord).count(waiting);

/** How far a job is: "62 %", or in a word where that is not known. */
export function progressText({ fraction, phase }: RoomMaking): string {
  if (phase === 'finishing') return 'nearly done';
  if (phase === 'preparing') return 'starting';
  if (fraction === null) return 'in work';
  return `${Math.floor(fraction * 100)} %`;
}

/** When nothing was heard of a job for long: "last heard 2 min ago". */
export function silenceText({ heardAt }: RoomMaking, now: number): string | undefined {
  return heardAt === null || now - heardAt <= SILENT_AFTER
    ? undefined
    : `last heard ${spanText(now - heardAt)} ago`;
}

/** How fresh the picture is. Old ones keep their figures, greyed; held ones are so by the host's wish. */
export function freshness(
  picture: { knownAt: number | null; live: boolean; frozenAt: number | null },
  lost: boolean,
  now: number,
): { word: string; kind: 'live' | 'held' | 'old' } {
  const { knownAt, live, frozenAt } = picture;
  if (frozenAt !== null) return { word: `Held since ${clockText(frozenAt, now)}`, kind: 'held' };
  if (knownAt === null) return { word: 'Waiting for the workshop', kind: 'old' };
  if (live && !lost && now - knownAt <= OLD_AFTER) return { word: 'Live', kind: 'live' };
  return { word: `As of ${clockText(knownAt, now)}, ${ageText(knownAt, now) ?? 'just now'}`, kind: 'old' };
}

/** "1 warming up · 2 free", or that no machine takes jobs; empty when there is nothing to say. */
export function readinessText({ makingCount, noMachine, warming, free }: RoomView): string {
  // With nothing in the making it is said below, in large; else the tiles say since when.
  if (noMachine) return makingCount === 0 ? '' : 'no machine is ready';
  return [warming > 0 && `${warming} warming up`, free > 0 && `${free} free`].filter(Boolean).join(' · ');
}

/**
 * What stands where nothing is in the making.
 * @param old the picture is not of now, so that it promises nothing.
 */
export function emptyText(view: RoomView, old: boolean, now: number): string {
  const { knownAt, frozenAt, noMachine, paused, peopleWaiting, free, warming } = view;
  if (knownAt === null) return 'Not known yet.';
  if (noMachine) return `No machine is ready${heardText(noMachine, now)}.`;
  if (old) return 'Nothing when last seen.';
  if (paused) return 'Nothing at the moment: the queue is paused.';
  if (free > 0 && peopleWaiting === 0 && frozenAt === null)
    return 'Nothing at the moment. Send something: it starts at once.';
  return warming > 0 && free === 0 ? 'Nothing yet: the machines are warming up.' : 'Nothing at the moment.';
}

const heardText = ({ heardAt }: NonNullable<RoomView['noMachine']>, now: number) =>
  heardAt === null ? '' : `, last heard ${spanText(now - heardAt)} ago`;

/** "3 making · 14 waiting · 87 made today". */
export function countsText(making: number, counts: RoomView['counts']): string {
  if (!counts) return '';
  const { waiting, madeToday } = counts;
  return [
    `${making} making`,
    `${waiting} waiting`,
    madeToday !== null && `${countText(madeToday.count)}${madeToday.atLeast ? '+' : ''} made today`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** An address as people type it: without https:// and a last slash. */
export const addressText = (url: string): string => url.replace(/^https?:\/\//, '').replace(/\/$/, '');

/** What goes on during a break; empty where that is not known, or nothing does. */
export function breakGoesOn(
  { live, knownAt, noMachine, paused }: RoomView,
  lost: boolean,
  now: number,
): string {
  const known = live && !lost && knownAt !== null && now - knownAt <= OLD_AFTER;
  return known && !noMachine && !paused ? ' The machines go on.' : '';
}

/** Time left of a break: "in 5 minutes", "in a minute", "in less than a minute". */
export function breakText(until: number, now: number): string {
  if (until - now < 60_000) return 'in less than a minute';
  const minutes = Math.round((until - now) / 60_000);
  return minutes === 1 ? 'in a minute' : `in ${minutes} minutes`;
}

/** Characters that fit a line of the message, by the window's width in units; lines it takes, at most 2. */
export function messageLines(message: string, width: number): number {
  if (message === '') return 0;
  return message.length > (width - 180) / 22 ? 2 : 1;
}

/** A key for each, by name; names are not unique, so the second Anna is "Anna 2". */
export function withKeys<Item extends { name: string }>(
  items: readonly Item[],
): { key: string; item: Item }[] {
  const seen = new Map<string, number>();
  return items.map((item) => {
    const nth = (seen.get(item.name) ?? 0) + 1;
    seen.set(item.name, nth);
    return { key: `${item.name} ${nth}`, item };
  });
}
