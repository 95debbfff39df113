import { Popover, VisuallyHidden } from '@mantine/core';
import { memo, useState } from 'react';
import type { MachineView } from '../../src-main/api/types.ts';
import { describeLink } from '../components/describe-link.ts';
import { clockText, spanText } from '../components/format.ts';
import { chipName, describeMachine } from '../components/machines/describe-machine.ts';
import {
  describeOwnTailnet,
  describeTailnet,
  needsALook,
  type TailnetWords,
} from '../components/machines/describe-tailnet.ts';
import { MachineActs } from '../components/machines/machine-acts.tsx';
import { TailnetNotes } from '../components/machines/tailnet-notes.tsx';
import { ToneIcon } from '../components/state-mark.tsx';
import { type Tone, toneColor } from '../components/tone.ts';
import { factsOf } from '../features/stage/facts.ts';
import { type HostHealth, healthOf, lastHeard } from '../features/stage/host-health.ts';
import { useNow } from '../live/clock.ts';
import { type LiveState, useLive } from '../live/store.ts';
import styles from './shell.module.css';

interface Chip {
  name: string;
  short: string;
  tone: Tone;
  sentence: string;
  /** A machine whose link can be acted on. */
  machineId?: string;
  /** How Tailscale stands at the ends of this link. */
  tailnets?: TailnetWords[];
}

/** Each way to the workshop with its state; the whole sentence on hover or focus. */
export function LinkChips() {
  const now = useNow();
  const chips = useLive((state) => JSON.stringify(chipsOf(state, now)));
  return <Chips chips={chips} />;
}

const Chips = memo(function Chips({ chips }: { chips: string }) {
  return (
    <ul className={styles.chips} aria-label="Links">
      {(JSON.parse(chips) as Chip[]).map((chip) => (
        <li key={chip.machineId ?? chip.name}>
          <LinkChip {...chip} />
        </li>
      ))}
    </ul>
  );
});

function LinkChip({ name, short, tone, sentence, machineId, tailnets = [] }: Chip) {
  const [opened, open] = useState(false);
  return (
    <Popover width={340} position="bottom-end" opened={opened} onChange={open}>
      <Popover.Target>
        <button
          type="button"
          className={styles.chip}
          style={{ '--tone': toneColor(tone) } as React.CSSProperties}
          title={[sentence, ...tailnets.filter(needsALook).map((one) => one.sentence)].join(' ')}
          onClick={() => open(!opened)}
          onKeyDown={({ key }) => key === 'Escape' && open(false)}
        >
          <ToneIcon tone={tone} size="0.8125rem" />
          {name} <b>{short}</b>
          {tone !== 'fail' && <TailnetMark tailnets={tailnets} />}
        </button>
      </Popover.Target>
      <Popover.Dropdown style={{ overflowWrap: 'anywhere' }}>
        {sentence}
        <TailnetNotes tailnets={tailnets} />
        {machineId !== undefined && <MachineActs id={machineId} />}
      </Popover.Dropdown>
    </Popover>
  );
}

/** A link may still stand while Tailscale at one of its ends is about to cut it, or slows it down. */
function TailnetMark({ tailnets }: { tailnets: TailnetWords[] }) {
  const off = tailnets.filter(needsALook);
  if (off.length === 0) return null;
  const tone = off.some((one) => one.tone === 'fail') ? 'fail' : 'warn';
  return (
    <span className={styles.tailnet} style={{ color: toneColor(tone) }}>
      <ToneIcon tone={tone} size="0.8125rem" />
      <VisuallyHidden>, Tailscale needs a look</VisuallyHidden>
    </span>
  );
}

function chipsOf(state: LiveState, now: number): Chip[] {
  if (!state.known) return [];
  const { line } = state;
  if (line.kind === 'lost')
    return [
      {
        name: 'Console',
        short: 'lost',
        tone: 'fail',
        sentence: `This window does not reach the console since ${clockText(line.since, now)}; the other links are not known.`,
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
  return { name: 'Redis', ...describeLink('Redis', links.redis, now), tailnets };
}

function machineChip(machine: MachineView, now: number): Chip {
  const { tone, short, sentence } = describeMachine(machine, now);
  const tailnet = describeTailnet(machine, now);
  return {
    ...{ name: chipName(machine), short, tone, sentence, machineId: machine.id },
    tailnets: tailnet ? [tailnet] : [],
  };
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
  const hosts = Object.values(state.hosts);
  const [only] = hosts;
  if (!only)
    return { name: 'Agent', short: 'none yet', tone: 'off', sentence: 'No agent has ever reported here.' };
  const judged = hosts.map((host) => healthOf(host, facts, now));
  const fine = judged.filter(({ kind }) => kind === 'reporting').length;
  if (hosts.length > 1)
    return {
      name: 'Agents',
      short: fine === hosts.length ? `${fine} reporting` : `${fine} of ${hosts.length}`,
      tone: fine === hosts.length ? 'ok' : 'warn',
      sentence: `${fine} of ${hosts.length} agents report.`,
    };
  const heard = lastHeard(only, state.clockOffsetMs);
  const age = heard === null ? '' : now - heard > 3000 ? `, ${spanText(now - heard)} ago` : '';
  if (only.mismatch !== null)
    return { name: 'Agent', short: 'other version', tone: 'fail', sentence: only.mismatch };
  const [health] = judged;
  if (health?.kind === 'stopped')
    return {
      name: 'Agent',
      short: 'stopped',
      tone: 'warn',
      sentence: `The agent on ${only.id} was stopped${health.since === null ? '' : ` at ${clockText(health.since, now)}`}. It takes no job until it is deployed on the Hosts screen, or started there.`,
    };
  const version = only.status ? only.status.agentVersion.slice(0, 20) : 'not heard yet';
  const tone = AGENT_TONES[health?.kind ?? 'unreachable'];
  return {
    name: 'Agent',
    short: `${version}${age}`,
    tone,
    sentence: only.status
      ? `The agent on ${only.id} is version ${version}, runtime ${only.status.runtime}${heard === null ? '' : `, last heard ${spanText(now - heard)} ago`}.`
      : `The agent on ${only.id} has not reported yet.`,
  };
}
