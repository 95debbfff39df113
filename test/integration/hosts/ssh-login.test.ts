import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HostLink } from '../../../src-main/connections/hosts/host-link.ts';
import { makeKey, type SshServer, startSshServer } from '../../support/ssh-server.ts';
import { until } from '../main/until.ts';
import { confirmKey, createHostsRig, type HostsRig, readyLink, stateOf } from './hosts-rig.ts';
import { startPasswordServer } from './password-server.ts';

let server: SshServer;
let rig: HostsRig;

beforeAll(async () => {
  server = await startSshServer();
});
beforeEach(() => {
  rig = createHostsRig();
});
afterEach(() => rig.close());
afterAll(() => server.close());

test('a machine that nobody has seen is asked about, with its fingerprint, and remembered as OpenSSH does', async () => {
  const link = await readyLink(rig, server);
  const found = execFileSync(
    'ssh-keygen',
    ['-F', `[127.0.0.1]:${server.port}`, '-f', join(rig.home, '.ssh/known_hosts')],
    { encoding: 'utf8' },
  );
  expect(found).toContain('ssh-ed25519');
  link.disconnect();
  expect(link.state.kind).toBe('idle');
  link.connect();
  await stateOf(link, 'ready');
});

test('a machine that was not confirmed gets nothing, until the person connects again', async () => {
  const link = rig.open({ port: server.port, user: server.user, keyFile: server.keyFile });
  const { question } = await stateOf(link, 'asking');
  await expect(link.host.exec(['true'])).rejects.toThrow('waits for an answer');
  await link.answer('another question', []);
  expect(link.state.kind).toBe('asking');
  await link.answer(question.id, null);
  expect(link.state).toMatchObject({ kind: 'refused', code: 'HOST_KEY_UNKNOWN' });
  expect(rig.knownHosts()).toBe('');
  link.connect();
  await confirmKey(link, server);
  await stateOf(link, 'ready');
});

test('a hashed known_hosts is read, and stays hashed', async () => {
  const first = await readyLink(rig, server);
  first.close();
  const file = join(rig.home, '.ssh/known_hosts');
  execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
  expect(rig.knownHosts()).not.toContain('127.0.0.1');
  const link = rig.open({ port: server.port, user: server.user, keyFile: server.keyFile });
  await stateOf(link, 'ready');
  const other = await startSshServer();
  try {
    await readyLink(rig, other);
    expect(
      rig
        .knownHosts()
        .split('\n')
        .filter((line) => line.startsWith('|1|')),
    ).toHaveLength(2);
  } finally {
    await other.close();
  }
});

