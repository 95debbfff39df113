import type { Redis } from 'ioredis';
import { z } from 'zod';
import { desiredStateSchema, queueControlSchema } from '../../../worker-agent/src/contract/desired.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { type AgentEvent, agentEventSchema } from '../../../worker-agent/src/contract/event.ts';
import { hostIdSchema, hostStatusSchema } from '../../../worker-agent/src/contract/host.ts';
import { keys, STREAM_FIELD } from '../../../worker-agent/src/contract/keys.ts';
import { PROTOCOL_VERSION } from '../../../worker-agent/src/contract/protocol.ts';
import { liveFrameSchema } from '../../../worker-agent/src/contract/telemetry.ts';
import type { Observation } from '../../domain/observation.ts';
import { parseDocument } from './documents.ts';

/** Hosts that are read at most; a workshop has a few. */
const HOSTS_MAX = 64;
/** Events read at the start, and at most in one go later. */
const EVENTS_READ = 200;

/** Ids of the hosts whose agents have ever reported. Strange ones are left out. */
export async function readHostIds(redis: Redis): Promise<string[]> {
  const ids = await redis.smembers(keys.hosts);
  return ids
    .filter((id) => hostIdSchema.safeParse(id).success)
    .sort()
    .slice(0, HOSTS_MAX);
}

/** What the agents say and what is wanted of them, for these hosts. */
export async function readHosts(
  redis: Redis,
  hostIds: readonly string[],
  localTime: (redisMs: number) => number,
): Promise<Observation[]> {
  if (hostIds.length === 0) return [];
  const texts = await redis.mget(hostIds.flatMap((id) => [keys.hostStatus(id), keys.hostDesired(id)]));
  return hostIds.flatMap((hostId, index): Observation[] => {
    const facts: Observation[] = [];
    const status = parseDocument(hostStatusSchema, texts[index * 2] ?? null);
    const desired = parseDocument(desiredStateSchema, texts[index * 2 + 1] ?? null);
    if (status.kind === 'read')
      facts.push({ kind: 'host-status', hostId, status: status.value, heardAt: localTime(status.value.at) });
    else if (status.kind === 'mismatch')
      facts.push({ kind: 'host-mismatch', hostId, mismatch: status.sentence });
    else if (status.kind === 'unreadable')
      facts.push({
        kind: 'host-mismatch',
        hostId,
        mismatch: `What the agent on ${hostId} reports cannot be read (${status.reason}).`,
      });
    facts.push({ kind: 'host-desired', hostId, desired: desired.kind === 'read' ? desired.value : null });
    return facts;
  });
}

export async function readControl(redis: Redis): Promise<Observation> {
  const control = parseDocument(queueControlSchema, await redis.get(keys.control));
  return { kind: 'control', control: control.kind === 'read' ? control.value : null };
}

const streamSchema = z.array(z.tuple([z.string(), z.array(z.string())]));

/**
 * Events after `last` (an id in the stream), oldest first; without it the latest ones.
 * @returns them and the id to go on from.
 */
export async function readEvents(
  redis: Redis,
  last: string | undefined,
): Promise<{ events: AgentEvent[]; last: string | undefined }> {
  const read = streamSchema.safeParse(
    last === undefined
      ? (await redis.xrevrange(keys.events, '+', '-', 'COUNT', EVENTS_READ)).reverse()
      : await redis.xrange(keys.events, `(${last}`, '+', 'COUNT', EVENTS_READ),
  );
  if (!read.success) throw new WorkshopError('REDIS_PROTOCOL', `${keys.events} holds no stream entries.`);
  const entries = read.data;
  const events = entries.flatMap(([, fields]) => {
    const at = fields.indexOf(STREAM_FIELD);
    const event = parseDocument(agentEventSchema, at < 0 ? null : (fields[at + 1] ?? null));
    return event.kind === 'read' ? [event.value] : [];
  });
  return { events, last: entries.at(-1)?.[0] ?? last };
}

/** A live frame out of the channel, or undefined when it is not one that we understand. */
export function readLiveFrame(message: string, heardAt: number): Observation | undefined {
  const frame = parseDocument(liveFrameSchema, message);
  if (frame.kind !== 'read' || frame.value.protocol !== PROTOCOL_VERSION) return undefined;
  if (!hostIdSchema.safeParse(frame.value.hostId).success) return undefined;
  return { kind: 'live', hostId: frame.value.hostId, live: frame.value, heardAt };
}
