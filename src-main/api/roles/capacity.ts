import type { CapacitySettings } from '../../domain/capacity/capacity-settings.ts';
import type { Catalogue } from '../../domain/capacity/catalogue.ts';

/** What fits and what it costs, as far as the host has a say. Setters @throw WorkshopError. */
export interface CapacityService {
  catalogue(): Catalogue;
  setPlan(input: Pick<CapacitySettings, 'preset' | 'users'>): Promise<void>;
  /** @param input.hostId null: for every host without its own. */
  setGuard(input: Pick<CapacitySettings, 'guardMiB'> & { hostId: string | null }): Promise<void>;
  /** @param input.hostId null: the first host's, or whichever comes first. */
  setRental(input: Pick<CapacitySettings, 'rental'> & { hostId: string | null }): Promise<void>;
  /** Sets again what another host's change stood against when Redis came back, of the plan and the alert rules. */
  applyAgain(): Promise<void>;
}
