import { Button, FileButton, Group, TextInput } from '@mantine/core';
import { type DragEvent, type FormEvent, useState } from 'react';
import type { WorkshopProfile } from '../../../src-main/api/types.ts';
import { Panel } from '../../components/panel.tsx';
import { type EnvSource, useFindEnv, useReadEnv } from '../../live/setup-verbs.ts';
import { EnvReview } from './env-review.tsx';
import { beginImport, endImport, useImport } from './import-store.ts';
import styles from './setup.module.css';
import { useTakeEnv } from './take-env.ts';

/** The VPS's .env on its way to a GPU host: where it comes from, the reviewed plan, the proof. */
export function EnvPanel({ profile }: { profile: WorkshopProfile }) {
  const { draft, problem } = useImport();
  const [over, setOver] = useState(false);
  const [path, setPath] = useState('');
  const read = useReadEnv(beginImport, (error) => useImport.setState({ problem: error }));
  const find = useFindEnv();
  const from = (source: EnvSource) => {
    useImport.setState({ problem: null });
    read.mutate(source);
  };
  const given = useTakeEnv((error) => useImport.setState({ problem: error }));
  const take = (file: File | null | undefined) => {
    useImport.setState({ problem: null });
    if (file) void given.take(file);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0]);
  };
  const typed = (event: FormEvent) => {
    event.preventDefault();
    if (path.trim() !== '') from({ from: profile.vps ? 'vps' : 'file', path: path.trim() });
  };
  return (
    <Panel
      title="The .env of the VPS"
      aside={
        draft && (
          <Button size="compact-sm" variant="default" onClick={endImport}>
            Begin anew
          </Button>
        )
      }
    >
      {draft ? (
        <EnvReview draft={draft} profile={profile} />
      ) : (
        // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the buttons do the same.
        <div
          className={`${styles.drop} ${over ? styles.over : ''}`}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={drop}
        >
          <p className={styles.text}>
            It holds how to reach Redis. Read it from the VPS, choose it on this computer, or drop it on this
            window. You review every key before anything is written.
          </p>
          <Group>
            {profile.vps && (
              <Button onClick={() => find.mutate()} loading={find.isPending}>
                Look for it on the VPS
              </Button>
            )}
            <FileButton onChange={take}>
              {(button) => (
                <Button variant={profile.vps ? 'default' : 'filled'} loading={given.isPending} {...button}>
                  Choose a file…
                </Button>
              )}
            </FileButton>
          </Group>
          {find.data && (
            <ul className={styles.list} aria-label="Files found on the VPS">
              {find.data.length === 0 && <li>No .env that names Redis was found. Enter its path below.</li>}
              {find.data.map((found) => (
                <li key={found}>
                  <code className={styles.path}>{found}</code>
                  <Button
                    size="compact-sm"
                    variant="light"
                    loading={read.isPending}
                    onClick={() => from({ from: 'vps', path: found })}
                  >
                    Read it
                  </Button>
                </li>
              ))}
            </ul>
          )}
          <form onSubmit={typed} className={styles.row}>
            <TextInput
              label={profile.vps ? 'Its path on the VPS' : 'Its path on this computer'}
              placeholder="/home/dev/comfyui-workshop/.env"
              value={path}
              maxLength={1000}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setPath(event.currentTarget.value)}
              className={styles.wide}
            />
            <Button type="submit" variant="default" loading={read.isPending}>
              Read it
            </Button>
          </form>
          {problem && (
            <div className={styles.problem} role="alert">
              {problem.message} <span>{problem.remedy}</span>
            </div>
          )}
        </div>
      )}
    </Panel>
  );
}
