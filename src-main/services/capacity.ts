import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { CapacityService } from '../api/roles.ts';
import { capacityOf } from '../domain/capacity/capacity.ts';
import { type CapacitySettings, freshCapacitySettings } from '../domain/capacity/capacity-settings.ts';
import type { CapacityState } from '../domain/capacity/capacity-state.ts';
import type { Catalogue } from '../domain/capacity/catalogue.ts';
import type { WorkshopSnapshot } from '../domain/workshop.ts';

/** How often it is worked out anew, ms. */
const EVERY_MS = 2000;

export interface CapacityNeeds {
  catalogue: Catalogue;
  store: {
    load(workshop: string): Promise<CapacitySettings | undefined>;
    save(workshop: string, value: CapacitySettings): Promise<void>;
  };
  now(): Readonly<WorkshopSnapshot>;
  /** Tells every console window. */
  publish(state: CapacityState | null): void;
  everyMs?: number;
}

export interface CapacityKeeper extends CapacityService {
  /** Another workshop is current, by its Redis address; null for none. */
  turnTo(workshop: string | null): void;
  /** What is known now; null without a workshop. */
  state(): CapacityState | null;
  close(): void;
}

/** Keeps what the host entered for a workshop, and works out what fits and what it costs. */
export function createCapacityService(needs: CapacityNeeds): CapacityKeeper {
  const { catalogue, store, now, publish } = needs;
  let workshop: string | null = null;
  let settings = freshCapacitySettings();
  let state: CapacityState | null = null;

  const look = () => {
    if (workshop === null) return;
    state = capacityOf(now(), settings, catalogue, Date.now());
    publish(state);
  };
  const timer = setInterval(look, needs.everyMs ?? EVERY_MS).unref();

  const set = async (change: Partial<CapacitySettings>) => {
    if (workshop === null)
      throw new WorkshopError('WRONG_STATE', 'No workshop is set up yet.', {
        remedy: 'Enter the Redis address of the workshop first.',
      });
    settings = { ...settings, ...change };
    look();
    await store.save(workshop, settings);
  };

  return {
    catalogue: () => catalogue,
    setPlan: (plan) => set(plan),
    setGuard: ({ guardMiB }) => set({ guardMiB }),
    setRental: async ({ rental }) => {
      if (rental?.endsAt != null && rental.endsAt <= rental.startedAt)
        throw new WorkshopError('BAD_INPUT', 'The rental must end after it begins.');
      await set({ rental });
    },
    turnTo(next) {
      workshop = next;
      settings = freshCapacitySettings();
      state = null;
      if (next === null) return publish(null);
      look();
      void store.load(next).then((kept) => {
        // The host may have turned elsewhere, or been faster than the disk.
        if (workshop !== next || !kept) return;
        settings = { ...kept };
        look();
      });
    },
    state: () => state,
    close: () => clearInterval(timer),
  };
}
