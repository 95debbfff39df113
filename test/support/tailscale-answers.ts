/**
 * Answers of `tailscale status --json` as Tailscale's ipnstate.Status prints them, with made-up machines. The tailnet
 * itself is never there in tests: these are its double.
 */

const NEVER_SEEN = '0001-01-01T00:00:00Z';

function node(change: Record<string, unknown>) {
  return {
    ...{ ID: 'n1', PublicKey: 'nodekey:0123', HostName: 'laptop', DNSName: 'laptop.tail1234.ts.net.' },
    ...{ OS: 'linux', UserID: 7, TailscaleIPs: ['100.64.0.2', 'fd7a:115c:a1e0::2'], Addrs: null },
    ...{ CurAddr: '', Relay: 'fra', RxBytes: 0, TxBytes: 0, Created: '2026-11-01T08:00:00Z' },
    ...{ LastWrite: NEVER_SEEN, LastSeen: NEVER_SEEN, LastHandshake: NEVER_SEEN },
    ...{ Online: true, ExitNode: false, ExitNodeOption: false, Active: false, InNetworkMap: true },
    ...change,
  };
}

/** The VPS as its peers see it: reached directly. */
export const VPS_NODE = {
  ...{ HostName: 'vps-1', DNSName: 'vps-1.tail1234.ts.net.', TailscaleIPs: ['100.64.0.7'] },
  ...{ CurAddr: '203.0.113.7:41641', Active: true },
};

/** @param change of the status itself; `self` of this machine, `vps` of its one peer (null: there is none). */
export function tailscaleStatus(
  change: Record<string, unknown> = {},
  {
    self = {},
    vps = {},
  }: { self?: Record<string, unknown> | null; vps?: Record<string, unknown> | null } = {},
): string {
  const status = {
    ...{ Version: '1.90.6-t0123', TUN: true, BackendState: 'Running', HaveNodeKey: true, AuthURL: '' },
    TailscaleIPs: ['100.64.0.2', 'fd7a:115c:a1e0::2'],
    Self: self && node(self),
    ...{ Health: [], MagicDNSSuffix: 'tail1234.ts.net', CertDomains: null },
    Peer:
      vps &&
      Object.fromEntries([
        ['nodekey:7', node({ ...VPS_NODE, ...vps })],
        ['nodekey:9', node({ HostName: 'phone', TailscaleIPs: ['100.64.0.9'], Online: false })],
      ]),
    ...change,
  };
  return JSON.stringify(status, null, 2);
}
