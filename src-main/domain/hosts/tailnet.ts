import { isIP } from 'node:net';
import { z } from 'zod';
import { outsideLink } from '../outside-link.ts';
import { plainLine } from '../plain-line.ts';

/**
 * How Tailscale stands on one machine, the most pressing thing first. Times are epoch ms of the machine's own word;
 * null: it does not say.
 */
export type TailnetState =
  | { kind: 'not-installed' }
  /** The program is there, its service does not run. */
  | { kind: 'daemon-not-running' }
  | { kind: 'starting' }
  /** `loginUrl`: where a login that was begun there can be finished; one that the console may open. */
  | { kind: 'logged-out'; loginUrl: string | null }
  /** Logged in, and switched off. */
  | { kind: 'stopped' }
  /** An admin of the tailnet has not let the machine in yet. */
  | { kind: 'needs-machine-auth' }
  | { kind: 'key-expired'; at: number | null; loginUrl: string | null }
  /** It runs, but does not reach Tailscale's own servers. */
  | { kind: 'offline' }
  /** `what`: what the peer is for us, e.g. "Redis"; `peer`: what it calls itself. */
  | { kind: 'peer-offline'; what: string; peer: string; lastSeen: number | null }
  | { kind: 'peer-key-expired'; what: string; peer: string }
  /** No machine of this tailnet has the address. */
  | { kind: 'peer-absent'; what: string; address: string }
  /** Traffic goes over one of Tailscale's relays; `region` null: over another machine of the tailnet. */
  | { kind: 'relayed'; what: string; peer: string; region: string | null }
  | { kind: 'key-expiring'; at: number }
  | { kind: 'fine'; address: string | null }
  /** `why`: a sentence. */
  | { kind: 'unknown'; why: string };

/** Tailscale on one machine, with the age of what is known. */
export interface TailnetView {
  state: TailnetState;
  /** When this was looked up, local epoch ms; null before the first answer. */
  at: number | null;
  /** Since when it is in a state of this kind, local epoch ms. */
  since: number;
  /** Why the last look brought no answer, while `state` is the one before; null when it did. */
  failed: string | null;
  /** Whether Redis, or a login, is reached over it. */
  needed: boolean;
  /** What Tailscale itself warns of, at most three. */
  health: string[];
}

/** Tailscale on the computer that the console runs on. */
export interface OwnTailnet extends TailnetView {
  /** It has a window of its own there (macOS, Windows); otherwise it is steered by commands. */
  app: boolean;
  /** Another way to Redis that the person can choose; null when there is none, or it is in use. */
  instead: 'vps' | 'vps-after-login' | null;
}

/** What a look brought. */
export interface TailnetLook {
  state: TailnetState;
  health: string[];
  /** Its own addresses in the tailnet. */
  addresses: string[];
}

/** A machine that is reached over the tailnet; `host` as it was entered, `what` for sentences. */
export interface TailnetPeer {
  what: string;
  host: string;
}

/** A key that ends within this time is told of; one that ends within the second before all that still works, ms. */
const EXPIRES_SOON_MS = 7 * 24 * 3_600_000;
const EXPIRES_NOW_MS = 2 * 24 * 3_600_000;
const HEALTH_SHOWN = 3;

/** A name of the DNS has no more than 63 characters in each of its parts. */
const short = z.string().transform((text) => plainLine(text).trim().slice(0, 63));
const texts = z.array(z.unknown()).transform((list) => list.filter((one) => typeof one === 'string'));
/** Go writes a time that is not set as the year 1. */
const time = z
  .string()
  .transform((text) => Date.parse(text))
  .transform((at) => (Number.isFinite(at) && at > 0 ? at : null));

/**
 * What is used of `tailscale status --json`: the types Status and PeerStatus of Tailscale's ipn/ipnstate/ipnstate.go.
 * The format changes between releases, so each field may be missing or of another kind.
 */
const nodeSchema = z.object({
  HostName: short.catch(''),
  DNSName: z.string().max(300).catch(''),
  TailscaleIPs: texts.catch([]),
  Online: z.boolean().nullable().catch(null),
  /** Only for a node that is offline. */
  LastSeen: time.nullable().catch(null),
  /** Something was sent to it within about two minutes. */
  Active: z.boolean().catch(false),
  /** The direct path in use; empty: there is none. */
  CurAddr: z.string().catch(''),
  /** Code of the DERP region that is its home, e.g. "fra". */
  Relay: short.catch(''),
  PeerRelay: z.string().catch(''),
  /** Missing for keys that never expire. */
  KeyExpiry: time.nullable().catch(null),
  Expired: z.boolean().catch(false),
});
type Node = z.infer<typeof nodeSchema>;

const statusSchema = z.object({
  BackendState: z.string().max(100),
  AuthURL: z.string().catch(''),
  Self: nodeSchema.nullable().catch(null),
  Health: texts.catch([]),
  Peer: z.record(z.string(), z.unknown()).catch({}),
});
type Status = z.infer<typeof statusSchema>;

/**
 * Reads the answer of `tailscale status --json`.
 * @param peers the machines that matter here, the most important first.
 * @param now local epoch ms.
 */
