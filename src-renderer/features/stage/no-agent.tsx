import { Code } from '@mantine/core';
import { useLive } from '../../live/store.ts';
import styles from './first-run.module.css';

/** Redis is there, but no agent ever reported: how one comes to be. */
export function NoAgent() {
  const address = useLive((state) => state.redisAddress);
  return (
    <section className={styles.card} aria-labelledby="no-agent">
      <h2 id="no-agent">Waiting for a GPU host</h2>
      <p>
        The worker-agent on the GPU host connects to the same Redis{address ? ` (${address})` : ''} and
        appears here within a second. Jobs that participants submit meanwhile wait safely in the queue.
      </p>
      <p style={{ marginBottom: '0.375rem' }}>On the GPU host, with the workshop's .env file:</p>
      <Code block>worker-agent run --env-file .env</Code>
    </section>
  );
}
