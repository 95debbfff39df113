import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { z } from 'zod';
import { type Command, commandSchema, type Reply, type Verb } from '../contract/command.ts';
import { toWorkshopError } from '../contract/errors.ts';
import { keys, STREAM_FIELD } from '../contract/keys.ts';
import { PROTOCOL_VERSION, protocolMismatch } from '../contract/protocol.ts';
import type { Clock } from './clock.ts';

/** How long a reply stays for its asker, s. */
const REPLY_TTL_S = 300;
const BATCH = 50;

export type ReplyOutcome = Reply['outcome'];

export interface CommandReader {
  /** Carries out what stands in the command stream. Calls while one is under way are joined into a second pass. */
  read(): Promise<void>;
}

export interface CommandReaderOptions {
  redis: Pick<Redis, 'xrange' | 'multi'>;
  hostId: string;
  clock: Clock;
  carryOut: (verb: Verb) => ReplyOutcome;
  log: Logger;
}

const envelope = z.looseObject({ protocol: z.number(), id: commandSchema.shape.id });

/**
 * Reads this host's commands. An entry is removed in the same step that stores its reply, so none is carried out
 * again after a restart; one that is past its expiry by Redis time is refused.
 */
export function createCommandReader(options: CommandReaderOptions): CommandReader {
  const { redis, hostId, clock, log } = options;
  const stream = keys.hostCommands(hostId);
  let reading: Promise<void> | undefined;
  let again = false;

  const judge = (text: string): { id: string | undefined; outcome: ReplyOutcome } => {
    let id: string | undefined;
    try {
      const value: unknown = JSON.parse(text);
      const known = envelope.parse(value);
      id = known.id;
      const mismatch = protocolMismatch(known.protocol, 'console');
      if (mismatch) return { id, outcome: { kind: 'refused', code: 'PROTOCOL_MISMATCH', message: mismatch } };
      return { id, outcome: decide(commandSchema.parse(value)) };
    } catch (cause) {
      const message = `The command cannot be read: ${toWorkshopError(cause).message.slice(0, 300)}`;
      return { id, outcome: { kind: 'refused', code: 'BAD_INPUT', message } };
    }
  };
  const decide = (command: Command): ReplyOutcome => {
    const late = clock.now() - command.expiresAt;
    if (late > 0)
      return {
        kind: 'refused',
        code: 'EXPIRED',
        message: `The command is ${Math.ceil(late / 1000)} s too old to be carried out. Give it again if it is still wanted.`,
      };
    return options.carryOut(command.request);
  };
  const pass = async () => {
    for (;;) {
      const entries = await redis.xrange(stream, '-', '+', 'COUNT', BATCH);
      for (const [entryId, fields] of entries) {
        const { id, outcome } = judge(fields[fields.indexOf(STREAM_FIELD) + 1] ?? '');
        const step = redis.multi();
        if (id) {
          const reply: Reply = { protocol: PROTOCOL_VERSION, commandId: id, at: clock.now(), outcome };
          step.set(keys.reply(id), JSON.stringify(reply), 'EX', REPLY_TTL_S);
        }
        await step.xdel(stream, entryId).exec();
        log.info({ command: id, outcome: outcome.kind }, outcome.message);
      }
      if (entries.length < BATCH) return;
    }
  };
  const run = async () => {
    do {
      again = false;
      await pass();
    } while (again);
  };
  return {
    read() {
      if (reading) {
        again = true;
        return reading;
      }
      reading = run().finally(() => {
        reading = undefined;
      });
      return reading;
    },
  };
}
