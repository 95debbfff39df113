import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseVpsFindings } from '../../../src-main/domain/deploy/vps-findings.ts';
import { LOOK_AT_VPS } from '../../../src-main/services/deploy/delivery-scripts.ts';
import { type OwnRootMachines, startOwnRootMachines } from '../../support/own-root-machine.ts';

/* A user without any rights asks the real sshd, under configurations as they are met. */

const LINE = 'restrict,command="internal-sftp" ssh-ed25519 AAAA worker-agent@h100';
let all: OwnRootMachines<'vps'> | undefined;

beforeAll(async () => {
  const start = await startOwnRootMachines(['vps']);
  if (start.kind === 'unavailable') return console.log(start.reason);
  all = start.all;
  await all.machines.vps.run(
    `useradd -m -p '*' -s /bin/bash dev
mkdir -p /home/dev/.ssh /etc/ssh/keys
printf '%s\\n' "$1" > /home/dev/.ssh/authorized_keys
chown -R dev: /home/dev`,
    LINE,
  );
});
afterAll(() => all?.close());

test.each<[string, string, { keyFile: string; keysClosed: unknown; lines: string[]; strays?: string[] }]>([
  ['the usual files', '', { keyFile: '', keysClosed: null, lines: [LINE] }],
  [
    'another file of the home folder',
    'AuthorizedKeysFile .config/keys/%u',
    // What stands in the usual one is of no use there, and is to go.
    { keyFile: '/home/dev/.config/keys/dev', keysClosed: null, lines: [], strays: [LINE] },
  ],
  [
    'one of several that may be written',
    'AuthorizedKeysFile /etc/ssh/keys/%u %h/.keys',
    { keyFile: '/home/dev/.keys', keysClosed: null, lines: [], strays: [LINE] },
  ],
  [
    'a folder of the system',
    'AuthorizedKeysFile /etc/ssh/keys/%u',
    { keyFile: '', keysClosed: { kind: 'elsewhere', file: '/etc/ssh/keys/dev' }, lines: [LINE] },
  ],
  [
    'a user of a Match block',
    'Match User dev\n  AuthorizedKeysFile /etc/ssh/keys/%U',
    {
      keyFile: '',
      keysClosed: { kind: 'elsewhere', file: expect.stringMatching(/^\/etc\/ssh\/keys\/\d+$/) },
      lines: [LINE],
    },
  ],
  [
    'no keys at all',
    'PubkeyAuthentication no',
    { keyFile: '', keysClosed: { kind: 'refused' }, lines: [LINE] },
  ],
])('%s', async (_, config, found) => {
  const vps = all?.machines.vps;
  if (!vps) return;
  await vps.run(
    `[ -f /etc/ssh/plain ] || cp /etc/ssh/sshd_config /etc/ssh/plain
{ cat /etc/ssh/plain; printf '%s\\n' "$1"; } > /etc/ssh/sshd_config`,
    config,
  );
  const asked = () =>
    vps.run(
      'runuser -u dev -- env HOME=/home/dev sh -c "$1" sh worker-agent@h100 6379 "" ""; ls /tmp | wc -l',
      LOOK_AT_VPS,
    );
  const text = await asked();
  expect(parseVpsFindings(text)).toMatchObject(found);
  // The key that it is asked with does not stay.
  expect(text.trim().split('\n').at(-1)).toBe('0');
});
