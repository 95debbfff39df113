/** create_origin_only_middleware: keeps web pages of other origins away (contract 5.11.2, recording 20). */

import type { IncomingHttpHeaders } from 'node:http';
import type { VersionTraits } from './versions.ts';

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

/** host:port of an origin; empty for `null` and `file://`, which therefore pass. */
function authorityOf(origin: string): string {
  return (/^[a-z][a-z0-9+.-]*:\/\/([^/]*)/i.exec(origin)?.[1] ?? '').toLowerCase();
}

function withoutPort(authority: string): string {
  return authority.replace(/:\d*$/, '');
}

export function isAllowedOrigin(headers: IncomingHttpHeaders, traits: VersionTraits): boolean {
  if (traits.secFetchGuard && headers['sec-fetch-site'] === 'cross-site') return false;
  const { host, origin } = headers;
  if (host === undefined || origin === undefined) return true;
  const wanted = host.toLowerCase();
  const got = authorityOf(origin);
  if (got === '' || !isLoopback(withoutPort(wanted))) return true;
  return got === (/:\d+$/.test(got) ? wanted : withoutPort(wanted));
}
