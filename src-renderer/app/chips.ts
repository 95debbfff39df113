import type { HostView, LinkState, MachineView } from '../../src-main/api/types.ts';
import { describeLink, wantsPassword } from '../components/describe-link.ts';
import { clockText, spanText } from '../components/format.ts';
import { chipName, describeMachine } from '../components/machines/describe-machine.ts';
import {
  describeOwnTailnet,
  describeTailnet,
  type TailnetWords,
} from '../components/machines/describe-tailnet.ts';
import type { Tone } from '../components/tone.ts';
import { absencesOf } from '../features/stage/describe-agents.ts';
import { factsOf, isReached } from '../features/stage/facts.ts';
import { type HostHealth, healthOf, lastHeard } from '../features/stage/host-health.ts';
import type { LiveState } from '../live/store.ts';

/** What a person may do next about a way to the workshop, the likeliest first. */
export type ChipStep =
  | { kind: 'redis-now'; words: string }
  | { kind: 'redis-password' }
  | { kind: 'setup' }
  /** null: whichever host it will be. */
  | { kind: 'host'; hostId: string | null }
  | { kind: 'log'; hostId: string };

/** One way to the workshop as the header shows it. */
export interface Chip {
  name: string;
  short: string;
  tone: Tone;
  sentence: string;
  /** A machine whose link can be acted on; its acts stand with the machine. */
  machineId?: string;
  steps?: ChipStep[];
  /** How Tailscale stands at the ends of this link. */
  tailnets?: TailnetWords[];
}

/** @param now local epoch ms. */
export function chipsOf(state: LiveState, now: number): Chip[] {
  if (!state.known) return [];
  const { line } = state;
  if (line.kind === 'lost')
    return [
      {
        name: 'Console',
        short: 'lost',
        tone: 'fail',
        // There is nothing to press: it is dialled every few seconds, and a page that is loaded anew loses the figures.
        sentence: `This window does not reach the console since ${clockText(line.since, now)}; the other links are not known. It connects again as soon as the console answers; if it does not, start the console again.`,
      },
    ];
  return [
    ...(state.name === null ? [] : [redisChip(state, now)]),
    // This computer is not linked to; what Tailscale says on it stands with Redis.
    ...state.machines.filter(({ local }) => !local).map((machine) => machineChip(machine, now)),
    ...(state.name === null ? [] : [agentChip(state, now)]),
  ];
}

function redisChip({ links, tailnet, machines }: LiveState, now: number): Chip {
  const tailnets = [
    ...(tailnet ? [describeOwnTailnet(tailnet, now)] : []),
    ...machines.flatMap((machine) =>
      (machine.role === 'vps' || machine.local) && machine.tailnet?.needed
        ? (describeTailnet(machine, now) ?? [])
        : [],
    ),
  ];
  return {
    ...{ name: 'Redis', ...describeLink('Redis', links.redis, now), tailnets },
    steps: redisSteps(links.redis),
  };
}

function redisSteps(link: LinkState): ChipStep[] {
  const tryNow: ChipStep = { kind: 'redis-now', words: 'Try now' };
  if (wantsPassword(link)) return [{ kind: 'redis-password' }, tryNow];
  switch (link.kind) {
    case 'idle':
    case 'lost':
      return [tryNow, { kind: 'setup' }];
    case 'connecting':
      return [{ kind: 'setup' }];
    case 'degraded':
      return [{ kind: 'redis-now', words: 'Connect anew' }, { kind: 'setup' }];
    case 'ready':
      return [{ kind: 'redis-now', words: 'Prove it now' }, { kind: 'setup' }];
  }
}

function machineChip(machine: MachineView, now: number): Chip {
  const { tone, short, sentence } = describeMachine(machine, now);
  const tailnet = describeTailnet(machine, now);
  return {
    ...{ name: chipName(machine), short, tone, sentence, machineId: machine.id },
    tailnets: tailnet ? [tailnet] : [],
  };
}

