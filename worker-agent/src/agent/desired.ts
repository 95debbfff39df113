import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { z } from 'zod';
import { type DesiredState, desiredStateSchema, queueControlSchema } from '../contract/desired.ts';
import { toWorkshopError } from '../contract/errors.ts';
import { keys } from '../contract/keys.ts';
import { PROTOCOL_VERSION, protocolMismatch } from '../contract/protocol.ts';
import { writeIfRevision } from '../queue/revision.ts';
import type { Clock } from './clock.ts';
import type { Emit } from './event-log.ts';

export interface DesiredReader {
  /** Reads what is wanted, writing the first word if nobody has; tells `onDesired` when it is new. */
  readDesired(): Promise<void>;
  /** Takes in the revision of `agent:control`, whose content the claim script reads by itself. */
  readControl(): Promise<void>;
  revisions(): { desired: number | null; control: number | null };
}

export interface DesiredReaderOptions {
  redis: Redis;
  hostId: string;
  initialWorkers: () => number;
  clock: Clock;
  onDesired: (desired: DesiredState) => void;
  onChange: () => void;
  emit: Emit;
  log: Logger;
}

const versioned = z.object({ protocol: z.number() });

/** Reads the documents by which the host steers this machine. What cannot be used leaves the last word standing. */
export function createDesiredReader(options: DesiredReaderOptions): DesiredReader {
  const { redis, hostId, log } = options;
  const key = keys.hostDesired(hostId);
  let current: DesiredState | undefined;
  let controlRevision: number | null = null;
  let complainedAbout = '';

  const understand = <T>(text: string, schema: z.ZodType<T>, name: string): T | undefined => {
    let problem: string | undefined;
    try {
      const value: unknown = JSON.parse(text);
      problem = protocolMismatch(versioned.parse(value).protocol, 'console');
      if (problem === undefined) return schema.parse(value);
    } catch (cause) {
      problem = `${name} cannot be read: ${toWorkshopError(cause).message}`;
    }
    if (complainedAbout !== text) {
      complainedAbout = text;
      log.error({ key: name }, problem);
      options.emit('desired-changed', `Not followed: ${problem}`.slice(0, 2000));
    }
    return undefined;
  };

  const readDesired = async (): Promise<void> => {
    const text = await redis.get(key);
    if (text === null) {
      const first: DesiredState = {
        protocol: PROTOCOL_VERSION,
        revision: (current?.revision ?? 0) + 1,
        at: options.clock.now(),
        by: `agent on ${hostId}`,
        workers: current?.workers ?? options.initialWorkers(),
        drained: current?.drained ?? [],
      };
      const outcome = await writeIfRevision(redis, key, null, first);
      if (outcome.kind === 'written') return take(first);
      return outcome.present === null ? undefined : takeText(outcome.present);
    }
    takeText(text);
  };
  const takeText = (text: string) => {
    const desired = understand(text, desiredStateSchema, key);
    if (desired) take(desired);
  };
  const take = (desired: DesiredState) => {
    if (current && current.revision === desired.revision) return;
    if (current) options.emit('desired-changed', describe(current, desired));
    current = desired;
    options.onDesired(desired);
    options.onChange();
  };

  return {
    readDesired,
    async readControl() {
      const text = await redis.get(keys.control);
      const revision =
        text === null
          ? null
          : (understand(text, queueControlSchema, keys.control)?.revision ?? controlRevision);
      if (revision === controlRevision) return;
      controlRevision = revision;
      options.onChange();
    },
    revisions: () => ({ desired: current?.revision ?? null, control: controlRevision }),
  };
}

function describe(before: DesiredState, after: DesiredState): string {
  const parts: string[] = [];
  if (before.workers !== after.workers) parts.push(`workers ${before.workers} to ${after.workers}`);
  const drained = after.drained.filter((id) => !before.drained.includes(id));
  const resumed = before.drained.filter((id) => !after.drained.includes(id));
  if (drained.length > 0) parts.push(`drain ${drained.join(', ')}`);
  if (resumed.length > 0) parts.push(`resume ${resumed.join(', ')}`);
  return `${after.by} wants: ${parts.join('; ') || 'no change'}`.slice(0, 2000);
}
