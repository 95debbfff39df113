import { describe, expect, test } from 'vitest';
import { keyLine, publicKeyIn } from '../../../../src-main/domain/deploy/agent-key.ts';
import {
  type DeliveryFacts,
  finishedFiles,
  planDelivery,
  planWithdrawal,
  type VpsLook,
} from '../../../../src-main/domain/deploy/delivery.ts';
import { parseVpsFindings } from '../../../../src-main/domain/deploy/vps-findings.ts';
import { gatherEnvironment, readConfig } from '../../../../worker-agent/src/agent/config.ts';

const KEY = `ssh-ed25519 AAAA${'b'.repeat(64)}`;
const OUTPUTS = '/home/dev/platform/data/outputs';
const HOST_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKDqt4VZtkCqGvmvV7bq0O5zCkV4sVQ2zRn9nU1eF9aM';

const seen = (more = '', line = 'none'): VpsLook => {
  const found = parseVpsFindings(
    [
      more,
      'user=dev',
      'port=2222',
      `hostkey=${HOST_KEY}`,
      'outputs=writable',
      'inputs=readable',
      `line=${line}`,
    ]
      .filter(Boolean)
      .join('\n'),
  );
  if (!found) throw new Error('not readable');
  return { kind: 'seen', found };
};
const facts: DeliveryFacts = {
  vps: seen(),
  redisHost: '100.99.216.71',
  imported: { VPS_OUTPUTS_PATH: OUTPUTS, VPS_INPUTS_PATH: '/home/dev/platform/data/inputs' },
  present: {},
  publicKey: null,
  root: '/root/agent',
  hostId: 'rented-h100',
  machine: 'Rented H100',
  skip: false,
};
const plan = (more: Partial<DeliveryFacts> = {}) => planDelivery({ ...facts, ...more });
const KEPT = { VPS_SSH_HOST: '100.1.1.1', VPS_OUTPUTS_PATH: '/old', VPS_SSH_USER: 'dev' };
const away: VpsLook = { kind: 'away', why: 'The VPS does not answer.', remedy: 'Check that it runs.' };

