import { Button, Code } from '@mantine/core';
import { goTo } from '../../components/navigate.ts';
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
      <p>
        <Button onClick={() => goTo('hosts')}>Put the agent on a GPU host</Button>
      </p>
      <p style={{ marginBottom: '0.375rem' }}>Or by hand on the GPU host, with the workshop's .env file:</p>
      <Code block>worker-agent run --env-file .env</Code>
    </section>
  );
}