test('a changed host key stops everything and says what it means; forgetting the old one asks anew', async () => {
  const other = await startSshServer();
  try {
    const link = await readyLink(rig, other);
    await other.changeHostKey();
    const { code, why, remedy, stranger } = await stateOf(link, 'refused');
    expect(code).toBe('HOST_KEY_CHANGED');
    expect(why).toContain(other.fingerprint);
    expect(why).toContain('known_hosts:1');
    expect(remedy).toContain('set up anew');
    await expect(link.host.exec(['true'])).rejects.toMatchObject({ code: 'HOST_LINK_LOST' });
    await expect(link.forgetHostKey('another machine')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(stranger).toBe(`the VPS (${other.user}@127.0.0.1)`);
    await link.forgetHostKey(stranger ?? '');
    const { question } = await stateOf(link, 'asking');
    expect(question).toMatchObject({ kind: 'host-key' });
    expect(JSON.stringify(question)).not.toContain(other.fingerprint);
    await link.answer(question.id, []);
    await stateOf(link, 'ready');
    expect(existsSync(join(rig.home, '.ssh/known_hosts.old'))).toBe(true);
  } finally {
    await other.close();
  }
});

test('a locked key is asked for once: wrong, right, and then not again', async () => {
  const keyFile = join(rig.home, 'locked');
  makeKey(keyFile, 'sesame');
  server.authorize(`${keyFile}.pub`);
  const link = rig.open({ port: server.port, user: server.user, keyFile });
  await confirmKey(link, server);
  const first = await stateOf(link, 'asking', ({ question }) => question.kind === 'passphrase');
  expect(first.question).toMatchObject({ keyFile, again: false });
  await link.answer(first.question.id, ['wrong']);
  const second = await stateOf(
    link,
    'asking',
    ({ question }) => question.kind === 'passphrase' && question.again,
  );
  expect(JSON.stringify(second)).not.toContain('wrong');
  await link.answer(second.question.id, ['sesame']);
  await stateOf(link, 'ready');
  server.killSessions();
  await stateOf(link, 'lost');
  await stateOf(link, 'ready');
});

test('a locked key without its passphrase is refused by name', async () => {
  const keyFile = join(rig.home, 'locked');
  makeKey(keyFile, 'sesame');
  const link = rig.open({ port: server.port, user: server.user, keyFile });
  await confirmKey(link, server);
  const { question } = await stateOf(link, 'asking', (state) => state.question.kind === 'passphrase');
  await link.answer(question.id, null);
  const refused = await stateOf(link, 'refused');
  expect(refused).toMatchObject({ code: 'HOST_PASSPHRASE' });
  expect(refused.remedy).toContain('ssh-add');
});

test('a key that the machine does not know is refused with what was tried', async () => {
  const keyFile = join(rig.home, 'stranger');
  makeKey(keyFile);
  const link = rig.open({ port: server.port, user: server.user, keyFile });
  await confirmKey(link, server);
  const refused = await stateOf(link, 'refused');
  expect(refused).toMatchObject({ code: 'HOST_AUTH' });
  expect(refused.why).toContain(keyFile);
});

test('the agent lets in without any key file', async () => {
  const socket = join(rig.home, 'agent.sock');
  const agent: ChildProcess = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  const mine = createHostsRig(undefined, socket);
  try {
    await until('the agent listens', () => existsSync(socket));
    execFileSync('ssh-add', ['-q', server.keyFile], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    const link = mine.open({ port: server.port, user: server.user });
    await confirmKey(link, server);
    await stateOf(link, 'ready');
  } finally {
    mine.close();
    agent.kill();
  }
});

test('~/.ssh/config: alias, port, user, key, and a jump host', async () => {
  const jump = await startSshServer();
  try {
    writeFileSync(join(rig.home, 'jump.key'), readFileSync(jump.keyFile), { mode: 0o600 });
    rig.config(
      [
        'Include extra.conf',
        `Host gpu\n  HostName 127.0.0.1\n  Port ${server.port}\n  User ${server.user}`,
        `  IdentityFile "${server.keyFile}"\n  ProxyJump bastion`,
      ].join('\n'),
    );
    writeFileSync(
      join(rig.home, '.ssh/extra.conf'),
      `Host bastion\n  HostName 127.0.0.1\n  Port ${jump.port}\n  User ${jump.user}\n  IdentityFile ~/jump.key\n`,
    );
    const link = rig.open({ host: 'gpu' });
    await confirmKey(link, jump);
    await until('the next question', () => rig.knownHosts() !== '' && link.state.kind === 'asking');
    await confirmKey(link, server);
    await stateOf(link, 'ready');
    const { stdout } = await link.run(['sh', '-c', 'echo "$SSH_CONNECTION"']);
    expect(stdout.trim().endsWith(` ${server.port}`)).toBe(true);
    expect(jump.sessions()).toBeGreaterThan(0);
    jump.killSessions();
    await stateOf(link, 'lost');
    await stateOf(link, 'ready');
  } finally {
    await jump.close();
  }
});

/** Settings for two jumps in a row to `server`, each of which is met once. */
async function throughTwoJumps(): Promise<{ jumps: [SshServer, SshServer]; link: HostLink }> {
  const jumps: [SshServer, SshServer] = [await startSshServer(), await startSshServer()];
  const [first, second] = jumps;
  const hop = (name: string, to: SshServer, before: string) =>
    `Host ${name}\n  HostName 127.0.0.1\n  Port ${to.port}\n  User ${to.user}\n  IdentityFile "${to.keyFile}"\n${before}`;
  rig.config(
    [
      hop('first', first, ''),
      hop('second', second, '  ProxyJump first\n'),
      hop('gpu', server, '  ProxyJump second\n'),
    ].join(''),
  );
  const link = rig.open({ host: 'gpu' });
  for (const met of [first, second, server]) {
    await stateOf(
      link,
      'asking',
      ({ question }) => 'fingerprint' in question && question.fingerprint === met.fingerprint,
    );
    await confirmKey(link, met);
  }
  await stateOf(link, 'ready');
  return { jumps, link };
}

test('only the machine on the way that shows another key is forgotten; it is named, and the others stay known', async () => {
  const { jumps, link } = await throughTwoJumps();
  const [first, second] = jumps;
  const linesOf = ({ port }: SshServer) =>
    rig
      .knownHosts()
      .split('\n')
      .filter((line) => line.startsWith(`[127.0.0.1]:${port} `));
  try {
    const known = [linesOf(first), linesOf(server)];
    const [before] = linesOf(second);
    await second.changeHostKey();
    const { why, stranger } = await stateOf(link, 'refused');
    expect(why).toContain(second.fingerprint);
    expect(stranger).toBe(`the jump host ${second.user}@127.0.0.1`);
    await link.forgetHostKey(stranger ?? '');
    // Asked at once about that one, and about no other.
    const { question } = await stateOf(link, 'asking');
    expect(question).toMatchObject({ kind: 'host-key', machine: `${second.user}@127.0.0.1:${second.port}` });
    expect([linesOf(first), linesOf(server)]).toEqual(known);
    expect(linesOf(second)).toEqual([]);
    await link.answer(question.id, []);
    await stateOf(link, 'ready');
    expect(linesOf(second)).toHaveLength(1);
    expect(linesOf(second)).not.toEqual([before]);
  } finally {
    for (const jump of jumps) await jump.close();
  }
});

describe('what is known to all users of this computer', () => {
  const keyOf = (one: SshServer) => readFileSync(one.hostKeyFile, 'utf8').split(' ').slice(0, 2).join(' ');
  const name = (one: SshServer) => `[127.0.0.1]:${one.port}`;
  const target = (one: SshServer) => ({ port: one.port, user: one.user, keyFile: one.keyFile });

  test('lets in without a question, and nothing is written', async () => {
    writeFileSync(rig.systemKnownHosts, `# kept by the school\n${name(server)} ${keyOf(server)}\n`);
    const before = readFileSync(rig.systemKnownHosts, 'utf8');
    await stateOf(rig.open(target(server)), 'ready');
    expect(rig.knownHosts()).toBe('');
    expect(readFileSync(rig.systemKnownHosts, 'utf8')).toBe(before);
  });

  test('another key there is refused with the line, and is not for the console to forget', async () => {
    const other = await startSshServer();
    try {
      writeFileSync(rig.systemKnownHosts, `${name(server)} ${keyOf(other)}\n`);
      const link = rig.open(target(server));
      const { code, why, remedy, stranger } = await stateOf(link, 'refused');
      expect(code).toBe('HOST_KEY_CHANGED');
      expect(why).toContain(`${rig.systemKnownHosts}:1`);
      expect(why).toContain(other.fingerprint);
      expect(remedy).toContain('the console does not change it');
      expect(stranger).toBeUndefined();
      await expect(link.forgetHostKey(`the VPS (${server.user}@127.0.0.1)`)).rejects.toMatchObject({
        code: 'CONFLICT',
      });
    } finally {
      await other.close();
    }
  });

  test('a revoked key is refused whoever confirmed it; a certificate authority is no host key', async () => {
    const authority = `@cert-authority * ${keyOf(server)}\n`;
    writeFileSync(rig.systemKnownHosts, authority);
    const link = rig.open(target(server));
    await confirmKey(link, server);
    await stateOf(link, 'ready');
    writeFileSync(rig.systemKnownHosts, `${authority}@revoked * ${keyOf(server)}\n`);
    link.disconnect();
    link.connect();
    const { why, stranger } = await stateOf(link, 'refused');
    expect(why).toContain('was revoked');
    expect(why).toContain(`${rig.systemKnownHosts}:2`);
    expect(stranger).toBeUndefined();
  });

  test('GlobalKnownHostsFile of the settings names other files, or none', async () => {
    writeFileSync(rig.systemKnownHosts, `${name(server)} ${keyOf(server)}\n`);
    writeFileSync(join(rig.home, 'elsewhere'), `${name(server)} ${keyOf(server)}\n`);
    rig.config('Host *\n  GlobalKnownHostsFile none\n');
    await stateOf(rig.open(target(server)), 'asking');
    rig.config('Host *\n  GlobalKnownHostsFile /nowhere ~/elsewhere\n');
    await stateOf(rig.open(target(server)), 'ready');
  });
});

test('what the settings ask for and the console does not do is said', async () => {
  rig.config('Host odd\n  ProxyCommand nc %h %p\n');
  const state = await stateOf(rig.open({ host: 'odd' }), 'refused');
  expect(state.why).toContain('ProxyCommand');
});

test('a password: wrong, right, and known for the next time', async () => {
  const machine = await startPasswordServer({ password: 'correct' });
  try {
    const link = rig.open({ port: machine.port, user: 'dev' });
    const key = await stateOf(link, 'asking');
    await link.answer(key.question.id, []);
    const first = await stateOf(link, 'asking', ({ question }) => question.kind === 'password');
    expect(first.question).toMatchObject({ again: false, machine: `dev@127.0.0.1:${machine.port}` });
    await link.answer(first.question.id, ['guess']);
    const second = await stateOf(
      link,
      'asking',
      ({ question }) => question.kind === 'password' && question.again,
    );
    await link.answer(second.question.id, ['correct']);
    await stateOf(link, 'ready');
    link.disconnect();
    link.connect();
    await stateOf(link, 'ready');
    expect(machine.tries()).toEqual(['guess', 'correct', 'correct']);
  } finally {
    machine.close();
  }
});

test('a one-time code is asked for in the words of the machine', async () => {
  const machine = await startPasswordServer({ password: '', code: '123456' });
  try {
    const link = rig.open({ port: machine.port, user: 'dev' });
    const key = await stateOf(link, 'asking');
    await link.answer(key.question.id, []);
    const { question } = await stateOf(link, 'asking', (state) => state.question.kind === 'prompts');
    expect(question).toMatchObject({
      instruction: 'Look at your phone',
      prompts: [{ text: 'Code: ', echo: true }],
    });
    await link.answer(question.id, ['123456']);
    await stateOf(link, 'ready');
  } finally {
    machine.close();
  }
});
