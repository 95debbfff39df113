import type { Redis } from 'ioredis';
import { z } from 'zod';
import { channels } from '../../worker-agent/src/contract/keys.ts';

const messageSchema = z.object({ type: z.string(), data: z.looseObject({ job_id: z.string().optional() }) });

/** What was heard on the platform's channel. */
export interface UpdateListener {
  /** Ids that a console removed as the platform does: their record is gone, only the message tells (contract 1.7). */
  readonly deleted: ReadonlySet<string>;
  /** Messages that the platform's dashboards could not read (contract 1.6). */
  readonly unreadable: readonly string[];
}

/** Listens on `queue:updates` for as long as the client lives. */
export async function listenForUpdates(subscriber: Redis): Promise<UpdateListener> {
  const deleted = new Set<string>();
  const unreadable: string[] = [];
  subscriber.on('message', (_channel, message) => {
    const update = parse(message);
    if (!update) unreadable.push(message);
    else if (update.type === 'job_deleted' && update.data.job_id !== undefined)
      deleted.add(update.data.job_id);
  });
  await subscriber.subscribe(channels.updates);
  return { deleted, unreadable };
}

function parse(message: string): z.infer<typeof messageSchema> | undefined {
  try {
    return messageSchema.parse(JSON.parse(message));
  } catch {
    return undefined;
  }
}
