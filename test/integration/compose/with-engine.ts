import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { type ComposeHost, startComposeHost } from './compose-host.ts';

/** Containers start slowly on a machine that does other things besides. */
const PATIENCE_MS = 180_000;

/** The test function of a file whose tests share one private Docker engine; each starts on an empty machine. */
export async function testsWithEngine() {
  const start = await startComposeHost();
  if (start.kind === 'unavailable') console.log(`skipped: ${start.reason}`);
  afterEach(async () => {
    if (start.kind === 'ready') await start.host.clear();
  });
  afterAll(async () => {
    if (start.kind === 'ready') await start.host.stop();
  });
  return (name: string, body: (context: { host: ComposeHost }) => Promise<void>) =>
    test.skipIf(start.kind === 'unavailable')(
      name,
      async () => {
        if (start.kind === 'ready') await body({ host: start.host });
      },
      PATIENCE_MS,
    );
}

/** Names of the running containers. */
export async function containers({ engine }: ComposeHost): Promise<string[]> {
  return (await engine.docker('ps', '--format', '{{.Names}}')).split('\n').filter(Boolean).sort();
}

/** Differs as soon as a container was made anew or restarted. */
export async function lifeOf({ engine }: ComposeHost, name: string): Promise<string> {
  return (await engine.docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', name)).trim();
}

/** A prompt that runs for a minute without a sign of life. */
export async function submitLongPrompt(port: number): Promise<void> {
  const prompt = {
    '1': { class_type: 'SilentImage', inputs: { seconds: 600, seed: 1, hold_gil: false } },
    '2': { class_type: 'TextOut', inputs: { image: ['1', 0] } },
  };
  const answer = await fetch(`http://127.0.0.1:${port}/prompt`, {
    method: 'POST',
    body: JSON.stringify({ prompt, client_id: 'test' }),
  });
  expect(await answer.text()).toContain('"node_errors": {}');
  await vi.waitFor(
    async () => {
      const text = await (await fetch(`http://127.0.0.1:${port}/api/jobs?status=in_progress`)).text();
      expect(text).toContain('in_progress');
    },
    { timeout: 10_000 },
  );
}
