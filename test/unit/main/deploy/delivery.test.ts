import { describe, expect, test } from 'vitest';
import { keyLine, publicKeyIn } from '../../../../src-main/domain/deploy/agent-key.ts';
import {
  type DeliveryFacts,
  finishedFiles,
  planDelivery,
  planWithdrawal,
  type VpsLook,
} from '../../../../src-main/domain/deploy/delivery.ts';
import { planTunnel } from '../../../../src-main/domain/deploy/tunnel.ts';
import { parseVpsFindings } from '../../../../src-main/domain/deploy/vps-findings.ts';
import { gatherEnvironment, readConfig } from '../../../../worker-agent/src/agent/config.ts';

const KEY = `ssh-ed25519 AAAA${'b'.repeat(64)}`;
const OUTPUTS = '/home/dev/platform/data/outputs';
const HOST_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKDqt4VZtkCqGvmvV7bq0O5zCkV4sVQ2zRn9nU1eF9aM';

const line = (permit: string | null = null, key = KEY) => `line=${keyLine(key, 'rented-h100', permit)}`;
const seen = (more = '', lines = ''): VpsLook => {
  const found = parseVpsFindings(
    [more, 'user=dev', 'port=2222', `hostkey=${HOST_KEY}`, 'outputs=writable', 'inputs=readable', lines]
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
  keygen: true,
  tunnel: null,
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
    const state = (lines: string) => plan({ publicKey: KEY, vps: seen('', lines) }).step?.state;
    expect(state(line())).toBe('done');
    for (const other of [
      line(null, `ssh-ed25519 AAAA${'c'.repeat(64)}`),
      line('10.0.0.1:1'),
      `${line()}\n${line()}`,
    ])
      expect(state(other)).toBe('needed');
    expect(plan({ publicKey: KEY }).step?.commands.join('\n')).not.toContain('ssh-keygen');
    expect(plan({ publicKey: KEY }).step?.commands.join('\n')).toContain(keyLine(KEY, 'rented-h100', null));
  });

  test.each<[string, Partial<DeliveryFacts>, string, RegExp, string | null]>([
    ['a VPS that is away', { vps: away }, 'HOST_UNREACHABLE', /does not answer/, null],
    ['no known folder', { imported: {} }, 'CONFIG', /not known where participants/, null],
    [
      'an import that did not ask for the folder',
      { imported: { REDIS_PASSWORD: 'x' } },
      'CONFIG',
      /not known where participants/,
      'complete-import on the host',
    ],
    [
      'a missing folder',
      { vps: seen('outputs=missing') },
      'HOST_FILE',
      /is not there on/,
      'open-folder on the vps',
    ],
    [
      'a folder of others',
      { vps: seen('outputs=readable') },
      'HOST_FILE',
      /may not write to/,
      'open-folder on the vps',
    ],
    [
      'an sshd that reads keys where nobody may write',
      { vps: seen('keysof=/etc/ssh/keys/dev') },
      'HOST_FILE',
      /reads the keys of dev from \/etc\/ssh\/keys\/dev only/,
      null,
    ],
    [
      'a GPU host that makes no keys',
      { keygen: false },
      'HOST_UNSUITABLE',
      /has no ssh-keygen/,
      'install-ssh-client on the host',
    ],
    ['an sshd without keys', { vps: seen('keys=refused') }, 'HOST_UNSUITABLE', /takes no keys of dev/, null],
    [
      'folders that Docker made',
      { vps: seen('locked=user001\nlocked=user002') },
      'HOST_FILE',
      /2 participants’ folders below .*: user001, user002\./,
      'open-folder on the vps',
    ],
  ])('%s is named, with a way on and one without it', (_, more, code, words, remedy) => {
    const { step, entries, mend } = plan(more);
    expect(mend && `${mend.remedy} on the ${mend.on}`).toBe(remedy);
    expect(step?.problem?.remedy).not.toMatch(/sudo|mkdir|chown/);
    expect(step).toMatchObject({ state: 'blocked', skippable: true, problem: { code } });
    expect(step?.problem?.message).toMatch(words);
    expect(step?.problem?.remedy).toMatch(
      /\. Or leave this out: finished files then stay on this machine\.$/,
    );
    expect(entries).toEqual({});
  });

  test('the line is shown where sshd reads it', () => {
    const commands = (more: string) => plan({ vps: seen(more) }).step?.commands.join('\n');
    expect(commands('')).toContain('>> ~/.ssh/authorized_keys');
    expect(commands('keyfile=/home/dev/.keys')).toContain('>> /home/dev/.keys');
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
    expect(plan({ vps: { kind: 'none' } })).toEqual({ step: null, entries: {}, permit: null, mend: null });
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

describe('Redis through the SSH of the VPS', () => {
  const redis = { host: '100.99.216.71', port: 6380 };
  const pod = { container: true, tailscale: { installed: false, addresses: [] as string[] } };
  const tunnel = (
    more: {
      machine?: Partial<typeof pod>;
      told?: string;
      login?: string;
      left?: boolean;
      host?: string;
    } = {},
  ) => {
    const look = seen(more.told ?? 'address=100.99.216.71\naddress=10.0.0.5\naddress=203.0.113.9');
    if (look.kind !== 'seen') throw new Error('not seen');
    return planTunnel({ ...pod, ...more.machine }, { ...redis, host: more.host ?? redis.host }, look.found, {
      ...{ login: more.login ?? 'vps.example', withoutTailscale: more.left ?? false },
    });
  };

  test('is for a pod outside of the tailnet, and elsewhere for who leaves Tailscale out', () => {
    expect(tunnel()).toEqual({ sshHost: 'vps.example', redisHost: redis.host, redisPort: 6380 });
    expect(tunnel({ machine: { container: false } })).toBeNull();
    expect(tunnel({ machine: { container: false }, left: true })).not.toBeNull();
    expect(tunnel({ machine: { tailscale: { installed: true, addresses: ['100.64.0.7'] } } })).toBeNull();
    expect(tunnel({ host: '203.0.113.9' })).toBeNull();
  });

  test('goes to an address that the machine can know, and none is made up', () => {
    expect(tunnel({ login: '100.99.216.71' })?.sshHost).toBe('203.0.113.9');
    expect(tunnel({ login: 'my-vps' })?.sshHost).toBe('203.0.113.9');
    expect(tunnel({ login: 'my-vps', told: 'address=192.168.1.4' })).toBeNull();
  });

  test('asks Redis where it listens on the VPS', () => {
    const at = (told: string) => tunnel({ told })?.redisHost;
    expect(at('looked=yes\nlisten=127.0.0.1')).toBe('127.0.0.1');
    expect(at('looked=yes\nlisten=0.0.0.0\nlisten=127.0.0.1')).toBe(redis.host);
    expect(at('looked=yes')).toBe(redis.host);
  });

  test('opens that one port to the key, and tells the agent', () => {
    const way = plan({ tunnel: tunnel({ told: 'looked=yes\nlisten=127.0.0.1' }) });
    expect(way.permit).toBe('127.0.0.1:6380');
    expect(way.step?.commands.at(-1)).toContain(
      `restrict,port-forwarding,permitopen="127.0.0.1:6380",command="internal-sftp"`,
    );
    const agent = { REDIS_HOST: redis.host, COMFYUI_URLS: 'http://127.0.0.1:8188', ...way.entries };
    expect(readConfig(gatherEnvironment(undefined, agent))).toMatchObject({
      kind: 'valid',
      config: { redis: { host: '127.0.0.1', port: 6380, through: { host: 'vps.example', user: 'dev' } } },
    });
    expect(plan({ vps: away, present: way.entries }).entries).toEqual(way.entries);
  });
});

describe('taking it back', () => {
  const withdraw = (vps: VpsLook, hasKey = true) => planWithdrawal(vps, { hostId: 'h', hasKey });
  test('the line goes; a VPS that is away holds nothing up, and what stays behind is said', () => {
    expect(withdraw(seen('', line()))).toMatchObject({ id: 'withdraw', state: 'needed' });
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
    const read = parseVpsFindings(
      'user=dev\nport=99999\nhostkey=ssh-rsa x,y\noutputs=maybe\nline=\naddress=x\nlisten=y\n=x',
    );
    expect(read).toEqual({
      ...{ user: 'dev', port: null, hostKeys: [], outputs: 'missing', inputs: 'missing' },
      ...{ locked: [], lines: [], addresses: [], redis: null, strays: [], keyFile: '', keysClosed: null },
    });
  });
});
