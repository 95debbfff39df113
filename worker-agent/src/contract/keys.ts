/**
 * Every Redis key and channel, spelled here and nowhere else (Lua scripts receive them as KEYS or build them from
 * the prefixes given here).
 *
 * Keys under the tracked prefixes are pushed to every agent and console when they change (CLIENT TRACKING BCAST), so
 * what is written often and read seldom (claims, locks, counters) lives outside of them.
 */
export const TRACKED_PREFIXES = ['queue:', 'job:', 'worker:', 'agent:'] as const;

export const keys = {
  /** The platform's (contract 1.1). */
  job: (jobId: string) => `job:${jobId}`,
  pending: 'queue:pending',
  running: 'queue:running',
  completed: 'queue:completed',
  failed: 'queue:failed',
  userJobs: (userId: string) => `user:${userId}:jobs`,
  userCompleted: (userId: string) => `user:${userId}:completed`,
  workerHeartbeat: (workerId: string) => `worker:${workerId}:heartbeat`,

  /** Ours, tracked: state that people look at. */
  hosts: 'agent:hosts',
  control: 'agent:control',
  /** Shared by the consoles; no agent reads them. */
  room: 'agent:room',
  plan: 'agent:plan',
  events: 'agent:events',
  cancelled: 'agent:cancelled',
  deadLetter: 'agent:dead-letter',
  hostStatus: (hostId: string) => `agent:host:${hostId}:status`,
  hostDesired: (hostId: string) => `agent:host:${hostId}:desired`,
  hostCommands: (hostId: string) => `agent:host:${hostId}:commands`,
  reply: (commandId: string) => `agent:reply:${commandId}`,

  /** Ours, untracked: bookkeeping that changes all the time. */
  claim: (jobId: string) => `claim:${jobId}`,
  claimOf: (workerId: string) => `claim-of:${workerId}`,
  /** Hash user → jobs settled on that UTC day (YYYY-MM-DD), for the fair mode; expires after two days. */
  served: (day: string) => `served:${day}`,
  /** Sorted set of jobs by when they were started, the last 64 of one person; expires after a day without any. */
  starts: (userId: string) => `starts:${userId}`,
  lock: (name: string) => `lock:${name}`,
  /** Text of a job that the console cancelled while it waited, kept for a while so that this can be taken back. */
  withdrawn: (jobId: string) => `withdrawn:${jobId}`,
  /** Written, read back and removed to test a connection; expires by itself. */
  probe: (nonce: string) => `probe:${nonce}`,
} as const;

/** Prefixes that Lua scripts put before an id they found themselves. */
export const prefixes = {
  job: 'job:',
  claim: 'claim:',
  claimOf: 'claim-of:',
  user: 'user:',
  served: 'served:',
  starts: 'starts:',
  lock: 'lock:',
  withdrawn: 'withdrawn:',
} as const;

/** Streams of ours (events, commands) carry one field by this name, whose value is the JSON of the entry. */
export const STREAM_FIELD = 'json';

export const channels = {
  /** The platform's dashboards listen here (contract 1.6). */
  updates: 'queue:updates',
  /** Our live frames: GPU telemetry and job progress, once a second and host. */
  live: 'agent:live',
} as const;

/** Job id out of a `job:{id}` key, or undefined for any other key. */
export function jobIdOfKey(key: string): string | undefined {
  return key.startsWith(prefixes.job) ? key.slice(prefixes.job.length) : undefined;
}
