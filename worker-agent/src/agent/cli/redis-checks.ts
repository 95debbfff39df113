import type { Redis } from 'ioredis';
import { toWorkshopError } from '../../contract/errors.ts';
import { hostStatusSchema } from '../../contract/host.ts';
import { keys } from '../../contract/keys.ts';
import { inspectRunning } from '../../queue/recovery.ts';
import { createClock } from '../clock.ts';
import type { AgentConfig } from '../config.ts';
import { withRedis } from './connect-once.ts';
import type { Finding } from './finding.ts';

/** Beyond this a person should know that the clocks differ; the agent itself lives by Redis time. */
const CLOCK_WARN_MS = 2000;
/** Client tracking, on which the change feed lives, came with 6.0. */
const OLDEST_MAJOR = 6;

/** Redis: reachable, password right, new enough, writable; its clock; who else claims jobs. */
export async function checkRedis(config: AgentConfig): Promise<Finding[]> {
  const { host, port, through } = config.redis;
  const address = through === null ? `${host}:${port}` : `${host}:${port} through the SSH of the VPS`;
  const findings: Finding[] = [];
  if (through === null && /^(redis|localhost|127\.0\.0\.1)$/.test(host))
    findings.push({
      name: 'Redis address',
      outcome: 'warn',
      detail: `REDIS_HOST is ${host}, which means this machine itself`,
      fix: 'On a GPU host give the Tailscale address of the VPS (100.x.y.z).',
    });
  try {
    findings.push(...(await withRedis(config.redis, (redis) => lookInside(redis, config))));
  } catch (cause) {
    const error = toWorkshopError(cause, 'REDIS_UNREACHABLE');
    const refused = error.code === 'REDIS_AUTH';
    findings.push({
      name: 'Redis',
      outcome: 'fail',
      detail: refused ? `${address} refuses the password` : `${address} cannot be reached: ${error.message}`,
      fix: refused
        ? 'Copy REDIS_PASSWORD from the .env of the VPS.'
        : through === null
          ? 'Check Tailscale on both machines, and that REDIS_BIND_IP on the VPS is its Tailscale address.'
          : 'Check that the SSH of the VPS lets this machine in, and that Redis listens on that address there.',
    });
  }
  return findings;
}

async function lookInside(redis: Redis, config: AgentConfig): Promise<Finding[]> {
  const findings: Finding[] = [];
  const before = performance.now();
  await redis.ping();
  const rttMs = performance.now() - before;
  const info = await redis.info();
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim();
  const version = field('redis_version') ?? 'unknown';
  const tooOld = Number.parseInt(version, 10) < OLDEST_MAJOR;
  findings.push({
    name: 'Redis',
    outcome: tooOld ? 'fail' : 'ok',
    detail: `version ${version}, answers in ${rttMs.toFixed(1)} ms`,
    fix: tooOld ? 'Upgrade Redis to 6 or newer; the platform brings 7.' : undefined,
  });
  if (field('role') !== 'master')
    findings.push({
      name: 'Redis role',
      outcome: 'fail',
      detail: `it is a ${field('role')}, which cannot be written to`,
      fix: 'Point REDIS_HOST at the Redis of the VPS itself.',
    });
  const clock = createClock(redis);
  await clock.sync();
  const offset = Math.abs(clock.offsetMs() ?? 0);
  findings.push({
    name: 'clock',
    outcome: offset > CLOCK_WARN_MS ? 'warn' : 'ok',
    detail: `${offset} ms from Redis`,
    fix:
      offset > CLOCK_WARN_MS
        ? 'Look this machine over on the console’s Hosts screen, which has its clock kept right; or here: timedatectl set-ntp true.'
        : undefined,
  });
  const { running } = await inspectRunning(redis);
  const foreign = running.filter((entry) => entry.claim === null);
  findings.push({
    name: 'queue',
    outcome: foreign.length > 0 ? 'warn' : 'ok',
    detail: `${await redis.zcard(keys.pending)} waiting, ${running.length} running, ${foreign.length} without an agent's claim`,
    fix:
      foreign.length > 0
        ? "Stop the platform's own worker on every machine; jobs it dropped can be requeued in the console."
        : undefined,
  });
  findings.push(...(await checkOtherHosts(redis, config, clock.now())));
  const known = await redis.sismember(keys.hosts, config.hostId);
  findings.push({
    name: 'host id',
    outcome: 'ok',
    detail: known === 1 ? `${config.hostId} has reported before` : `${config.hostId} is new to this workshop`,
  });
  return findings;
}

/** Other agents of the workshop: silent ones, and such as call their workers as this one does. */
async function checkOtherHosts(redis: Redis, config: AgentConfig, now: number): Promise<Finding[]> {
  const others = (await redis.smembers(keys.hosts)).filter((hostId) => hostId !== config.hostId).sort();
  const findings: Finding[] = [];
  for (const hostId of others) {
    const text = await redis.get(keys.hostStatus(hostId));
    const parsed = text === null ? undefined : hostStatusSchema.safeParse(JSON.parse(text));
    if (!parsed?.success || parsed.data.phase === 'stopped') continue;
    const { at, nextWithinMs, workers } = parsed.data;
    if (now - at > nextWithinMs) {
      const minutes = Math.round((now - at) / 60_000);
      findings.push({
        name: `agent on ${hostId}`,
        outcome: 'warn',
        detail: `was not heard for ${minutes < 2 ? `${Math.round((now - at) / 1000)} s` : `${minutes} minutes`} and did not say goodbye`,
        fix: 'If that machine is gone for good, nothing is to be done: its jobs were given back. Else start its agent.',
      });
      continue;
    }
    const clash = workers.find(({ id }) => id.replace(/-\d+$/, '') === config.workerIdPrefix);
    findings.push(
      clash
        ? {
            name: `agent on ${hostId}`,
            outcome: 'fail',
            detail: `also calls its workers ${config.workerIdPrefix}-1 and so on`,
            fix: 'Give each GPU host its own WORKER_ID_PREFIX.',
          }
        : { name: `agent on ${hostId}`, outcome: 'ok', detail: `runs ${workers.length} workers` },
    );
  }
  return findings;
}
