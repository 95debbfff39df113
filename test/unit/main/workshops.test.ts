import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type SecretStore,
  secretsInMemoryOnly,
  settingsFile,
} from '../../../src-main/connections/store/settings-file.ts';
import {
  emptyProfile,
  exportProfile,
  importProfile,
  type WorkshopProfile,
} from '../../../src-main/domain/workshops/profile.ts';
import type { WorkshopSettings } from '../../../src-main/services/settings.ts';
import { createWorkshopsService } from '../../../src-main/services/workshops.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';

const SECRET = 'MARKER-geheim-1';
const keychain: SecretStore = {
  seal: (secret) => Buffer.from(secret).toString('hex'),
  open: (sealed) => Buffer.from(sealed, 'hex').toString(),
};

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'workshops-'));
  return () => rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

const profile = (name: string, change: Partial<WorkshopProfile> = {}): WorkshopProfile => ({
  ...emptyProfile(`id-${name}`, name),
  redis: { host: `${name}.example`, port: 6379, tls: false, through: 'direct' },
  ...change,
});

type Connect = (settings: WorkshopSettings) => Promise<void>;

function console_(secrets: SecretStore = keychain, reach: Connect = async () => {}) {
  const store = settingsFile(dir, secrets);
  const used: (WorkshopSettings | null)[] = [];
  const service = createWorkshopsService({
    store,
    use: (settings) => void used.push(settings),
    connect: async (settings) => {
      used.push(settings);
      await reach(settings);
      await store.save(settings);
    },
    linkOf: () => ({ host: '100.64.0.1', port: 6379, password: SECRET, tls: false }),
  });
  return { store, service, used };
}
const onDisk = async () =>
  (await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name), 'utf8')))).join('\n');

