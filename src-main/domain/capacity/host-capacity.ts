import { agentWord } from '../../../worker-agent/src/contract/agent-word.ts';
import type { Gpu } from '../../../worker-agent/src/contract/telemetry.ts';
import type { HostView, JobSummary } from '../workshop.ts';
import type { CapacitySettings } from './capacity-settings.ts';
import type { FitOfCount, HostCapacity, KindNeed } from './capacity-state.ts';
import { type Catalogue, modelOfKind } from './catalogue.ts';

/** The guide keeps an eighth of an H100 free: 70 of 80 GB. */
const USUAL_GUARD = 0.875;
/** Kinds that ended this long ago may well come again, ms. */
const RECENT_MS = 3_600_000;
const KINDS_TOLD = 8;
const COUNTS_TOLD = 16;
const MIB = 1024;

export interface CapacityInput {
  host: HostView;
  jobs: Iterable<JobSummary>;
  settings: CapacitySettings;
  /** The guard that the workshop was set up with; the hosts' plan of the day goes before it. null for none. */
  workshopGuardMiB: number | null;
  catalogue: Catalogue;
  /** Redis time, epoch ms. */
  redisNow: number;
  /** Whether Redis is reached, and the moment it holds for, local epoch ms. */
  reached: boolean;
  now: number;
}

/** What a host's cards can carry, by what was seen to be needed and else by the guide. Pure. */
export function hostCapacityOf(input: CapacityInput): HostCapacity {
  const { host, jobs, settings, workshopGuardMiB, catalogue, redisNow } = input;
  const status = host.status;
  const gpus = status?.gpus ?? [];
  const used = cardsInUse(host);
  const totals = gpus.filter(({ index }) => used.includes(index)).map(({ memoryTotalMiB }) => memoryTotalMiB);
  const known = totals.filter((total) => total !== null);
  const totalMiB = known.length === 0 ? null : Math.min(...known);
  const asked = askedGuard(host, settings, workshopGuardMiB);
  const guard = guardOf(asked, totalMiB);
  const { kinds, unknownKinds } = needsOf(host, recentKinds(jobs, redisNow), catalogue);
  const heaviest = kinds[0] ?? planned(settings, catalogue) ?? null;
  const held = used.map((index) => ({ index, ...heldByOthers(host, index) }));
  const told = held.flatMap(({ atLeast }) => atLeast ?? []);
  const othersUnknownOn = held.filter(({ atLeast }) => atLeast === null).map(({ index }) => index);
  const otherMiB = Math.max(0, ...told);
  const otherAtMost = Math.max(0, ...held.map(({ atMost }) => atMost ?? Number.POSITIVE_INFINITY));
  const most = Math.min(status?.maxWorkers ?? 0, COUNTS_TOLD);
  const counts =
    totalMiB === null || heaviest === null
      ? []
      : Array.from({ length: most }, (_, at): FitOfCount => {
          const workers = at + 1;
          const together = Math.ceil(workers / Math.max(1, used.length));
          const own = together * heaviest.needMiB;
          const verdictAt = (mib: number) =>
            mib > totalMiB ? 'over' : mib > (guard.mib ?? totalMiB) ? 'tight' : 'fits';
          const needMiB = Math.round(otherMiB + own);
          const verdict = verdictAt(needMiB);
          const reserve = othersUnknownOn.length > 0 && verdictAt(otherAtMost + own) !== verdict;
          return { workers, needMiB, verdict, reserve };
        });
  return {
    word: agentWord(host, input.reached, input.now),
    totalMiB,
    cards: used.length,
    guardMiB: guard.mib,
    guardFrom: guard.from,
    guardTooHighMiB: guard.tooHigh,
    cardGuards: guardsOf(asked, gpus),
    otherMiB: told.length === 0 ? null : Math.round(otherMiB),
    othersUnknownOn,
    heaviest,
    kinds: kinds.slice(0, KINDS_TOLD),
    unknownKinds: unknownKinds.slice(0, KINDS_TOLD),
    counts,
  };
}

/** Cards that workers were seen on where there are several and more than one worker tells; else all of them. */
function cardsInUse({ status }: HostView): number[] {
  const all = (status?.gpus ?? []).map(({ index }) => index);
  const told = (status?.workers ?? []).flatMap(({ gpuIndex }) => (gpuIndex === null ? [] : [gpuIndex]));
  const seen = [...new Set(told)].filter((index) => all.includes(index));
  return all.length > 1 && told.length > 1 && seen.length > 0 ? seen : all;
}

type Asked = { mib: number | null; from: HostCapacity['guardFrom'] };