export function readTailnet(
  answer: { code: number | null; stdout: string; stderr: string },
  peers: readonly TailnetPeer[],
  now: number,
): TailnetLook {
  const nothing = (state: TailnetState): TailnetLook => ({ state, health: [], addresses: [] });
  if (answer.code === 127) return nothing({ kind: 'not-installed' });
  const status = parse(answer.stdout);
  if (!status) return nothing(withoutStatus(answer));
  return {
    state: judge(status, peers, now),
    health: status.Health.map((text) => plainLine(text).trim().slice(0, 200))
      .filter(Boolean)
      .slice(0, HEALTH_SHOWN),
    addresses: (status.Self?.TailscaleIPs ?? []).filter((address) => isIP(address) !== 0),
  };
}

/** Whether an address is one of a tailnet: 100.64.0.0/10, fd7a:115c:a1e0::/48, or a name of MagicDNS. */
export function isTailnetHost(host: string): boolean {
  if (/\.ts\.net\.?$/i.test(host)) return true;
  if (isIP(host) === 6) return /^fd7a:115c:a1e0:/i.test(host);
  const [first, second] = host.split('.').map(Number);
  return isIP(host) === 4 && first === 100 && second !== undefined && second >= 64 && second <= 127;
}

function parse(stdout: string): Status | undefined {
  try {
    const text = stdout.slice(stdout.indexOf('{'), stdout.lastIndexOf('}') + 1);
    return statusSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function withoutStatus({ code, stdout, stderr }: Parameters<typeof readTailnet>[0]): TailnetState {
  const said = `${stderr}\n${stdout.slice(0, 2000)}`;
  if (/failed to connect to local tailscale|doesn.t appear to be running|is tailscale running/i.test(said))
    return { kind: 'daemon-not-running' };
  const [words] = said.split('\n').flatMap((line) => plainLine(line).trim() || []);
  const rest = words ? `: ${words.slice(0, 200)}` : '';
  return {
    kind: 'unknown',
    why:
      code === 0
        ? `Tailscale answers in a form that this console does not know${rest}`
        : `tailscale status ended with code ${code ?? 'none'}${rest}`,
  };
}

function judge(status: Status, peers: readonly TailnetPeer[], now: number): TailnetState {
  const own = status.Self;
  const loginUrl = outsideLink(status.AuthURL);
  const expiry = own?.KeyExpiry ?? null;
  const expired = own?.Expired === true || (expiry !== null && expiry <= now);
  switch (status.BackendState) {
    case 'NeedsLogin':
      return expired ? { kind: 'key-expired', at: expiry, loginUrl } : { kind: 'logged-out', loginUrl };
    case 'NeedsMachineAuth':
      return { kind: 'needs-machine-auth' };
    case 'Stopped':
      return { kind: 'stopped' };
    case 'NoState':
    case 'Starting':
      return { kind: 'starting' };
    case 'Running':
      break;
    default:
      return {
        kind: 'unknown',
        why: `Tailscale is in a state that this console does not know: ${plainLine(status.BackendState)}`,
      };
  }
  if (expired) return { kind: 'key-expired', at: expiry, loginUrl };
  if (own?.Online === false) return { kind: 'offline' };
  const found = peers.map((peer) => ({ ...peer, node: nodeOf(status, peer.host) }));
  const broken = found.map(brokenPeer).find((state) => state !== undefined);
  if (broken) return broken;
  const left = expiry === null ? Number.POSITIVE_INFINITY : expiry - now;
  if (expiry !== null && left <= EXPIRES_NOW_MS) return { kind: 'key-expiring', at: expiry };
  const relayed = found.map(relayedPeer).find((state) => state !== undefined);
  if (relayed) return relayed;
  if (expiry !== null && left <= EXPIRES_SOON_MS) return { kind: 'key-expiring', at: expiry };
  return { kind: 'fine', address: own?.TailscaleIPs.find((address) => isIP(address) === 4) ?? null };
}

interface Found extends TailnetPeer {
  /** `self`: it is the machine itself; undefined: the tailnet has no such machine. */
  node: Node | 'self' | undefined;
}

function nodeOf(status: Status, host: string): Found['node'] {
  const isIt = (node: Node) =>
    node.TailscaleIPs.includes(host) ||
    node.DNSName.replace(/\.$/, '').toLowerCase() === host.replace(/\.$/, '').toLowerCase();
  if (status.Self && isIt(status.Self)) return 'self';
  for (const value of Object.values(status.Peer)) {
    const node = nodeSchema.safeParse(value);
    if (node.success && isIt(node.data)) return node.data;
  }
  return undefined;
}

function brokenPeer({ what, host, node }: Found): TailnetState | undefined {
  if (node === 'self') return undefined;
  if (!node) return { kind: 'peer-absent', what, address: plainLine(host).slice(0, 100) };
  const peer = node.HostName || host;
  if (node.Expired) return { kind: 'peer-key-expired', what, peer };
  return node.Online === false ? { kind: 'peer-offline', what, peer, lastSeen: node.LastSeen } : undefined;
}

function relayedPeer({ what, host, node }: Found): TailnetState | undefined {
  if (!node || node === 'self' || !node.Active || node.CurAddr !== '') return undefined;
  if (node.PeerRelay === '' && node.Relay === '') return undefined;
  return {
    kind: 'relayed',
    what,
    peer: node.HostName || host,
    region: node.PeerRelay === '' ? node.Relay : null,
  };
}
