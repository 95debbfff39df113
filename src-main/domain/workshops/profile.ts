import { z } from 'zod';

/**
 * A workshop as this console keeps it: where its Redis, its VPS and its GPU hosts are. Holds no secret; the Redis
 * password is kept beside it by the settings store.
 */

const name = z.string().trim().min(1, 'give it a name').max(100, 'at most 100 characters');
const address = z
  .string()
  .trim()
  .max(255, 'at most 255 characters')
  .regex(/^[a-zA-Z0-9_.:%[\]-]+$/, 'give a host name or an IP address only');
const port = z.number().int().min(1).max(65_535);

/** How to log in to a machine; null: what ~/.ssh/config says, else this laptop's user name and port 22. */
const loginSchema = z.object({
  host: address,
  user: z
    .string()
    .trim()
    .regex(/^[a-zA-Z0-9_][a-zA-Z0-9_.@-]{0,63}$/, 'that is no user name')
    .nullable(),
  port: port.nullable(),
  keyFile: z.string().trim().min(1).max(1000).nullable(),
});

const providerIdSchema = z.enum(['verda', 'runpod', 'local', 'other']);

const gpuHostSchema = z.object({
  /** Part of file names and of the agent's host id. */
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'use small letters, digits and -'),
  name,
  provider: providerIdSchema,
  /** null for this computer. */
  login: loginSchema.nullable(),
});

export const profileSchema = z.object({
  id: z.string().regex(/^[a-zA-Z0-9-]{1,64}$/),
  name,
  /** null while it is not known, e.g. halfway through the setup. */
  redis: z
    .object({
      host: z.string().trim().min(1).max(255),
      port,
      tls: z.boolean(),
      through: z.enum(['direct', 'vps']),
    })
    .nullable(),
  vps: loginSchema.nullable(),
  gpuHosts: z
    .array(gpuHostSchema)
    .max(16)
    .refine((hosts) => new Set(hosts.map(({ id }) => id)).size === hosts.length, 'two GPU hosts have one id'),
  /** VRAM above which the console warns while the plan of the day names no other, MiB; null: as the agent has it. */
  guardMiB: z.number().int().min(1).max(10_000_000).nullable(),
  /** What the people are called: participants, students … */
  wording: z.object({ people: z.string().trim().min(1).max(30) }),
});

export type GpuHostProfile = z.infer<typeof gpuHostSchema>;
export type MachineLogin = z.infer<typeof loginSchema>;
export type WorkshopProfile = z.infer<typeof profileSchema>;

export function emptyProfile(id: string, name: string): WorkshopProfile {
  return { id, name, redis: null, vps: null, gpuHosts: [], guardMiB: null, wording: { people: 'people' } };
}

/** How a workshop stands in the list. */
export interface WorkshopListing {
  profile: WorkshopProfile;
  /** `kept`: it can be opened at once. `asked`: the password must be entered first. `none`: Redis needs none. */
  password: 'kept' | 'asked' | 'none';
}

export interface WorkshopsView {
  currentId: string | null;
  workshops: WorkshopListing[];
  /** Where passwords are kept on this computer. */
  secrets: { keychain: boolean; inFile: boolean; file: string };
}

const exportSchema = z.object({
  kind: z.literal('workshop-console-profile'),
  version: z.literal(1),
  workshop: profileSchema,
});

/** A workshop as a file to hand on; without secrets, and without the paths of this laptop's keys. */
export function exportProfile(profile: WorkshopProfile): string {
  const bare = <Login extends MachineLogin | null>(login: Login) => login && { ...login, keyFile: null };
  const workshop = {
    ...profile,
    vps: bare(profile.vps),
    gpuHosts: profile.gpuHosts.map((host) => ({ ...host, login: bare(host.login) })),
  };
  return `${JSON.stringify({ kind: 'workshop-console-profile', version: 1, workshop }, null, 2)}\n`;
}

/** @returns undefined when it is not such a file. Unknown members, among them any password, are dropped. */
export function importProfile(text: string): WorkshopProfile | undefined {
  try {
    return exportSchema.parse(JSON.parse(text)).workshop;
  } catch {
    return undefined;
  }
}
