import { isIPv4 } from '../env-file/addresses.ts';
import { isTailnetHost } from '../hosts/tailnet.ts';
import type { Findings } from './findings.ts';
import type { VpsFindings } from './vps-findings.ts';

/** The agent's way to Redis through the SSH of the VPS (worker-agent/README.md: REDIS_THROUGH). */
export interface Tunnel {
  /** Where the GPU host finds the SSH of the VPS. */
  sshHost: string;
  /** Where the VPS finds Redis. */
  redisHost: string;
  redisPort: number;
}

/**
 * Whether a machine is to reach Redis that way: Redis is in the tailnet and the machine is not. In a pod Tailscale does
 * not come up (no TUN device, no systemd); elsewhere the host may leave it out.
 * @param login address of the VPS as this console logs in to it.
 * @returns null where it is not needed, or where no address of the VPS outside of the tailnet is known.
 */
export function planTunnel(
  machine: Pick<Findings, 'container' | 'tailscale'>,
  redis: { host: string; port: number },
  vps: VpsFindings,
  { login, withoutTailscale }: { login: string; withoutTailscale: boolean },
): Tunnel | null {
  if (!isTailnetHost(redis.host) || machine.tailscale.addresses.length > 0) return null;
  if (!machine.container && !withoutTailscale) return null;
  // A name without a dot is most likely an alias of ~/.ssh/config, which the GPU host does not know.
  const named = /[.:]/.test(login) && !isTailnetHost(login) ? [login] : [];
  const [sshHost] = [...named, ...vps.addresses.filter(isPublic)];
  if (sshHost === undefined) return null;
  return { sshHost, redisHost: asSeenThere(redis.host, vps.redis), redisPort: redis.port };
}

/** On the VPS itself, Redis may be bound to the loopback address alone. */
function asSeenThere(host: string, listens: readonly string[] | null): string {
  const everywhere = listens === null || listens.some((at) => [host, '0.0.0.0', '*', '::'].includes(at));
  return !everywhere && listens?.includes('127.0.0.1') ? '127.0.0.1' : host;
}

/** Whether another machine on the internet may find it there. */
function isPublic(address: string): boolean {
  if (!isIPv4(address) || isTailnetHost(address)) return false;
  return !/^(10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(address);
}
