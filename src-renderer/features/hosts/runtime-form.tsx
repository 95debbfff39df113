import { Autocomplete, Button, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { DeployView } from '../../../src-main/api/types.ts';
import { useChooseRuntime } from '../../live/deploy-verbs.ts';
import { skippedIn } from './deploy-words.ts';
import styles from './hosts.module.css';

type Runtime = DeployView['choices']['runtime'];

const RUNTIMES = [
  { value: '', label: 'As the machine allows' },
  { value: 'compose', label: 'In Docker (compose)' },
  { value: 'process', label: 'Started by the agent (process)' },
  { value: 'external', label: 'Runs already (external)' },
];

const WORDS = {
  compose: 'ComfyUI runs in Docker containers that the agent makes.',
  process: 'The agent starts ComfyUI itself.',
  external: 'ComfyUI is run by somebody else.',
} as const;

/** How ComfyUI is to run on a machine; kept on this laptop, used from the next look on. */
export function RuntimeForm({ view }: { view: DeployView }) {
  const [choices, setChoices] = useState(view.choices);
  const choose = useChooseRuntime();
  const { targetId, phase } = view;
  const busy = phase === 'running' || phase === 'stopping' || phase === 'looking';
  const set = (change: Partial<DeployView['choices']>) => setChoices((before) => ({ ...before, ...change }));
  const shown = choices.runtime ?? view.runtime;
  return (
    <details className={styles.fold}>
      <summary>How ComfyUI runs{view.runtime ? `: ${WORDS[view.runtime]}` : ''}</summary>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          choose.mutate({ targetId, choices, skip: skippedIn(view) });
        }}
      >
        <NativeSelect
          label="Runtime"
          data={RUNTIMES}
          value={choices.runtime ?? ''}
          onChange={({ currentTarget: { value } }) => set({ runtime: runtimeOf(value) })}
        />
        {shown === 'compose' && (
          <TextInput
            label="Image"
            placeholder="built there"
            value={choices.image}
            onChange={(event) => set({ image: event.currentTarget.value })}
          />
        )}
        {shown === 'process' && (
          <TextInput
            label="Command, with {port}"
            placeholder="starts the ComfyUI found there"
            value={choices.command}
            onChange={(event) => set({ command: event.currentTarget.value })}
          />
        )}
        {shown === 'external' && (
          <TextInput
            label="Addresses, with commas"
            placeholder="http://127.0.0.1:8188"
            value={choices.urls}
            onChange={(event) => set({ urls: event.currentTarget.value })}
          />
        )}
        {shown !== 'external' && (
          <Autocomplete
            label="Folder of the models"
            placeholder={view.modelsPath ?? 'none was found'}
            data={view.modelFolders}
            value={choices.modelsPath}
            onChange={(modelsPath) => set({ modelsPath })}
          />
        )}
        {shown !== 'external' && (
          <NumberInput
            label="First port of the workers"
            placeholder="as configured, usually 8188"
            value={choices.basePort ?? ''}
            min={1024}
            max={65_000}
            allowDecimal={false}
            allowNegative={false}
            thousandSeparator={false}
            hideControls
            onChange={(port) => set({ basePort: typeof port === 'number' ? port : null })}
          />
        )}
        <Button type="submit" variant="default" disabled={busy} loading={choose.isPending}>
          Keep and look again
        </Button>
      </form>
    </details>
  );
}

function runtimeOf(value: string): Runtime {
  return value === 'compose' || value === 'process' || value === 'external' ? value : null;
}
