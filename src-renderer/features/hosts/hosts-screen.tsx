import { Button, Loader } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { goTo, useAskedHost } from '../../components/navigate.ts';
import { useDeployments } from '../../live/deploy-verbs.ts';
import { useLive } from '../../live/store.ts';
import { HostPanel } from './host-panel.tsx';
import styles from './hosts.module.css';
import { ProviderNotes } from './provider-notes.tsx';

/** Comes into sight when it is the machine that was asked for. */
function Asked({ here, children }: { here: boolean; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!here) return;
    box.current?.scrollIntoView({ block: 'start' });
    box.current?.focus({ preventScroll: true });
  }, [here]);
  return (
    <div ref={box} tabIndex={here ? -1 : undefined} className={here ? styles.asked : undefined}>
      {children}
    </div>
  );
}

/** Every GPU host: what is on it, what would be done, and the press that does it. */
export function HostsScreen() {
  const views = useDeployments();
  const asked = useAskedHost();
  const lost = useLive(({ line }) => line.kind === 'lost');
  if (!views)
    return (
      <p className={styles.empty} role="status">
        <Loader size="xs" /> The list of machines is being read.
      </p>
    );
  return (
    <div className={styles.screen}>
      {views.length === 0 && (
        <div className={styles.empty}>
          <p>
            This workshop has no GPU host yet. Once it has one, it stands here, and one press puts the agent
            on it.
          </p>
          <Button onClick={() => goTo('setup')}>Add a GPU host</Button>
        </div>
      )}
      {views.map((view) => (
        <Asked key={view.targetId} here={view.targetId === asked}>
          <HostPanel view={view} stale={lost} />
        </Asked>
      ))}
      <ProviderNotes />
    </div>
  );
}
