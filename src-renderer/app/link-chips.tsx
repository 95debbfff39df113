import { Popover, VisuallyHidden } from '@mantine/core';
import { memo, useState } from 'react';
import { needsALook, type TailnetWords } from '../components/machines/describe-tailnet.ts';
import { MachineActs } from '../components/machines/machine-acts.tsx';
import { TailnetNotes } from '../components/machines/tailnet-notes.tsx';
import { ToneIcon } from '../components/state-mark.tsx';
import { toneColor } from '../components/tone.ts';
import { useNow } from '../live/clock.ts';
import { useLive } from '../live/store.ts';
import { ChipSteps } from './chip-steps.tsx';
import { type Chip, chipsOf } from './chips.ts';
import styles from './shell.module.css';

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

function LinkChip({ name, short, tone, sentence, machineId, steps = [], tailnets = [] }: Chip) {
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
        {machineId !== undefined && <MachineActs id={machineId} left={() => open(false)} />}
        <ChipSteps steps={steps} done={() => open(false)} />
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