describe('several workshops', () => {
  test('are kept beside each other, each with its password, and one click turns to another', async () => {
    const { service, used, store } = console_();
    await service.save({ profile: profile('one'), password: SECRET });
    await service.save({ profile: profile('two'), password: null });
    await service.turnTo({ id: 'id-one' });
    expect(used.at(-1)).toMatchObject({ name: 'one', host: 'one.example', password: SECRET });
    await service.turnTo({ id: 'id-two' });
    expect(used.at(-1)).toMatchObject({ name: 'two', password: null });
    // What the console opens at its next start.
    expect((await store.load()).settings).toMatchObject({ name: 'two' });
    expect(await onDisk()).not.toContain(SECRET);
    expect((await stat(join(dir, 'settings.json'))).mode & 0o777).toBe(0o600);
  });

  test('changing words does not cut the link; changing the link makes a new one', async () => {
    const { service, used } = console_();
    await service.save({ profile: profile('one'), password: SECRET });
    await service.turnTo({ id: 'id-one' });
    const before = used.length;
    await service.save({ profile: profile('one', { wording: { people: 'students' }, guardMiB: 70_000 }) });
    expect(used).toHaveLength(before);
    await service.save({
      profile: profile('one', { redis: { host: 'new.example', port: 1, tls: true, through: 'vps' } }),
    });
    expect(used.at(-1)).toMatchObject({ host: 'new.example', password: SECRET });
    await expect(service.save({ profile: profile('two', { name: 'one' }) })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
  });

  test('removing the current one leaves none; its password goes with it', async () => {
    const { service, used } = console_(secretsInMemoryOnly);
    await service.keepInFile({ inFile: true });
    await service.save({ profile: profile('one'), password: SECRET });
    await service.turnTo({ id: 'id-one' });
    expect(await onDisk()).toContain(SECRET);
    await service.remove({ id: 'id-one' });
    expect(used.at(-1)).toBeNull();
    expect(await onDisk()).not.toContain(SECRET);
    await expect(service.remove({ id: 'id-one' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('what could not be read back is refused, and nothing is lost', async () => {
    const { service } = console_();
    await service.save({ profile: profile('one'), password: null });
    await expect(
      service.save({ profile: profile('two', { id: 'no id' }), password: null }),
    ).rejects.toThrow();
    expect((await service.view()).workshops).toHaveLength(1);
  });

  test('many changes at once lose none', async () => {
    const { service } = console_();
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => service.save({ profile: profile(`w${at}`), password: null })),
    );
    expect((await service.view()).workshops).toHaveLength(20);
  });

  test('an import gives the console its own link, under the same workshop', async () => {
    const { service, used, store } = console_();
    await service.save({
      profile: profile('one', { redis: null, vps: { host: 'v', user: null, port: null, keyFile: null } }),
      password: null,
    });
    await service.adoptImport({ draftId: 'd', id: 'id-one' });
    expect(used.at(-1)).toMatchObject({ name: 'one', host: '100.64.0.1', password: SECRET });
    const [only, more] = (await service.view()).workshops;
    expect(more).toBeUndefined();
    expect(only?.profile).toMatchObject({ id: 'id-one', vps: { host: 'v' }, redis: { host: '100.64.0.1' } });
    expect((await store.load()).settings?.password).toBe(SECRET);
  });
});

describe('an import whose Redis this computer does not reach', () => {
  const VPS = { host: 'v', user: null, port: null, keyFile: null };
  const unreachable = (why: string, remedy?: string) =>
    new WorkshopError('REDIS_UNREACHABLE', why, remedy === undefined ? {} : { remedy });
  const only =
    (way: string): Connect =>
    async ({ through }) => {
      if (through !== way) throw unreachable(`No way but ${way}.`);
    };
  const adopt = async (reach: Connect, change: Partial<WorkshopProfile>) => {
    const { service, used, store } = console_(keychain, reach);
    await service.save({ profile: profile('one', change), password: null });
    const receipt = await service.adoptImport({ draftId: 'd', id: 'id-one' }).catch((cause) => cause);
    const kept = (await store.view()).workshops[0]?.profile.redis;
    return { receipt, kept, ways: used.map((one) => one?.through) };
  };

  test('is reached through the VPS, which is kept and told', async () => {
    const { receipt, kept, ways } = await adopt(only('vps'), { redis: null, vps: VPS });
    expect(ways).toEqual(['direct', 'vps']);
    expect(receipt).toEqual({ through: 'vps', instead: 'No way but vps.' });
    expect(kept).toMatchObject({ host: '100.64.0.1', through: 'vps' });
  });
  test('goes first by the way that was chosen', async () => {
    const redis = { host: 'old', port: 1, tls: false, through: 'vps' } as const;
    expect(await adopt(only('vps'), { redis, vps: VPS })).toMatchObject({
      ...{ ways: ['vps'], receipt: { through: 'vps', instead: null } },
    });
  });
  test('turns to the direct way when the chosen one fails', async () => {
    const redis = { host: 'old', port: 1, tls: false, through: 'vps' } as const;
    expect(await adopt(only('direct'), { redis, vps: VPS })).toMatchObject({
      ...{ ways: ['vps', 'direct'], receipt: { through: 'direct' }, kept: { through: 'direct' } },
    });
  });
  test('both ways failing says both reasons, and keeps what stood there', async () => {
    const { receipt, kept } = await adopt(
      async ({ through }) => {
        throw unreachable(`Not by ${through}.`, `Mend ${through}.`);
      },
      { redis: null, vps: VPS },
    );
    expect(receipt).toMatchObject({
      ...{ message: 'Directly: Not by direct. Through the VPS: Not by vps.', remedy: 'Mend vps.' },
    });
    expect(kept).toBeNull();
  });
  test('without a login to the VPS, that is the step; what Redis itself refuses is tried once', async () => {
    const { receipt } = await adopt(only('vps'), { redis: null, vps: null });
    expect(receipt.remedy).toContain('enter the login to the VPS above');
    const refused = await adopt(
      async () => {
        throw new WorkshopError('REDIS_AUTH', 'Redis refuses the password.');
      },
      { redis: null, vps: VPS },
    );
    expect(refused).toMatchObject({ ways: ['direct'], receipt: { code: 'REDIS_AUTH' } });
  });
});

describe('where there is no keychain', () => {
  test('a password lives as long as the process, then it is asked for', async () => {
    const first = console_(secretsInMemoryOnly);
    await first.service.save({ profile: profile('one'), password: SECRET });
    await first.service.turnTo({ id: 'id-one' });
    expect(first.used.at(-1)).toMatchObject({ password: SECRET });
    expect(await onDisk()).not.toContain(SECRET);
    const later = console_(secretsInMemoryOnly);
    expect((await later.store.load()).notice).toContain('Enter it again');
    await expect(later.service.turnTo({ id: 'id-one' })).rejects.toMatchObject({ code: 'SECRET_NEEDED' });
    await later.service.turnTo({ id: 'id-one', password: SECRET });
    expect(later.used.at(-1)).toMatchObject({ password: SECRET });
  });

  test('by choice it lies in a file of its own that says so and is private, until the choice is taken back', async () => {
    const { service } = console_(secretsInMemoryOnly);
    await service.save({ profile: profile('one'), password: SECRET });
    await service.keepInFile({ inFile: true });
    const path = join(dir, 'passwords-in-clear.json');
    expect((await service.view()).secrets).toEqual({ keychain: false, inFile: true, file: path });
    expect(await readFile(path, 'utf8')).toContain(SECRET);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(join(dir, 'settings.json'), 'utf8')).not.toContain(SECRET);
    const later = console_(secretsInMemoryOnly);
    await later.service.turnTo({ id: 'id-one' });
    expect(later.used.at(-1)).toMatchObject({ password: SECRET });
    await later.service.keepInFile({ inFile: false });
    expect(await onDisk()).not.toContain(SECRET);
    // This process still knows it.
    await later.service.turnTo({ id: 'id-one' });
    expect(later.used.at(-1)).toMatchObject({ password: SECRET });
  });
});

describe('settings of the first version', () => {
  const first = (sealedPassword: string | null) =>
    JSON.stringify({
      version: 1,
      workshop: { name: 'Old', redis: { host: 'h', port: 1, tls: true }, sealedPassword },
    });
  test('are taken over: link, password, and as the current workshop', async () => {
    await writeFile(join(dir, 'settings.json'), first(keychain.seal(SECRET)));
    const { store, service } = console_();
    expect(await store.load()).toEqual({
      settings: { name: 'Old', host: 'h', port: 1, tls: true, password: SECRET },
      notice: null,
    });
    expect(await service.view()).toMatchObject({ currentId: 'first', workshops: [{ password: 'kept' }] });
    await service.save({ profile: profile('new'), password: null });
    expect((await store.load()).settings).toMatchObject({ name: 'Old', password: SECRET });
  });
  test('without a password, and after "forget"', async () => {
    await writeFile(join(dir, 'settings.json'), first(null));
    expect((await console_().store.load()).settings).toMatchObject({ password: null });
    await writeFile(join(dir, 'settings.json'), '{"version":1,"workshop":null}');
    expect(await console_().store.load()).toEqual({ settings: null, notice: null });
  });
});

describe('a workshop as a file', () => {
  const full = profile('AI film <script>', {
    id: 'x',
    vps: { host: '100.64.0.1', user: 'dev', port: 22, keyFile: '/home/anna/.ssh/id_ed25519' },
    gpuHosts: [
      {
        id: 'gpu-1',
        name: 'H100',
        provider: 'verda',
        login: { host: '100.64.0.2', user: 'root', port: 2222, keyFile: '/k' },
      },
    ],
    guardMiB: 71_680,
  });
  test('comes back as it was, but for secrets and this laptop’s paths', async () => {
    const { service } = console_();
    await service.save({ profile: full, password: SECRET });
    const { fileName, text } = await service.exportFile({ id: 'x' });
    expect(fileName).toBe('ai-film-script.workshop.json');
    expect(text).not.toMatch(/MARKER|anna|hex|password/i);
    const back = await service.importFile({ text });
    expect(back.name).toBe('AI film <script> (2)');
    const { workshops } = await service.view();
    expect(workshops).toHaveLength(2);
    expect(workshops[1]).toMatchObject({
      password: 'asked',
      profile: { guardMiB: 71_680, gpuHosts: [{ login: { host: '100.64.0.2', keyFile: null } }] },
    });
    expect(workshops[1]?.profile.id).not.toBe('x');
  });
  test.each([
    '',
    '{}',
    '[]',
    'null',
    '{"kind":"workshop-console-profile","version":2}',
    exportProfile(full).replace('100.64.0.1', '$(reboot)'),
  ])('anything else is refused (%#)', async (text) => {
    expect(importProfile(text)).toBeUndefined();
    await expect(console_().service.importFile({ text })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});
