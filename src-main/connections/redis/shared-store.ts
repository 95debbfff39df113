import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { planContentSchema } from '../../domain/capacity/plan-content.ts';
import type { Observation } from '../../domain/observation.ts';
import { roomContentSchema } from '../../domain/room/room-state.ts';
import { stampSchema } from '../../domain/shared/shared-document.ts';
import { parseDocument } from './documents.ts';
import { redisTime, revisionedDocuments } from './revisioned.ts';

const roomSchema = roomContentSchema.extend(stampSchema.shape);
const planSchema = planContentSchema.extend(stampSchema.shape);

/** The documents that the consoles of a workshop share. Every method @throws WorkshopError when Redis cannot be used. */
export function createSharedStores(client: () => Redis) {
  const { read, write } = revisionedDocuments(client);
  const time = () => redisTime(client);
  return {
    room: {
      time,
      read: () => read(roomSchema, keys.room),
      write: (next: z.infer<typeof roomSchema>) => write(roomSchema, keys.room, next),
    },
    plan: {
      time,
      read: () => read(planSchema, keys.plan),
      write: (next: z.infer<typeof planSchema>) => write(planSchema, keys.plan, next),
    },
  };
}

/** What stands there now, for the live workshop. */
export async function readShared(redis: Redis, which: 'room' | 'plan'): Promise<Observation> {
  const text = await redis.get(keys[which]);
  return which === 'room'
    ? { kind: 'room', found: found(roomSchema, text) }
    : { kind: 'plan', found: found(planSchema, text) };
}

function found<Schema extends z.ZodType>(schema: Schema, text: string | null) {
  const document = parseDocument(schema, text, 'console');
  switch (document.kind) {
    case 'absent':
      return { kind: 'absent' as const };
    case 'read':
      return { kind: 'read' as const, document: document.value };
    case 'mismatch':
      return { kind: 'unusable' as const, why: document.sentence };
    case 'unreadable':
      return {
        kind: 'unusable' as const,
        why: `What the consoles share cannot be read in Redis (${document.reason}).`,
      };
  }
}
