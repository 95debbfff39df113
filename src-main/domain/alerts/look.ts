import type { Look, Reading } from './alert.ts';
import { type AlertFacts, clock, knowsQueue, quoted, reading, span } from './facts.ts';
import { HOST_RULES, lookAtHost, lookAtMachineGpus } from './look-at-host.ts';
import { lookAtQueue } from './look-at-queue.ts';

/** A round trip must fall to this share of the limit before its alert ends. */
const CLEAR_SHARE = 0.8;

/** Judges everything there is to judge now. Pure. */
export function lookAround(facts: AlertFacts): Look {
  const hosts = Object.values(facts.snapshot.hosts).map((host) => lookAtHost(host, facts));
  const machines = lookAtMachineGpus(facts);
  const queue = lookAtQueue(facts);
  return {
    seen: machines.seen,
    readings: [
      ...machines.readings,
      ...lookAtLink(facts),
      ...hosts.flatMap(({ readings }) => readings),
      ...queue.readings,
      ...lookAtRentals(facts),
      ...lookAtHistory(facts),
      ...lookAtConsole(facts),
    ],
    blind: [
      // Before the workshop was read once, nothing is known of hosts that are not in sight.
      ...(knowsQueue(facts.snapshot, facts.now) ? [] : HOST_RULES.map((rule) => `${rule}/`)),
      ...hosts.flatMap(({ blind }) => blind),
      ...queue.blind,
      ...blindLink(facts),
    ],
  };
}

function lookAtLink({ snapshot, threshold }: AlertFacts): Reading[] {
  const { redis } = snapshot.links;
  if (redis.kind === 'lost')
    return [
      reading('redis-lost', '', 'over', {
        severity: 'fail',
        text: `${quoted(redis.why, 300)} ${quoted(redis.remedy, 300)}`,
        action: { kind: redis.code === 'REDIS_AUTH' ? 'enter-redis-password' : 'reconnect' },
      }),
    ];
  if ((redis.kind !== 'ready' && redis.kind !== 'degraded') || redis.rttMs === null) return [];
  const limit = threshold('redis-slow');
  const rtt = Math.round(redis.rttMs);
  if (rtt <= limit * CLEAR_SHARE) return [];
  return [
    reading('redis-slow', '', rtt > limit ? 'over' : 'between', {
      severity: 'warn',
      text: `A round trip to Redis takes ${rtt} ms, more than ${limit} ms. The screen lags behind; jobs go on. Look at the network or at Tailscale (a relayed connection is slow).`,
      action: { kind: 'reconnect' },
    }),
  ];
}

/** While it connects again nobody knows: what was lost is not found yet. */
function blindLink({ snapshot }: AlertFacts): string[] {
  const { kind } = snapshot.links.redis;
  if (kind === 'ready' || kind === 'degraded') return [];
  return kind === 'connecting' ? ['redis-lost', 'redis-slow'] : ['redis-slow'];
}

function lookAtRentals({ capacity, now, threshold }: AlertFacts): Reading[] {
  const soon = capacity.rentals().filter(({ endsAt }) => now >= endsAt - threshold('rental-ending') * 60_000);
  return soon.map(({ hostId, endsAt, lastSafeAt }) => {
    const over = now >= endsAt;
    const whose = hostId === null ? '' : ` of ${hostId}`;
    const there = hostId === null ? '' : ' there';
    const safe =
      lastSafeAt === null || over
        ? ''
        : now < lastSafeAt
          ? ` What is submitted after ${clock(lastSafeAt)} may not be finished${there} by then.`
          : ` What is submitted now may not be finished${there} by then.`;
    const left = Math.ceil((endsAt - now) / 60_000) * 60_000;
    return reading('rental-ending', hostId === null ? String(endsAt) : `${hostId}/${endsAt}`, 'over', {
      severity: over ? 'fail' : 'warn',
      text: over
        ? `The rental${whose} ended at ${clock(endsAt)}, as it was entered. The machine may go away, or go on costing.`
        : `The rental${whose} ends at ${clock(endsAt)}, in ${span(Math.max(left, 60_000))}.${safe}`,
      action: { kind: 'open', place: 'capacity' },
    });
  });
}

function lookAtHistory({ notKept }: AlertFacts): Reading[] {
  if (notKept === null) return [];
  return [
    reading('history-not-kept', '', 'over', {
      severity: 'warn',
      text: `Not all that happens now will stand in the recap and the charts after this console is closed. ${quoted(notKept, 400)}`,
      action: { kind: 'open', place: 'recap' },
    }),
  ];
}

function lookAtConsole({ snapshot }: AlertFacts): Reading[] {
  if (!snapshot.notice) return [];
  return [
    reading('console-notice', '', 'over', {
      severity: 'warn',
      text: quoted(snapshot.notice, 300),
      action: null,
    }),
  ];
}
