import { Button, Code } from '@mantine/core';
import { goTo } from '../../components/navigate.ts';
import { useLive } from '../../live/store.ts';
import { isReached } from './facts.ts';
import styles from './first-run.module.css';

/** Redis is there, but no agent ever reported: how one comes to be. Before it is there, nobody knows. */
export function NoAgent() {
  const address = useLive((state) => state.redisAddress);
  const known = useLive((state) => isReached(state) || state.queueAt !== null);
  if (!known)
    return (
      <section className={styles.card} aria-labelledby="no-agent">
        <h2 id="no-agent">What runs is not known yet</h2>
        <p>Agents, workers and jobs appear here as soon as Redis is reached.</p>
      </section>
    );
  return (
    <section className={styles.card} aria-labelledby="no-agent">
      <h2 id="no-agent">Waiting for a GPU host</h2>
      <p>
        The worker-agent on the GPU host connects to the same Redis{address ? ` (${address})` : ''} and
        appears here within a second. Jobs that participants submit meanwhile wait safely in the queue.
      </p>
      <p>
        <Button onClick={() => goTo('hosts')}>Put the agent on a GPU host</Button>
      </p>
      <p style={{ marginBottom: '0.375rem' }}>Or by hand on the GPU host, with the workshop's .env file:</p>
      <Code block>worker-agent run --env-file .env</Code>
    </section>
  );
}
