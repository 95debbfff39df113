import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { FilePart, JobDetail, OutputPreview, OutputsFrom } from '../../../src-main/api/types.ts';
import { cut, plural, sizeText } from '../../components/format.ts';
import { describeMachine } from '../../components/machines/describe-machine.ts';
import { MachineActs } from '../../components/machines/machine-acts.tsx';
import { useNow } from '../../live/clock.ts';
import { type Saving, usePreview, useSaveFile } from '../../live/job-detail.ts';
import { useLive } from '../../live/store.ts';
import styles from './job-drawer.module.css';

/** The files that a job made; each is fetched only when somebody wants to see or save it. */
export function JobOutputs({ jobId, detail }: { jobId: string; detail: JobDetail }) {
  const { outputs, moreOutputs, outputsFrom } = detail;
  if (outputs.length === 0) return null;
  return (
    <section aria-label="Files">
      <h3 className={styles.heading}>{plural(outputs.length + moreOutputs, 'file')}</h3>
      <Whence from={outputsFrom} />
      <ul className={styles.files}>
        {outputs.map(({ nodeId, name, media, temporary }, index) => (
          <OneFile
            key={`${nodeId}/${name}`}
            {...{ jobId, index, name }}
            canSave={outputsFrom.kind === 'there' && !temporary}
            isPicture={media === 'image' || media === 'video'}
          />
        ))}
      </ul>
      {moreOutputs > 0 && <p className={styles.dim}>{`and ${plural(moreOutputs, 'more file')}.`}</p>}
    </section>
  );
}

/** Where the files are, and what to do while the way there does not stand. */
function Whence({ from }: { from: OutputsFrom }) {
  const now = useNow();
  const machine = useLive(({ machines }) =>
    from.kind === 'there' ? machines.find(({ id }) => id === from.machineId) : undefined,
  );
  if (from.kind === 'no-way')
    return <p className={styles.problem}>{`${cut(from.why, 400)} ${cut(from.remedy, 400)}`}</p>;
  const stands = !machine || machine.link.kind === 'ready' || machine.link.kind === 'degraded';
  if (stands) return <p className={styles.dim}>{`Fetched from ${cut(from.label, 300)} when looked at.`}</p>;
  return (
    <>
      <p className={styles.dim}>{`On ${cut(from.label, 300)}, which cannot be reached now.`}</p>
      <p className={styles.problem}>{cut(describeMachine(machine, now).sentence, 400)}</p>
      <MachineActs id={machine.id} />
    </>
  );
}

function OneFile(props: {
  jobId: string;
  index: number;
  name: string;
  canSave: boolean;
  isPicture: boolean;
}) {
  const { jobId, index, name, canSave } = props;
  const [shown, setShown] = useState(false);
  const { preview, error } = usePreview(jobId, index, shown);
  const { saving, save, stop } = useSaveFile(jobId, index, name);
  const short = cut(name, 60);
  return (
    <li>
      <span className={styles.fileName}>{cut(name, 200)}</span>
      {canSave && props.isPicture && (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`${shown ? 'Hide' : 'Show'} ${short}`}
          onClick={() => setShown(!shown)}
        >
          {shown ? 'Hide' : 'Show'}
        </Button>
      )}
      {canSave && (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`${saving.kind === 'running' ? 'Stop saving' : 'Save as…'} ${short}`}
          onClick={saving.kind === 'running' ? stop : save}
        >
          {saving.kind === 'running' ? 'Stop' : 'Save as…'}
        </Button>
      )}
      <SavingWords saving={saving} />
      {shown && error && <p className={styles.problem}>{`${error.message} ${error.remedy ?? ''}`}</p>}
      {shown && !error && !preview && <p className={styles.dim}>It is being fetched …</p>}
      {shown && preview && <Picture preview={preview} name={name} />}
    </li>
  );
}

function SavingWords({ saving }: { saving: Saving }) {
  switch (saving.kind) {
    case 'idle':
      return null;
    case 'running':
      return <p className={styles.dim}>{`${Math.floor(saving.share * 100)} % fetched.`}</p>;
    case 'saved':
      return (
        <p className={styles.dim} role="status">
          It was handed over for saving.
        </p>
      );
    case 'failed':
      return (
        <p
          className={styles.problem}
          role="status"
        >{`It was not saved. ${saving.message} ${saving.remedy}`}</p>
      );
    case 'refused':
      return <NotThere answer={saving.answer} />;
  }
}

/** Why there is nothing to show or to save. */
function NotThere({ answer }: { answer: Exclude<FilePart, { kind: 'part' }> }) {
  switch (answer.kind) {
    case 'too-large':
      return (
        <p className={styles.dim}>
          {`It has ${sizeText(answer.bytes)}, more than the ${sizeText(answer.most)} that are fetched here. Whoever made it finds it in their own files.`}
        </p>
      );
    case 'missing':
      return (
        <p className={styles.dim}>
          {answer.late > 0
            ? `It is not there. ${plural(answer.late, 'file')} of that GPU host ${answer.late === 1 ? 'is' : 'are'} still on the way to the VPS; look again in a while.`
            : 'It is not where it should be; it may have been moved or deleted.'}
        </p>
      );
    case 'no-way':
      return <p className={styles.problem}>{`${answer.why} ${answer.remedy}`}</p>;
  }
}

function Picture({ preview, name }: { preview: OutputPreview; name: string }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (preview.kind !== 'image' && preview.kind !== 'video') return;
    if (preview.kind === 'image') return setUrl(`data:${preview.mime};base64,${preview.base64}`);
    const bytes = Uint8Array.from(atob(preview.base64), (letter) => letter.charCodeAt(0));
    const made = URL.createObjectURL(new Blob([bytes], { type: preview.mime }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [preview]);
  switch (preview.kind) {
    case 'image':
      return url ? <img className={styles.picture} src={url} alt={cut(name, 100)} /> : null;
    case 'video':
      // biome-ignore lint/a11y/useMediaCaption: what participants made has no captions.
      return url ? <video className={styles.picture} src={url} controls aria-label={cut(name, 100)} /> : null;
    case 'no-picture':
      return (
        <p className={styles.dim}>
          It is neither a picture nor a video that can be shown, whatever its name says.
        </p>
      );
    default:
      return <NotThere answer={preview} />;
  }
}
