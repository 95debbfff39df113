import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Who may talk to the web shell: a browser on this machine that opened the printed link. The link's token works once
 * and is exchanged for a cookie; every request must name our own address as its Host (a foreign web site that points
 * its name at 127.0.0.1 is refused), every WebSocket must come from our own page. A second, lesser session opens the
 * room view and nothing else.
 */
export interface Gate {
  /** A link that opens the console once. */
  link(): string;
  /** Exchanges a token for the value of a session cookie; undefined when it is unknown or used. */
  exchange(token: string): string | undefined;
  /** A link to the room view, good until the console ends: it can be copied, reloaded and used again. */
  roomLink(): string;
  /** Exchanges the room's token for the value of a read-only session cookie; undefined when it is another. */
  exchangeRoom(token: string): string | undefined;
  /** Why this request is refused, or undefined when it is ours. */
  refuse(request: IncomingMessage): 'foreign-host' | 'no-session' | undefined;
  /** The same for a WebSocket upgrade, which must also come from our own page. */
  refuseSocket(request: IncomingMessage): 'foreign-host' | 'foreign-origin' | 'no-session' | undefined;
  /** As `refuse`, for what the room view may have: its read-only session is enough. */
  refuseRoom(request: IncomingMessage): 'foreign-host' | 'no-session' | undefined;
  refuseRoomSocket(request: IncomingMessage): 'foreign-host' | 'foreign-origin' | 'no-session' | undefined;
  readonly cookieName: string;
  readonly roomCookieName: string;
}

/** Links that were made and not used yet; the oldest is forgotten beyond this. */
const LINKS_KEPT = 20;
/** Room sessions that are remembered; each new browser takes one. */
const ROOM_SESSIONS_KEPT = 100;

export function createGate(port: number): Gate {
  const host = `127.0.0.1:${port}`;
  const tokens = new Set<string>();
  const sessions = new Set<string>();
  // Cookies know no ports: two consoles on one machine must not overwrite each other's.
  const cookieName = `workshop-${port}`;
  const roomCookieName = `workshop-room-${port}`;
  const roomSessions = new Set<string>();

  const secret = () => randomBytes(32).toString('base64url');
  const roomToken = secret();
  const foreignHost = (request: IncomingMessage) => request.headers.host !== host;
  const inSession = (request: IncomingMessage) => {
    const value = cookieOf(request.headers.cookie, cookieName);
    return value !== undefined && sessions.has(value);
  };
  const inRoomSession = (request: IncomingMessage) => {
    const value = cookieOf(request.headers.cookie, roomCookieName);
    return value !== undefined && roomSessions.has(value);
  };
  const foreignOrigin = (request: IncomingMessage) => request.headers.origin !== `http://${host}`;

  return {
    cookieName,
    roomCookieName,
    link() {
      const token = secret();
      tokens.add(token);
      const [oldest] = tokens;
      if (tokens.size > LINKS_KEPT && oldest !== undefined) tokens.delete(oldest);
      return `http://${host}/?token=${token}`;
    },
    exchange(token) {
      if (!tokens.delete(token)) return undefined;
      const session = secret();
      sessions.add(session);
      return session;
    },
    roomLink: () => `http://${host}/room?token=${roomToken}`,
    exchangeRoom(token) {
      if (token !== roomToken) return undefined;
      const session = secret();
      roomSessions.add(session);
      const [oldest] = roomSessions;
      if (roomSessions.size > ROOM_SESSIONS_KEPT && oldest !== undefined) roomSessions.delete(oldest);
      return session;
    },
    refuse(request) {
      if (foreignHost(request)) return 'foreign-host';
      return inSession(request) ? undefined : 'no-session';
    },
    refuseSocket(request) {
      if (foreignHost(request)) return 'foreign-host';
      if (foreignOrigin(request)) return 'foreign-origin';
      return inSession(request) ? undefined : 'no-session';
    },
    refuseRoom(request) {
      if (foreignHost(request)) return 'foreign-host';
      return inSession(request) || inRoomSession(request) ? undefined : 'no-session';
    },
    refuseRoomSocket(request) {
      if (foreignHost(request)) return 'foreign-host';
      if (foreignOrigin(request)) return 'foreign-origin';
      return inSession(request) || inRoomSession(request) ? undefined : 'no-session';
    },
  };
}

function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}

/** Headers of every answer. Styles may be inline since the component library sets its variables so; scripts may not. */
export function securityHeaders(port: number): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    // A video of a job's outputs, handed over by the console itself.
    'media-src blob:',
    "font-src 'self'",
    `connect-src 'self' ws://127.0.0.1:${port}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), payment=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
}
