import { Loader } from '@mantine/core';
import { useDeployments } from '../../live/deploy-verbs.ts';
import { useLive } from '../../live/store.ts';
import { HostPanel } from './host-panel.tsx';
import styles from './hosts.module.css';
import { ProviderNotes } from './provider-notes.tsx';

/** Every GPU host: what is on it, what would be done, and the press that does it. */
export function HostsScreen() {
  const views = useDeployments();
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
        <p className={styles.empty}>
          This workshop has no GPU host yet. Add one to the workshop; it then stands here, and one press puts
          the agent on it.
        </p>
      )}
      {views.map((view) => (
        <HostPanel key={view.targetId} view={view} stale={lost} />
      ))}
      <ProviderNotes />
    </div>
  );
}
