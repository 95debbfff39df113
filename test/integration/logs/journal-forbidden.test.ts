import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { followJournal } from '../../../src-main/services/logs/follow-journal.ts';
import { openLogTail } from '../../../src-main/services/logs/log-tail.ts';
import { until } from '../main/until.ts';

/** What journalctl of systemd 252 prints, by who may not read. */
const REFUSES = `Hint: You are currently not seeing messages from other users and the system.
      Users in groups 'adm', 'systemd-journal' can see all messages.
      Pass -q to turn off this notice.
No journal files were opened due to insufficient permissions.`;

async function stateOf(says: string) {
  const dir = await mkdtemp(join(tmpdir(), 'journal-'));
  await writeFile(join(dir, 'journalctl'), `#!/bin/sh\ncat >&2 <<'END'\n${says}\nEND\nexit 1\n`, {
    mode: 0o755,
  });
  const host = createLocalHost({
    label: 'the H100',
    env: { ...process.env, PATH: `${dir}:${process.env.PATH}` },
  });
  const tail = openLogTail({
    open: async () => host,
    follower: followJournal('worker-agent', false),
    secrets: async () => [],
  });
  try {
    return await until('it is lost', () => tail.state.kind === 'lost' && tail.state);
  } finally {
    tail.close();
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

test('a journal that the user may not read is told apart from one that is not there: only the first can be opened', async () => {
  const refused = await stateOf(REFUSES);
  expect(refused).toMatchObject({ forbidden: true });
  expect(refused.why).toMatch(/^The user who logs in may not read the journal on the H100\./);
  const missing = await stateOf('No journal files were found.');
  expect(missing.forbidden).toBeUndefined();
  expect(missing.why).toMatch(/^The journal on the H100 cannot be read\./);
});
