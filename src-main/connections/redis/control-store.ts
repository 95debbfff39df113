import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { type Command, replySchema, type Verb } from '../../../worker-agent/src/contract/command.ts';
import {
  type DesiredState,
  desiredStateSchema,
  type QueueControl,
  queueControlSchema,
} from '../../../worker-agent/src/contract/desired.ts';
import { type AgentEvent, EVENTS_KEPT } from '../../../worker-agent/src/contract/event.ts';
import { keys, STREAM_FIELD } from '../../../worker-agent/src/contract/keys.ts';
import { PROTOCOL_VERSION } from '../../../worker-agent/src/contract/protocol.ts';
import { attempt } from './attempt.ts';
import { redisTime, revisionedDocuments } from './revisioned.ts';

/** A command that an agent finds later than this is refused by it, ms. */
const EXPIRY_MS = 10_000;
/** The reply is looked for this often, ms, and this long beyond the expiry: it was written just in time. */
const LOOK_EVERY_MS = 150;
const GRACE_MS = 500;
/** Commands an absent agent can find; it refuses the expired ones. */
const COMMANDS_KEPT = 100;

/** What the host wants and orders, in Redis. Every method @throws WorkshopError when Redis cannot be used. */
export function createControlStore(client: () => Redis, { expiryMs = EXPIRY_MS } = {}) {
  const time = () => redisTime(client);

  const { read, write } = revisionedDocuments(client);

  return {
    time,
    desired: (hostId: string) => read(desiredStateSchema, keys.hostDesired(hostId)),
    writeDesired: (hostId: string, next: DesiredState) =>
      write(desiredStateSchema, keys.hostDesired(hostId), next),
    control: () => read(queueControlSchema, keys.control),
    writeControl: (next: QueueControl) => write(queueControlSchema, keys.control, next),

    /** Adds an entry to the story that people read back. Its loss would not matter to anything else. */
    async note(event: Omit<AgentEvent, 'protocol' | 'at'>): Promise<void> {
      const entry: AgentEvent = { protocol: PROTOCOL_VERSION, at: await time(), ...event };
      await attempt(async () =>
        client().xadd(keys.events, 'MAXLEN', '~', EVENTS_KEPT, '*', STREAM_FIELD, JSON.stringify(entry)),
      );
    },

    async command(hostId: string, request: Verb, by: string) {
      const id = randomUUID();
      const command: Command = {
        protocol: PROTOCOL_VERSION,
        id,
        by,
        expiresAt: (await time()) + expiryMs,
        request,
      };
      await attempt(async () =>
        client().xadd(
          ...[keys.hostCommands(hostId), 'MAXLEN', '~', COMMANDS_KEPT, '*'],
          ...[STREAM_FIELD, JSON.stringify(command)],
        ),
      );
      const until = performance.now() + expiryMs + GRACE_MS;
      while (performance.now() < until) {
        const reply = await read(replySchema, keys.reply(id));
        if (reply) return reply.outcome;
        await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
      }
      return undefined;
    },
  };
}
