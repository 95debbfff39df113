import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { CapacityService } from '../api/roles/capacity.ts';
import { capacityOf } from '../domain/capacity/capacity.ts';
import type { CapacitySettings, Rental } from '../domain/capacity/capacity-settings.ts';
import type { CapacityState } from '../domain/capacity/capacity-state.ts';
import type { Catalogue } from '../domain/capacity/catalogue.ts';
import { type PlanContent, planShape, priceText } from '../domain/capacity/plan-content.ts';
import { firstHost, machinesOf, rentalsOf } from '../domain/capacity/rental.ts';
import type { WorkshopSnapshot } from '../domain/workshop.ts';
import type { SharedDocument } from './shared-document.ts';

/** How often it is worked out anew, ms. */
const EVERY_MS = 2000;

export interface CapacityNeeds {
  catalogue: Catalogue;
  /** What the hosts agreed on for the day. */
  plan: Pick<SharedDocument<PlanContent>, 'content' | 'mark' | 'change' | 'applyAgain'>;
  /** The guard that the workshop was set up with; it holds while the plan names none. */
  workshopGuardMiB?(): number | null;
  /** What the workshop calls its people; the plain word where it is absent. */
  people?(): string;
  now(): Readonly<WorkshopSnapshot>;
  /** Tells every console window. */
  publish(state: CapacityState | null): void;
  everyMs?: number;
}

export interface CapacityKeeper extends CapacityService {
  /** Another workshop is current, or none. The plan is turned by whoever keeps it. */
  turnTo(current: boolean): void;
  /** The plan is another one now. */
  planChanged(): void;
  /** What is known now; null without a workshop. */
  state(): CapacityState | null;
  close(): void;
}

/** Works out what fits and what it costs, by what the hosts of a workshop entered. */
export function createCapacityService(needs: CapacityNeeds): CapacityKeeper {
  const { catalogue, plan, now, publish } = needs;
  let current = false;
  let state: CapacityState | null = null;

  const look = () => {
    if (!current) return;
    const { rules: _, ...settings } = plan.content() ?? planShape.fresh();
    state = {
      ...capacityOf(now(), settings, catalogue, Date.now(), needs.workshopGuardMiB?.() ?? null),
      shared: plan.mark(),
    };
    publish(state);
  };
  const timer = setInterval(look, needs.everyMs ?? EVERY_MS).unref();

  const set = (told: string, change: Partial<CapacitySettings>) =>
    plan.change(told, (content) => ({ ...content, ...change }));

  return {
    catalogue: () => catalogue,
    setPlan: ({ preset, users }) =>
      set(planned(preset, users, needs.people?.() ?? 'people'), { preset, users }),
    setGuard: ({ hostId, guardMiB }) => {
      const text = guardMiB === null ? '' : `${Math.round(guardMiB / 1024)} GB`;
      if (hostId === null)
        return set(
          guardMiB === null ? "Set the guard back to the agent's own." : `Set the guard to ${text}.`,
          { guardMiB },
        );
      return plan.change(
        guardMiB === null
          ? `Took the own guard of ${hostId} away.`
          : `Set the guard of ${hostId} to ${text}.`,
        (content) => ({ ...content, guards: withEntry(content.guards, hostId, guardMiB) }),
      );
    },
    setRental: async ({ hostId, rental }) => {
      if (rental?.endsAt != null && rental.endsAt <= rental.startedAt)
        throw new WorkshopError('BAD_INPUT', 'The rental must end after it begins.');
      const hostIds = Object.keys(now().hosts);
      const target = hostId ?? firstHost(hostIds);
      const machines = machinesOf(state?.rentals ?? [], [...hostIds, ...(target === null ? [] : [target])]);
      const whose = machines > 1 ? ` of ${target}` : '';
      await plan.change(
        rental === null
          ? `Took the rental${whose} away.`
          : `Set the rental${whose} to ${priceText(rental)}${until(rental)}.`,
        (content) => {
          if (target === null) return { ...content, rental };
          // What was entered for all hosts together is the first one's from now on.
          const rentals = Object.fromEntries(
            rentalsOf(content, hostIds).flatMap((one) =>
              one.hostId === null ? [] : [[one.hostId, one.rental]],
            ),
          );
          return { ...content, rental: null, rentals: withEntry(rentals, target, rental) };
        },
      );
    },
    applyAgain: () => plan.applyAgain(),
    turnTo(next) {
      current = next;
      state = null;
      if (!next) return publish(null);
      look();
    },
    planChanged: look,
    state: () => state,
    close: () => clearInterval(timer),
  };
}

/** @param value null takes it away. */
function withEntry<Value>(
  all: Readonly<Record<string, Value>>,
  key: string,
  value: Value | null,
): Record<string, Value> {
  const { [key]: _, ...others } = all;
  return value === null ? others : { ...others, [key]: value };
}

/** ", ending 1 Mar 18:00"; empty without an end. */
function until({ endsAt }: Rental): string {
  if (endsAt === null) return '';
  const end = new Date(endsAt);
  const day = end.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  return `, ending ${day} ${end.toTimeString().slice(0, 5)}`;
}

/** "Planned for video with 20 people." */
function planned(preset: CapacitySettings['preset'], users: number | null, people: string): string {
  const what = preset === null ? null : preset === 'image' ? 'pictures' : 'video';
  const alone = users === 1 && people === 'people';
  const who = users === null ? null : alone ? '1 person' : `${users} ${people}`;
  if (what === null && who === null) return 'Took the plan away.';
  return `Planned for ${[what, who].filter(Boolean).join(' with ')}.`;
}
