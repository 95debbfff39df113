import { machinesIn } from '../domain/hosts/machine-view.ts';
import type { WorkshopWays } from '../domain/hosts/workshop-ways.ts';
import type { WorkshopProfile } from '../domain/workshops/profile.ts';
import type { WorkshopSettings } from '../services/settings.ts';

/** How the workshop that is watched is reached. @param profile null where it was given from outside. */
export function waysOf(
  settings: WorkshopSettings | undefined,
  profile: WorkshopProfile | null,
): WorkshopWays {
  return {
    redis: settings ? { host: settings.host, through: settings.through ?? 'direct' } : null,
    logins: machinesIn(profile).map(({ target: { id, name, host } }) => ({ id, name, host })),
    saved: profile !== null,
  };
}