describe('the way to participants’ files', () => {
  test('is planned with the exact commands, and with keys that the agent takes', () => {
    const { step, entries } = plan();
    expect(step).toMatchObject({ id: 'delivery', state: 'needed', skippable: true });
    expect(step?.commands).toEqual([
      '# on Rented H100',
      "ssh-keygen -q -t ed25519 -N '' -C worker-agent@rented-h100 -f /root/agent/keys/vps",
      '# on the VPS, as dev, in place of an older line of worker-agent@rented-h100',
      `echo 'restrict,command="internal-sftp" ssh-ed25519 (the public half of that key) worker-agent@rented-h100' >> ~/.ssh/authorized_keys`,
    ]);
    const agent = { REDIS_HOST: '100.99.216.71', COMFYUI_URLS: 'http://127.0.0.1:8188', ...entries };
    expect(readConfig(gatherEnvironment(undefined, agent))).toMatchObject({
      kind: 'valid',
      config: {
        vps: {
          ...{ host: '100.99.216.71', port: 2222, user: 'dev', keyFile: '/root/agent/keys/vps' },
          ...{ outputsPath: OUTPUTS, inputsPath: '/home/dev/platform/data/inputs' },
        },
      },
    });
  });

  test('is in place once key and line stand', () => {
    expect(plan({ publicKey: KEY, vps: seen('', 'present') }).step?.state).toBe('done');
    expect(plan({ publicKey: KEY, vps: seen('', 'other') }).step?.state).toBe('needed');
    expect(plan({ publicKey: KEY }).step?.commands.join('\n')).not.toContain('ssh-keygen');
    expect(plan({ publicKey: KEY }).step?.commands.join('\n')).toContain(keyLine(KEY, 'rented-h100'));
  });

  test.each<[string, Partial<DeliveryFacts>, string, RegExp]>([
    ['a VPS that is away', { vps: away }, 'HOST_UNREACHABLE', /does not answer/],
    ['no known folder', { imported: {} }, 'CONFIG', /not known where participants/],
    ['a missing folder', { vps: seen('outputs=missing') }, 'HOST_FILE', /is not there on the VPS/],
    ['a folder of others', { vps: seen('outputs=readable') }, 'HOST_FILE', /dev may not write to/],
    [
      'folders that Docker made',
      { vps: seen('locked=user001\nlocked=user002') },
      'HOST_FILE',
      /2 participants’ folders below .*: user001, user002\./,
    ],
  ])('%s is named, with a way on and one without it', (_, more, code, words) => {
    const { step, entries } = plan(more);
    expect(step).toMatchObject({ state: 'blocked', skippable: true, problem: { code } });
    expect(step?.problem?.message).toMatch(words);
    expect(step?.problem?.remedy).toMatch(
      /\. Or leave this out: finished files then stay on this machine\.$/,
    );
    expect(entries).toEqual({});
  });

  test('left out, not one of its keys is there', () => {
    expect(plan({ skip: true, present: KEPT })).toMatchObject({ entries: {}, step: { state: 'skipped' } });
  });

  test('an upgrade never stops it: what the agent has is kept while the VPS is away or of no login', () => {
    for (const vps of [away, { kind: 'none' }] as const)
      expect(plan({ vps, present: KEPT })).toMatchObject({ entries: KEPT, step: { state: 'done' } });
    expect(plan({ vps: away, present: KEPT }).step?.why).toContain('keeps the way that it has');
    expect(plan({ imported: {}, present: KEPT }).entries.VPS_OUTPUTS_PATH).toBe('/old');
  });

  test('without a login to a VPS there is no step', () => {
    expect(plan({ vps: { kind: 'none' } })).toEqual({ step: null, entries: {} });
  });

  test('what a person wrote into workshop.env is respected', () => {
    const own = { VPS_SSH_HOST: 'files.example', VPS_SSH_USER: 'anna', VPS_OUTPUTS_PATH: '/srv' };
    const { step, entries } = plan({ imported: { ...own, REDIS_HOST: 'x' }, skip: true });
    expect(entries).toEqual(own);
    expect(step).toMatchObject({ state: 'done', skippable: false });
  });

  test('inputs that cannot be read are not fetched, and that is said', () => {
    const { step, entries } = plan({ vps: seen('inputs=closed') });
    expect(entries).not.toHaveProperty('VPS_INPUTS_PATH');
    expect(step?.why).toContain('is not fetched: dev cannot read /home/dev/platform/data/inputs');
  });

  test('where files are follows from the agent’s configuration', () => {
    expect(finishedFiles(plan().entries, '/a')).toEqual({ on: 'vps', path: OUTPUTS });
    expect(finishedFiles({}, '/a')).toEqual({ on: 'here', path: '/a/state/outputs' });
    expect(finishedFiles({ OUTPUTS_PATH: '/mnt/out' }, '/a')).toEqual({ on: 'here', path: '/mnt/out' });
  });
});

describe('taking it back', () => {
  const withdraw = (vps: VpsLook, hasKey = true) => planWithdrawal(vps, { hostId: 'h', hasKey });
  test('the line goes; a VPS that is away holds nothing up, and what stays behind is said', () => {
    expect(withdraw(seen('', 'other'))).toMatchObject({ id: 'withdraw', state: 'needed' });
    expect(withdraw(seen())).toMatchObject({ state: 'done' });
    expect(withdraw(away)).toMatchObject({
      state: 'skipped',
      why: expect.stringContaining('the line of worker-agent@h stays'),
    });
    expect(withdraw(away, false)).toMatchObject({ state: 'done', why: expect.stringContaining('not known') });
    expect(withdraw({ kind: 'none' })).toBeNull();
  });
});

describe('what a rented machine says of its key', () => {
  test.each([
    `${KEY}\nssh-ed25519 AAAA${'c'.repeat(64)}`,
    `command="sh" ${KEY}`,
    `${KEY}' ; rm -rf ~ #\r\n`,
    'ssh-ed25519 AAAAshort',
    '',
  ])('%j gets into no authorized_keys', (text) => {
    expect(publicKeyIn(text)).toBeUndefined();
  });
  test('a key is one', () => {
    expect(publicKeyIn(`${KEY} worker-agent@h\n`)).toBe(KEY);
  });
});

describe('reading a look at the VPS', () => {
  test('hostile and broken lines do no harm', () => {
    expect(parseVpsFindings('user=a b')).toBeUndefined();
    const read = parseVpsFindings('user=dev\nport=99999\nhostkey=ssh-rsa x,y\noutputs=maybe\nline=?\n=x');
    expect(read).toEqual({
      ...{ user: 'dev', port: null, hostKeys: [], outputs: 'missing', inputs: 'missing' },
      ...{ locked: [], line: 'none' },
    });
  });
});
