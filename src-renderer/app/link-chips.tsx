import { Popover } from '@mantine/core';
import { memo } from 'react';
import { clockText, spanText } from '../components/format.ts';
import { ToneIcon } from '../components/state-mark.tsx';
import { type Tone, toneColor } from '../components/tone.ts';
import { describeLink } from '../features/stage/describe-link.ts';
import { factsOf } from '../features/stage/facts.ts';
import { healthOf, lastHeard } from '../features/stage/host-health.ts';
import { useNow } from '../live/clock.ts';
import { type LiveState, useLive } from '../live/store.ts';
import styles from './shell.module.css';

interface Chip {
  name: string;
  short: string;
  tone: Tone;
  sentence: string;
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
      {(JSON.parse(chips) as Chip[]).map(({ name, short, tone, sentence }) => (
        <li key={name}>
          <Popover width={320} position="bottom-end">
            <Popover.Target>
              <button
                type="button"
                className={styles.chip}
                style={{ '--tone': toneColor(tone) } as React.CSSProperties}
                title={sentence}
              >
                <ToneIcon tone={tone} size="0.8125rem" />
                {name} <b>{short}</b>
              </button>
            </Popover.Target>
            <Popover.Dropdown>{sentence}</Popover.Dropdown>
          </Popover>
        </li>
      ))}
    </ul>
  );
});

function chipsOf(state: LiveState, now: number): Chip[] {
  if (!state.known || state.name === null) return [];
  const { links, line } = state;
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
    { name: 'Redis', ...describeLink('Redis', links.redis, now) },
    { name: 'GPU ssh', ...describeLink('SSH to the GPU host', links.gpuHost, now) },
    { name: 'VPS ssh', ...describeLink('SSH to the VPS', links.vps, now) },
    agentChip(state, now),
  ];
}

function agentChip(state: LiveState, now: number): Chip {
  const facts = factsOf(state);
  const hosts = Object.values(state.hosts);
  const [only] = hosts;
  if (!only)
    return { name: 'Agent', short: 'none yet', tone: 'off', sentence: 'No agent has ever reported here.' };
  const judged = hosts.map((host) => healthOf(host, facts, now).kind);
  const fine = judged.filter((kind) => kind === 'reporting').length;
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
  const version = only.status ? only.status.agentVersion.slice(0, 20) : 'not heard yet';
  const tone = judged[0] === 'reporting' ? 'ok' : judged[0] === 'unreachable' ? 'off' : 'fail';
  return {
    name: 'Agent',
    short: `${version}${age}`,
    tone,
    sentence: only.status
      ? `The agent on ${only.id} is version ${version}, runtime ${only.status.runtime}${heard === null ? '' : `, last heard ${spanText(now - heard)} ago`}.`
      : `The agent on ${only.id} has not reported yet.`,
  };
}
