import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { JobDetail, OutputPreview } from '../../../src-main/api/types.ts';
import { cut, plural, sizeText } from '../../components/format.ts';
import { usePreview } from '../../live/job-detail.ts';
import styles from './job-drawer.module.css';

/** The files that a job made; each is fetched only when somebody wants to see it. */
export function JobOutputs({ jobId, detail }: { jobId: string; detail: JobDetail }) {
  const { outputs, moreOutputs, outputsFrom } = detail;
  if (outputs.length === 0) return null;
  return (
    <section aria-label="Files">
      <h3 className={styles.heading}>{plural(outputs.length + moreOutputs, 'file')}</h3>
      <p className={styles.dim}>
        {outputsFrom === null
          ? 'This console has no way to the files themselves.'
          : `Fetched from ${cut(outputsFrom, 120)} when you look at them.`}
      </p>
      <ul className={styles.files}>
        {outputs.map((file, index) => (
          <OneFile
            key={`${file.nodeId}/${file.name}`}
            jobId={jobId}
            index={index}
            name={file.name}
            canShow={
              outputsFrom !== null && (file.media === 'image' || file.media === 'video') && !file.temporary
            }
          />
        ))}
      </ul>
      {moreOutputs > 0 && <p className={styles.dim}>{`and ${plural(moreOutputs, 'more file')}.`}</p>}
    </section>
  );
}

function OneFile(props: { jobId: string; index: number; name: string; canShow: boolean }) {
  const { jobId, index, name } = props;
  const [shown, setShown] = useState(false);
  const { preview, error } = usePreview(jobId, index, shown);
  return (
    <li>
      <span className={styles.fileName}>{cut(name, 200)}</span>
      {props.canShow && (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`${shown ? 'Hide' : 'Show'} ${cut(name, 60)}`}
          onClick={() => setShown(!shown)}
        >
          {shown ? 'Hide' : 'Show'}
        </Button>
      )}
      {shown && error && <p className={styles.problem}>{`${error.message} ${error.remedy ?? ''}`}</p>}
      {shown && preview && <Picture preview={preview} name={name} />}
    </li>
  );
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
    case 'too-large':
      return (
        <p
          className={styles.dim}
        >{`It has ${sizeText(preview.bytes)}, more than the ${sizeText(preview.most)} that are shown here.`}</p>
      );
    case 'no-picture':
      return (
        <p className={styles.dim}>
          It is neither a picture nor a video that can be shown, whatever its name says.
        </p>
      );
    case 'missing':
      return <p className={styles.dim}>It is not where it should be; it may have been moved or deleted.</p>;
    case 'no-way':
      return <p className={styles.dim}>This console has no way to the files.</p>;
  }
}
