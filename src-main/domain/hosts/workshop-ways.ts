import { VPS } from './machine-view.ts';
import { isTailnetHost, type OwnTailnet, type TailnetPeer } from './tailnet.ts';

/** How the current workshop is reached; addresses as they were entered. */
export interface WorkshopWays {
  redis: { host: string; through: 'direct' | 'vps' } | null;
  logins: { id: string; name: string; host: string }[];
  /** Whether another way to Redis can be chosen in Setup; false where the workshop was given from outside. */
  saved: boolean;
}

/** Redis's address where it is one of a tailnet, whoever goes there; null where it is not. */
export function redisOverTailnet({ redis }: WorkshopWays): string | null {
  return redis && isTailnetHost(redis.host) ? redis.host : null;
}

/** The machines that are logged in to over the tailnet. */
export function loginsOverTailnet({ logins }: WorkshopWays): WorkshopWays['logins'] {
  return logins.filter(({ host }) => isTailnetHost(host));
}

/** What this computer reaches over the tailnet, Redis first; none: it needs no Tailscale. */
export function peersOfThisComputer(ways: WorkshopWays): TailnetPeer[] {
  const redis = ways.redis?.through === 'direct' ? redisOverTailnet(ways) : null;
  return [
    ...(redis === null ? [] : [{ what: 'Redis', host: redis }]),
    ...loginsOverTailnet(ways).map(({ name, host }) => ({ what: name, host })),
  ];
}

/**
 * Where the agent of a GPU host finds Redis over the tailnet: at its address, or at the VPS's own.
 * @param ofVps what the VPS says its addresses in the tailnet are.
 */
export function peersOfGpuHost(ways: WorkshopWays, ofVps: readonly string[]): TailnetPeer[] {
  const redis = redisOverTailnet(ways);
  if (redis !== null) return [{ what: 'Redis', host: redis }];
  const [vps] = ways.redis?.through === 'vps' ? ofVps : [];
  return vps === undefined ? [] : [{ what: 'the VPS', host: vps }];
}

/** Whether the person can choose to reach Redis through the VPS instead of directly over the tailnet. */
export function otherWayToRedis(ways: WorkshopWays): OwnTailnet['instead'] {
  if (!ways.saved || ways.redis?.through !== 'direct' || redisOverTailnet(ways) === null) return null;
  const vps = ways.logins.find(({ id }) => id === VPS);
  if (!vps) return 'vps-after-login';
  return isTailnetHost(vps.host) ? null : 'vps';
}