/** The guard that somebody set, the nearest first; whoever set it may not have thought of these cards. */
function askedGuard(
  { id, status }: Pick<HostView, 'id' | 'status'>,
  { guards, guardMiB }: CapacitySettings,
  ofTheWorkshop: number | null,
): Asked {
  const own = Object.hasOwn(guards, id) ? guards[id] : undefined;
  if (own !== undefined) return { mib: own, from: 'own' };
  if (guardMiB !== null) return { mib: guardMiB, from: 'console' };
  if (ofTheWorkshop !== null) return { mib: ofTheWorkshop, from: 'workshop' };
  return { mib: status?.guardMiB ?? null, from: status?.guardMiB == null ? null : 'agent' };
}

const guardsOf = (asked: Asked, gpus: readonly Pick<Gpu, 'index' | 'memoryTotalMiB'>[]) =>
  gpus.map(({ index, memoryTotalMiB }) => ({ index, guardMiB: guardOf(asked, memoryTotalMiB).mib }));

/** The guard of each card of a host, also of cards that its agent has not told of. */
export function cardGuardsOf(
  {
    host,
    settings,
    workshopGuardMiB,
  }: Pick<CapacityInput, 'settings' | 'workshopGuardMiB'> & {
    host: Pick<HostView, 'id' | 'status'>;
  },
  gpus: readonly Gpu[],
): HostCapacity['cardGuards'] {
  return guardsOf(askedGuard(host, settings, workshopGuardMiB), gpus);
}

/** What holds for a card: a guard that it can never reach would never warn, so its usual share counts. */
function guardOf({ mib, from }: Asked, totalMiB: number | null): Asked & { tooHigh: number | null } {
  if (totalMiB === null || (mib !== null && mib < totalMiB)) return { mib, from, tooHigh: null };
  const share = totalMiB * USUAL_GUARD;
  const whole = Math.round(share / MIB) * MIB;
  return { mib: whole > 0 && whole < totalMiB ? whole : share, from: 'usual', tooHigh: mib };
}

/** What none of our workers holds on a card, MiB; null is not known. `atMost` is everything in use, where ours may be. */
function heldByOthers(
  { status, live }: HostView,
  index: number,
): { atLeast: number | null; atMost: number | null } {
  const gpu = (live?.gpus ?? status?.gpus ?? []).find((one) => one.index === index);
  if (gpu?.memoryUsedMiB == null) return { atLeast: null, atMost: null };
  const parts = (live?.vram ?? status?.vram ?? []).filter(({ gpuIndex }) => gpuIndex === index);
  // Where processes cannot be told apart, all of it may be our workers' own.
  if (parts.length === 0 && (status?.workers.length ?? 0) > 0)
    return { atLeast: null, atMost: gpu.memoryUsedMiB };
  const others = Math.max(0, gpu.memoryUsedMiB - parts.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0));
  return { atLeast: others, atMost: others };
}

function recentKinds(jobs: Iterable<JobSummary>, redisNow: number): Set<string> {
  const kinds = new Set<string>();
  for (const { queue, status, completedAt, kind } of jobs) {
    const active = queue === 'pending' || queue === 'running';
    const recent = status === 'completed' && completedAt !== null && redisNow - completedAt < RECENT_MS;
    if (active || recent) kinds.add(kind);
  }
  return kinds;
}

function needsOf(host: HostView, kinds: ReadonlySet<string>, catalogue: Catalogue) {
  const learned = new Map((host.status?.needs ?? []).map((need) => [need.kind, need]));
  const found: KindNeed[] = [];
  const unknownKinds: string[] = [];
  for (const kind of kinds) {
    const seen = learned.get(kind);
    const model = seen ? undefined : modelOfKind(catalogue, kind);
    if (seen) found.push({ kind, needMiB: seen.needMiB, basis: 'seen', runs: seen.runs });
    else if (model) found.push({ kind, needMiB: model.vramGB * MIB, basis: 'guide', runs: 0 });
    else unknownKinds.push(kind);
  }
  found.sort((a, b) => b.needMiB - a.needMiB || (a.kind < b.kind ? -1 : 1));
  return { kinds: found, unknownKinds: unknownKinds.sort() };
}

/** Before anything ran: the heaviest model of the preset that was chosen. */
function planned({ preset }: CapacitySettings, catalogue: Catalogue): KindNeed | undefined {
  const ids = catalogue.presets.find(({ id }) => id === preset)?.models ?? [];
  const models = catalogue.models.filter(({ id }) => ids.includes(id));
  const [heaviest] = models.sort((a, b) => b.vramGB - a.vramGB);
  return heaviest && { kind: heaviest.name, needMiB: heaviest.vramGB * MIB, basis: 'guide', runs: 0 };
}