/** Where it is mended, or looked at: its host, and the log where it has once spoken. */
function agentSteps(host: HostView, health: HostHealth, redis: LinkState): ChipStep[] {
  const there: ChipStep = { kind: 'host', hostId: host.id };
  const log: ChipStep = { kind: 'log', hostId: host.id };
  switch (health.kind) {
    // Nothing can be said about it until Redis is back.
    case 'unreachable':
      return redisSteps(redis);
    case 'silent':
      return [there, log];
    case 'unheard':
    case 'mismatch':
    case 'stopped':
      return [there];
    case 'reporting':
    case 'stopping':
      return [log, there];
  }
}

const AGENT_TONES: Readonly<Record<HostHealth['kind'], Tone>> = {
  reporting: 'ok',
  stopping: 'warn',
  stopped: 'warn',
  unheard: 'warn',
  unreachable: 'off',
  mismatch: 'fail',
  silent: 'fail',
};

function agentChip(state: LiveState, now: number): Chip {
  const facts = factsOf(state);
  const { redis } = state.links;
  const hosts = Object.values(state.hosts);
  const [only] = hosts;
  if (!only && !isReached(facts) && state.queueAt === null)
    return {
      ...{ name: 'Agent', short: 'not known', tone: 'off' },
      sentence: 'Whether an agent reports here is not known before Redis is reached.',
      steps: redisSteps(redis),
    };
  if (!only)
    return {
      ...{ name: 'Agent', short: 'none yet', tone: 'off', sentence: 'No agent has ever reported here.' },
      steps: [{ kind: 'host', hostId: null }],
    };
  const judged = hosts.map((host) => ({ host, health: healthOf(host, facts, now) }));
  if (hosts.length > 1) return agentsChip(judged, absencesOf(facts, now), redis);
  const heard = lastHeard(only, state.clockOffsetMs);
  const age = heard === null ? '' : now - heard > 3000 ? `, ${spanText(now - heard)} ago` : '';
  const health = healthOf(only, facts, now);
  const steps = agentSteps(only, health, redis);
  if (only.mismatch !== null)
    return { name: 'Agent', short: 'other version', tone: 'fail', sentence: only.mismatch, steps };
  if (health.kind === 'stopped')
    return {
      ...{ name: 'Agent', short: 'stopped', tone: 'warn', steps },
      sentence: `The agent on ${only.id} was stopped${health.since === null ? '' : ` at ${clockText(health.since, now)}`}. It takes no job until it is deployed on the Hosts screen, or started there.`,
    };
  const version = only.status ? only.status.agentVersion.slice(0, 20) : 'not heard yet';
  return {
    ...{ name: 'Agent', short: `${version}${age}`, tone: AGENT_TONES[health.kind], steps },
    sentence: only.status
      ? `The agent on ${only.id} is version ${version}, runtime ${only.status.runtime}${heard === null ? '' : `, last heard ${spanText(now - heard)} ago`}.`
      : `The agent on ${only.id} has not reported yet.`,
  };
}

/** Several: those that need a look are led to by name. */
function agentsChip(
  judged: readonly { host: HostView; health: HostHealth }[],
  absences: readonly string[],
  redis: LinkState,
): Chip {
  const fine = judged.filter(({ health }) => health.kind === 'reporting').length;
  const all = fine === judged.length;
  const off = judged.filter(({ health }) => health.kind !== 'reporting');
  const led: ChipStep[] = off.slice(0, 4).map(({ host: { id } }) => ({ kind: 'host', hostId: id }));
  const steps: ChipStep[] = off.some(({ health }) => health.kind === 'unreachable')
    ? redisSteps(redis)
    : all
      ? [{ kind: 'host', hostId: null }]
      : led;
  return {
    name: 'Agents',
    short: all ? `${fine} reporting` : `${fine} of ${judged.length}`,
    tone: all ? 'ok' : 'warn',
    sentence: [`${fine} of ${judged.length} agents report.`, ...absences].join(' '),
    steps,
  };
}
