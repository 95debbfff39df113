import { z } from 'zod';
import { emptyProfile, profileSchema } from './profile.ts';

/** A password as it lies in the settings: sealed by the keychain, not kept (ask), or there is none. */
const passwordSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('sealed'), text: z.string() }),
  /** Kept in a file of its own, because the person chose so. */
  z.object({ kind: z.literal('file') }),
  z.object({ kind: z.literal('asked') }),
]);

const currentSchema = z.object({
  version: z.literal(2),
  currentId: z.string().nullable(),
  /** The person chose to keep passwords in a file where there is no keychain. */
  secretsInFile: z.boolean(),
  workshops: z.array(z.object({ profile: profileSchema, password: passwordSchema })).max(200),
});

/** The first version knew one workshop, and of it only its Redis. */
const firstSchema = z.object({
  version: z.literal(1),
  workshop: z
    .object({
      name: z.string().min(1).max(100),
      redis: z.object({
        host: z.string().min(1).max(255),
        port: z.number().int().min(1).max(65_535),
        tls: z.boolean(),
      }),
      sealedPassword: z.string().nullable(),
    })
    .nullable(),
});

export type StoredWorkshops = z.infer<typeof currentSchema>;
export type StoredPassword = z.infer<typeof passwordSchema>;

export const NOTHING_STORED: StoredWorkshops = {
  version: 2,
  currentId: null,
  secretsInFile: false,
  workshops: [],
};

/** @returns undefined when it is no settings file of any version. */
export function readStored(text: string): StoredWorkshops | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  const now = currentSchema.safeParse(data);
  if (now.success) return now.data;
  const first = firstSchema.safeParse(data);
  if (!first.success) return undefined;
  const { workshop } = first.data;
  if (!workshop) return NOTHING_STORED;
  const profile = {
    ...emptyProfile('first', workshop.name),
    redis: { ...workshop.redis, through: 'direct' as const },
  };
  // The first version did not tell "has none" from "is not kept"; Redis itself asks for one if it needs it.
  const password: StoredPassword =
    workshop.sealedPassword === null ? { kind: 'none' } : { kind: 'sealed', text: workshop.sealedPassword };
  return { ...NOTHING_STORED, currentId: profile.id, workshops: [{ profile, password }] };
}

/** @throws ZodError when it could not be read back; better now than at the next start. */
export function printStored(stored: StoredWorkshops): string {
  return `${JSON.stringify(currentSchema.parse(stored), null, 2)}\n`;
}
