import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { correctionOf } from '../../../src-main/services/env-import/env-edits.ts';
import { createRemedies } from '../../../src-main/services/remedies/remedies.ts';
import { parseEnvText } from '../../../worker-agent/src/contract/env-text.ts';

/* The platform's .env is edited by the real script on this machine; only docker is a double. */

const SECRET = 'pä$$ word';
const TEXT = `# of spring\r\nexport A="two\nQUEUE_MODE=inside quotes"\nREDIS_PASSWORD='${SECRET}'\nQUEUE_MODE=round-robin   # as agreed\nB=1`;
let home: string;
let file: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'env-key-'));
  mkdirSync(join(home, 'bin'));
  mkdirSync(join(home, 'platform'));
  file = join(home, 'platform/.env');
  writeFileSync(file, TEXT);
  chmodSync(file, 0o640);
  if (process.getuid?.() === 0) execFileSync('chown', ['1234:2345', file]);
  writeFileSync(join(home, 'platform/docker-compose.yml'), 'services: {}\n');
});
afterEach(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

/** @param up what `docker compose up` ends with. */
function remediesWith(up: number) {
  const docker = `#!/bin/sh
echo "$*" >> ${home}/calls
case "$*" in
  'compose up '*) grep '^QUEUE_MODE=round' .env >> ${home}/modes; exit ${up} ;;
  'compose ps -q '*) echo 0123456789ab ;;
  'inspect '*) echo 'running 0 2026-11-28T09:00:00Z healthy' ;;
esac
`;
  writeFileSync(join(home, 'bin/docker'), docker, { mode: 0o755 });
  const host = createLocalHost({ label: 'the VPS', env: { HOME: home, PATH: `${home}/bin:/usr/bin:/bin` } });
  const remedies = createRemedies({
    host: async () => host,
    env: {
      platform: () => null,
      correction: (_, key) => correctionOf(file, parseEnvText(TEXT), key),
      folder: () => null,
      completion: () => Promise.reject(new Error('no import here')),
    },
    outputs: () => null,
    mended: async () => {},
    teller: () => () => {},
  });
  const at = { machineId: 'vps', remedy: 'set-env-key', draftId: 'one', subject: 'QUEUE_MODE' } as const;
  return {
    plan: () => remedies.plan(at),
    async press() {
      const { commands } = await remedies.plan(at);
      return remedies.carryOut({ ...at, commands, sudoPassword: null });
    },
  };
}
const beside = () => readdirSync(join(home, 'platform')).sort();
const owner = (path: string) => {
  const { mode, uid, gid } = statSync(path);
  return [mode & 0o777, uid, gid];
};
const nothingLeft = () =>
  expect(readdirSync(home).filter((name) => name.startsWith('.workshop-console'))).toEqual([]);

test('of the whole file one value changes; who owns it stays, and the old one is kept', async () => {
  const before = owner(file);
  const { plan, press } = remediesWith(0);
  const { commands, hits } = await plan();
  expect(commands).toEqual([
    `QUEUE_MODE=round_robin   # in ${file}`,
    'docker compose up -d --no-deps queue-manager',
  ]);
  expect(JSON.stringify([commands, hits])).not.toContain(SECRET);
  await press();
  expect(readFileSync(file, 'utf8')).toBe(TEXT.replace('round-robin', 'round_robin'));
  expect(owner(file)).toEqual(before);
  const [old = ''] = beside().filter((name) => name.endsWith('.bak'));
  expect(old).toMatch(/^\.env\.\d{4}-\d\d-\d\dT[\d-]+\.bak$/);
  expect(readFileSync(join(home, 'platform', old), 'utf8')).toBe(TEXT);
  expect(owner(join(home, 'platform', old))).toEqual(before);
  expect(readFileSync(join(home, 'calls'), 'utf8')).not.toContain(SECRET);
  nothingLeft();
});

test('where compose fails, the file is as it was and the service is started with it', async () => {
  const before = owner(file);
  await expect(remediesWith(1).press()).rejects.toMatchObject({
    code: 'HOST_COMMAND',
    message: expect.stringContaining('the .env is as it was'),
  });
  expect(readFileSync(file, 'utf8')).toBe(TEXT);
  expect(owner(file)).toEqual(before);
  expect(readFileSync(join(home, 'modes'), 'utf8')).toMatch(
    /^QUEUE_MODE=round_robin.*\nQUEUE_MODE=round-robin/,
  );
  nothingLeft();
});

test('a file that somebody changed meanwhile is not touched', async () => {
  const { press } = remediesWith(0);
  writeFileSync(file, `${TEXT}\nC=2\n`);
  await expect(press()).rejects.toMatchObject({ message: expect.stringContaining('changed since') });
  expect(readFileSync(file, 'utf8')).toBe(`${TEXT}\nC=2\n`);
  expect(beside()).toEqual(['.env', 'docker-compose.yml']);
  nothingLeft();
});

test('without a compose file beside it nothing begins', async () => {
  rmSync(join(home, 'platform/docker-compose.yml'));
  await expect(remediesWith(0).press()).rejects.toMatchObject({
    message: expect.stringContaining('No compose file'),
  });
  expect(readFileSync(file, 'utf8')).toBe(TEXT);
  expect(beside()).toEqual(['.env']);
});
