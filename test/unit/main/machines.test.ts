import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { machineSecrets } from '../../../src-main/connections/store/machine-secrets.ts';
import type { SecretStore } from '../../../src-main/connections/store/settings-file.ts';
import { secretsInMemoryOnly } from '../../../src-main/connections/store/settings-file.ts';
import type { HostQuestion } from '../../../src-main/domain/hosts/host-link.ts';
import type { MachineView } from '../../../src-main/domain/hosts/machine-view.ts';
import { emptyProfile, type WorkshopProfile } from '../../../src-main/domain/workshops/profile.ts';
import { createMachinesService } from '../../../src-main/services/machines.ts';
import { scriptedMachines } from '../../support/scripted-machines.ts';

const keychain: SecretStore = {
  seal: (secret) => Buffer.from(secret).toString('hex'),
  open: (sealed) => Buffer.from(sealed, 'hex').toString(),
};
const login = { host: '203.0.113.7', user: 'root', port: 2222, keyFile: null };
const profile: WorkshopProfile = {
  ...emptyProfile('id', 'one'),
  vps: { host: 'vps.example', user: null, port: null, keyFile: null },
  gpuHosts: [
    { id: 'h100', name: 'the H100', provider: 'verda', login },
    { id: 'here', name: 'my own', provider: 'local', login: null },
  ],
};
const password = (id: string, again = false): HostQuestion => ({
  ...{ id, kind: 'password', machine: 'root@203.0.113.7', again },
});

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'machines-'));
  return () => rm(dir, { recursive: true, force: true, maxRetries: 5 });
});
function console_(secrets: SecretStore = keychain) {
  const { links, open } = scriptedMachines();
  let shown: MachineView[] = [];
  let told = 0;
  const opened: string[] = [];
  const machines = createMachinesService({
    open,
    local: createLocalHost(),
    secrets: machineSecrets(dir, secrets),
    publish(view) {
      shown = view;
      told += 1;
    },
    opened: (id) => void opened.push(id),
  });
  machines.follow(profile);
  const link = (id: string) => {
    const found = links.get(id);
    if (!found) throw new Error(`no link ${id}`);
    return found;
  };
  return { machines, link, shown: () => shown, told: () => told, opened };
}

test('a link that stands again is told once, so that what goes through it comes back', async () => {
  const { link, opened } = console_();
  link('vps').become({ kind: 'ready', since: 1, rttMs: 5 });
  await expect.poll(() => opened).toEqual(['vps']);
  link('vps').become({ kind: 'degraded', since: 2, why: 'slow', rttMs: 900 });
  link('vps').become({ kind: 'ready', since: 3, rttMs: 5 });
  link('vps').become({ kind: 'lost', since: 4, code: 'x', why: 'cut', remedy: '', retryAt: 5 });
  link('vps').become({ kind: 'ready', since: 6, rttMs: 5 });
  await expect.poll(() => opened).toEqual(['vps', 'vps']);
});

test('every machine that is logged in to has a link; this computer needs none and is always there', async () => {
  const { shown, machines, link } = console_();
  expect(shown().map(({ id, role, address }) => `${role} ${id} ${address}`)).toEqual([
    'vps vps vps.example',
    'gpu-host h100 root@203.0.113.7:2222',
    'gpu-host here this computer',
  ]);
  expect(shown()[2]).toMatchObject({ local: true, link: { kind: 'ready' } });
  expect(() => link('here')).toThrow('no link');
  const here = await machines.host('here');
  expect((await here.exec(['echo', 'here'])).stdout).toBe('here\n');
  machines.follow(null);
  expect(shown()).toEqual([]);
  await expect(machines.host('here')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a login that did not change keeps its link; others are closed', () => {
  const { machines, link } = console_();
  const [vps, h100] = [link('vps'), link('h100')];
  machines.follow({ ...profile, name: 'renamed', vps: { ...login, host: 'other.example' } });
  expect(vps.done).toEqual(['close']);
  expect(h100.done).toEqual([]);
  expect(link('vps').target.host).toBe('other.example');
  machines.follow(null);
  expect(h100.done).toEqual(['close']);
});

test('small changes of the round trip are not told, any other change is', () => {
  const { link, told } = console_();
  link('h100').become({ kind: 'ready', since: 1, rttMs: 40 });
  const before = told();
  link('h100').become({ kind: 'ready', since: 1, rttMs: 42 });
  link('h100').become({ kind: 'ready', since: 1, rttMs: 38 });
  expect(told()).toBe(before);
  link('h100').become({ kind: 'ready', since: 1, rttMs: 90 });
  expect(told()).toBe(before + 1);
  link('h100').become({ kind: 'degraded', since: 2, rttMs: 90, why: 'silent' });
  expect(told()).toBe(before + 2);
});

test('who needs a machine waits for it, also while a question is open, and hears why it does not come', async () => {
  const { machines, link } = console_();
  const coming = machines.host('h100');
  link('h100').become({ kind: 'asking', since: 1, question: password('q1') });
  link('h100').become({ kind: 'ready', since: 2, rttMs: 10 });
  expect((await coming).label).toBe('the H100');
  link('vps').become({
    ...{ kind: 'refused', since: 1, code: 'HOST_AUTH', why: 'It refused every key.' },
    remedy: 'Check the user name.',
  });
  await expect(machines.host('vps')).rejects.toMatchObject({
    message: 'It refused every key.',
    remedy: 'Check the user name.',
  });
  await expect(machines.host('none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('an answer is kept when it was wanted and has let us in, sealed; next time nobody is asked', async () => {
  const { machines, link, shown } = console_();
  link('h100').become({ kind: 'asking', since: 1, question: password('q1') });
  await expect.poll(() => shown()[1]?.link.kind).toBe('asking');
  await machines.answer({ id: 'h100', questionId: 'q1', answer: ['MARKER'], keep: true });
  await expect(stat(join(dir, 'machine-secrets.json'))).rejects.toThrow();
  link('h100').become({ kind: 'ready', since: 2, rttMs: 5 });
  const text = () => readFile(join(dir, 'machine-secrets.json'), 'utf8').catch(() => '');
  await expect.poll(text).toContain('password root@203.0.113.7');
  expect(await text()).not.toContain('MARKER');

  const next = console_();
  next.link('h100').become({ kind: 'asking', since: 1, question: password('q2') });
  await expect.poll(() => next.link('h100').answers).toEqual([['MARKER']]);
  // It was changed on the machine: the person is asked, and the old one is forgotten.
  next.link('h100').become({ kind: 'asking', since: 1, question: password('q3', true) });
  await expect.poll(text).toBe('');
  await expect.poll(() => next.shown()[1]?.link.kind).toBe('asking');
});

test('without a keychain nothing is written, whatever was wished', async () => {
  const { machines, link } = console_(secretsInMemoryOnly);
  expect(await machines.keeping()).toEqual({ keychain: false });
  link('h100').become({ kind: 'asking', since: 1, question: password('q1') });
  await machines.answer({ id: 'h100', questionId: 'q1', answer: ['MARKER'], keep: true });
  link('h100').become({ kind: 'ready', since: 2, rttMs: 5 });
  await machines.host('h100');
  await expect(stat(join(dir, 'machine-secrets.json'))).rejects.toThrow();
});

test('an answer to a question that has lapsed is refused', async () => {
  const { machines, link } = console_();
  link('h100').become({ kind: 'asking', since: 1, question: password('q2') });
  await expect(
    machines.answer({ id: 'h100', questionId: 'q1', answer: ['x'], keep: false }),
  ).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(link('h100').answers).toEqual([]);
});
