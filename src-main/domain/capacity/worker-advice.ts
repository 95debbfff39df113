import type { HostStatus } from '../../../worker-agent/src/contract/host.ts';
import type { CapacitySettings } from './capacity-settings.ts';
import type { HostCapacity, WorkerAdvice } from './capacity-state.ts';
import { type Catalogue, workersForCard, workersForUsers } from './catalogue.ts';

/** One GPU host that is asked what it carries. */
export interface AdvisedHost {
  hostId: string;
  capacity: HostCapacity;
  /** Most that its agent may run; null = not known. */
  maxWorkers: HostStatus['maxWorkers'] | null;
}

/**
 * The guide's number for the workshop, no more than cards and memory carry, and where these workers go. Hosts whose
 * agents do not speak are left out. null before a plan was made.
 */
export function adviceOf(
  { preset, users }: Pick<CapacitySettings, 'preset' | 'users'>,
  catalogue: Catalogue,
  hosts: readonly AdvisedHost[],
): WorkerAdvice | null {
  const byPreset = catalogue.presets.find(({ id }) => id === preset)?.workers ?? null;
  const byUsers = users === null ? null : (workersForUsers(catalogue, users)?.workers ?? null);
  const counted = hosts
    .filter(({ capacity }) => capacity.word === 'now')
    .map((host) => carry(host, catalogue));
  // Clips need their memory whatever the number of people, so each host has its own; pictures share it.
  const perHost = Math.max(1, counted.length);
  const asked = preset === 'video' ? byPreset && byPreset * perHost : (byUsers ?? byPreset);
  if (asked === null) return null;
  const carried = sumOf(counted.map(({ most }) => most));
  const workers = Math.max(1, Math.min(asked, carried ?? asked));
  return {
    workers,
    spread: spread(workers, counted),
    leftOut: hosts
      .filter(({ capacity }) => capacity.word !== 'now')
      .map(({ hostId, capacity }) => ({ hostId, word: capacity.word })),
    ...{ byPreset, byUsers, carried },
    byCards: sumOf(counted.map(({ cards }) => cards)),
    byMemory: sumOf(counted.map(({ memory }) => memory)),
    reserve: counted.some(({ host }) =>
      host.capacity.counts.some(({ verdict, reserve }) => verdict === 'fits' && reserve),
    ),
  };
}

interface Carried {
  host: AdvisedHost;
  cards: number | null;
  memory: number | null;
  /** null = nothing of it is known. */
  most: number | null;
}

function carry(host: AdvisedHost, catalogue: Catalogue): Carried {
  const { totalMiB, cards: count, counts } = host.capacity;
  const cards = totalMiB === null ? null : Math.max(1, workersForCard(catalogue, totalMiB) ?? 1) * count;
  const memory =
    counts.length === 0
      ? null
      : Math.max(0, ...counts.map((one) => (one.verdict === 'fits' ? one.workers : 0)));
  const limits = [cards, memory, host.maxWorkers].filter((limit) => limit !== null);
  return { host, cards, memory, most: limits.length === 0 ? null : Math.min(...limits) };
}

/**
 * One after the other, each to the card with the fewest, then to the one that is filled least: cards work beside each
 * other, workers on one card share it. Hosts of which it is not known whether it fits come last.
 */
function spread(workers: number, hosts: readonly Carried[]): WorkerAdvice['spread'] {
  const given = hosts.map(({ host, most }) => ({ ...host, most, workers: 0 }));
  const under = (limit: (one: Given) => number | null) =>
    given.filter((one) => one.workers < (limit(one) ?? workers));
  for (let left = workers; left > 0; left -= 1) {
    const open = under(({ most }) => most);
    // The one worker that is always advised may be more than fits; beyond its agent's limit none can run.
    const [best] = (open.length > 0 ? open : under(({ maxWorkers }) => maxWorkers)).sort(byRoom);
    if (!best) break;
    best.workers += 1;
  }
  return given.map(({ hostId, workers: its }) => ({ hostId, workers: its }));
}

type Given = AdvisedHost & Pick<Carried, 'most'> & { workers: number };

function byRoom(a: Given, b: Given): number {
  const [fillA, fillB] = [fillOf(a), fillOf(b)];
  return (
    Number(fillA === null) - Number(fillB === null) ||
    perCard(a) - perCard(b) ||
    (fillA ?? 0) - (fillB ?? 0) ||
    (a.hostId < b.hostId ? -1 : 1)
  );
}

const perCard = ({ workers, capacity }: Given) => workers / Math.max(1, capacity.cards);

/** The share of a card below its guard that one worker more would fill; null where it is not known. */
function fillOf({ capacity, workers }: Given): number | null {
  const next = capacity.counts.find((one) => one.workers === workers + 1);
  const room = capacity.guardMiB ?? capacity.totalMiB;
  return next && room ? next.needMiB / room : null;
}

/** null where one of them is not known, or there are none. */
function sumOf(parts: readonly (number | null)[]): number | null {
  if (parts.length === 0 || parts.includes(null)) return null;
  return parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
}
