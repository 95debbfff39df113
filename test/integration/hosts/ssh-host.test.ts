import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostLink } from '../../../src-main/connections/hosts/host-link.ts';
import { type SshServer, startSshServer } from '../../support/ssh-server.ts';
import { until } from '../main/until.ts';
import { behavesLikeAHost, runs } from './host-behaviour.ts';
import { createHostsRig, type HostsRig, readyLink, stateOf } from './hosts-rig.ts';

let server: SshServer;
let rig: HostsRig;
let link: HostLink;
let folders = 0;
let dir = '';

beforeAll(async () => {
  server = await startSshServer();
  rig = createHostsRig();
  link = await readyLink(rig, server);
});
afterAll(async () => {
  rig.close();
  await server.close();
});

behavesLikeAHost('a machine over SSH', async () => {
  dir = join(server.home, String(folders++));
  await link.host.files.mkdir(dir);
  return { host: link.host, dir };
});

test('short work over the open shell: arguments, exit code, both streams, in order', async () => {
  const hostile = ["it's", '$HOME', '`id`', 'a b', '', '*', 'línea\nzwei', '-n', '\\', '"; exit 3 #'];
  const echoed = await link.run(['printf', '%s\\0', ...hostile]);
  expect(echoed.stdout.split('\0').slice(0, -1)).toEqual(hostile);
  expect(await link.run(['sh', '-c', 'printf out; printf err >&2; exit 9'])).toEqual({
    code: 9,
    signal: null,
    stdout: 'out',
    stderr: 'err',
  });
  expect(await link.run(['no-such-program-here'])).toMatchObject({ code: 127 });
  const many = await Promise.all(Array.from({ length: 50 }, (_, index) => link.run(['echo', String(index)])));
  expect(many.map(({ stdout }) => Number(stdout))).toEqual([...Array(50).keys()]);
});

test('short work that hangs is given up and does not hold up what comes after', async () => {
  await expect(link.run(['sleep', '60'], 100)).rejects.toMatchObject({ code: 'HOST_TIMEOUT' });
  expect(await link.run(['echo', 'on'])).toMatchObject({ code: 0, stdout: 'on\n' });
  expect(link.state.kind).toBe('ready');
});

test('a link that breaks in the middle rejects what runs, and never looks like an exit', async () => {
  const running = link.host.exec(['sleep', '60']);
  const short = link.run(['sleep', '5']);
  const following = link.host.lines(
    ['sh', '-c', 'echo go; sleep 60'],
    () => server.killSessions(),
    new AbortController().signal,
  );
  const outcomes = await Promise.allSettled([running, short, following]);
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
    Array(3).fill('HOST_LINK_LOST'),
  );
  await stateOf(link, 'ready');
  expect(await link.host.exec(['echo', 'back'])).toMatchObject({ code: 0, stdout: 'back\n' });
  await link.host.files.write(join(server.home, 'after'), 'fine', 0o600);
  expect(readFileSync(join(server.home, 'after'), 'utf8')).toBe('fine');
});

test('one that ends by time is gone on the machine too', async () => {
  const pidFile = join(server.home, 'pid');
  const slow = link.host.script('sleep 60 & echo $! > "$1"; wait', [pidFile], { timeoutMs: 1500 });
  await expect(slow).rejects.toMatchObject({ code: 'HOST_TIMEOUT' });
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await until('it is gone', () => !runs(pid));
});

test('a file that the user may not write says so', async () => {
  await expect(link.host.files.write('/proc/version', 'x', 0o600)).rejects.toMatchObject({
    code: 'HOST_FILE',
  });
  await expect(link.host.files.list('/no/such/folder')).rejects.toThrow('does not exist');
});
