import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readEnvironment } from '../../../src-main/app/environment.ts';
import {
  type SecretStore,
  secretsInMemoryOnly,
  settingsFile,
} from '../../../src-main/connections/store/settings-file.ts';
import {
  createSettingsService,
  type OpenWorkshop,
  type SettingsStore,
  type WorkshopSettings,
} from '../../../src-main/services/settings.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';

const SETTINGS: WorkshopSettings = {
  name: 'One',
  host: '100.64.0.5',
  port: 6379,
  tls: true,
  password: 'pa ss/wörd',
};

/** Reversible, and clearly not the text itself. */
const keychain: SecretStore = {
  seal: (secret) => Buffer.from(secret).toString('hex'),
  open: (sealed) => Buffer.from(sealed, 'hex').toString(),
};

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'settings-'));
  return () => rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

describe('the settings file', () => {
  test('keeps everything, the password sealed, readable by its owner only', async () => {
    const folder = join(dir, 'deep/er');
    await settingsFile(folder, keychain).save(SETTINGS);
    expect(await settingsFile(folder, keychain).load()).toEqual({ settings: SETTINGS, notice: null });
    const path = join(folder, 'settings.json');
    expect(await readFile(path, 'utf8')).not.toContain('pa ss');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['settings.json']);
  });

  test('without a keychain the password is not kept at all', async () => {
    await settingsFile(dir, secretsInMemoryOnly).save(SETTINGS);
    expect((await settingsFile(dir, secretsInMemoryOnly).load()).settings).toEqual({
      ...SETTINGS,
      password: null,
    });
    expect(await readFile(join(dir, 'settings.json'), 'utf8')).not.toContain('pa ss');
  });

  test('a password that is not to be kept is known while the process lives, and asked for after', async () => {
    const file = settingsFile(dir, keychain);
    await file.save(SETTINGS, false);
    expect((await file.load()).settings?.password).toBe('pa ss/wörd');
    const next = settingsFile(dir, keychain);
    expect((await next.load()).notice).toMatch(/not kept on this computer/);
    expect((await next.view()).workshops.map(({ password }) => password)).toEqual(['asked']);
    await next.save(SETTINGS);
    expect((await settingsFile(dir, keychain).load()).settings?.password).toBe('pa ss/wörd');
  });

  test('where passwords go to a file, one that is not to be kept does not', async () => {
    const file = settingsFile(dir, secretsInMemoryOnly);
    await file.save(SETTINGS);
    await file.keepInFile(true);
    const again = async () => (await settingsFile(dir, secretsInMemoryOnly).load()).settings?.password;
    expect(await again()).toBe('pa ss/wörd');
    await file.save({ ...SETTINGS, password: 'rotated' }, false);
    expect(await again()).toBeNull();
    expect((await file.load()).settings?.password).toBe('rotated');
    await file.save({ ...SETTINGS, password: 'rotated' });
    expect(await again()).toBe('rotated');
  });

  test('a password that can no longer be opened is asked for again, with the reason', async () => {
    await settingsFile(dir, keychain).save(SETTINGS);
    const loaded = await settingsFile(dir, secretsInMemoryOnly).load();
    expect(loaded.settings).toEqual({ ...SETTINGS, password: null });
    expect(loaded.notice).toMatch(/cannot be opened on this machine/);
  });

  test.each(['', '{', 'null', '{"version":2}', '{"version":1,"workshop":{"name":""}}', '[]'])(
    'an unreadable file (%j) is put aside untouched, and a sentence says where',
    async (text) => {
      await writeFile(join(dir, 'settings.json'), text);
      const { settings, notice } = await settingsFile(dir, keychain).load();
      expect(settings).toBeNull();
      const [aside] = (await readdir(dir)).filter((name) => name.includes('unreadable'));
      expect(notice).toContain(aside);
      expect(await readFile(join(dir, String(aside)), 'utf8')).toBe(text);
      expect(await settingsFile(dir, keychain).load()).toEqual({ settings: null, notice: null });
    },
  );

  test('before the first run there is nothing, and after forgetting there is nothing again', async () => {
    const file = settingsFile(join(dir, 'none'), keychain);
    expect(await file.load()).toEqual({ settings: null, notice: null });
    await file.save(SETTINGS);
    await file.forget();
    expect(await file.load()).toEqual({ settings: null, notice: null });
    expect(await readFile(join(dir, 'none/settings.json'), 'utf8')).not.toContain('100.64');
  });

  test('a folder that cannot be used is named', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(settingsFile(join(dir, 'file/inside'), keychain).save(SETTINGS)).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining(join(dir, 'file/inside')),
    });
    await chmod(dir, 0o700);
  });
});

describe('the settings service', () => {
  function setUp(kept: WorkshopSettings | null = null) {
    const log: string[] = [];
    let stored = kept;
    const proof = new Map<string, () => Promise<void>>();
    const store: SettingsStore = {
      load: async () => ({ settings: stored, notice: null }),
      save: async (settings, keep = true) => {
        stored = settings;
        log.push(`save ${settings.name}${keep ? '' : ' for now'}`);
      },
      forget: async () => {
        stored = null;
      },
    };
    const open = (settings: WorkshopSettings): OpenWorkshop => ({
      name: settings.name,
      redisAddress: settings.host,
      source: { observe: () => () => {} },
      control: {} as OpenWorkshop['control'],
      shared: {} as OpenWorkshop['shared'],
      prefixes: { claim: async (_, hostId) => hostId },
      queue: {} as OpenWorkshop['queue'],
      lookup: {} as OpenWorkshop['lookup'],
      answered: async () => {
        await proof.get(settings.password ?? '')?.();
        if (settings.host === 'nowhere') throw new WorkshopError('REDIS_UNREACHABLE', 'no answer');
      },
      reconnectNow: () => log.push(`reconnect ${settings.name}`),
      wake: () => log.push(`wake ${settings.name}`),
      close: () => log.push(`close ${settings.name}`),
    });
    const onChange = (workshop: OpenWorkshop | undefined) => log.push(`turn to ${workshop?.name ?? 'none'}`);
    return { log, proof, stored: () => stored, store, open, onChange };
  }

  test('opens what was kept', async () => {
    const world = setUp(SETTINGS);
    await createSettingsService(world).start();
    expect(world.log).toEqual(['turn to One']);
  });

  test('replaces the workshop only once the new one has answered', async () => {
    const world = setUp(SETTINGS);
    const service = createSettingsService(world);
    await service.start();
    await expect(service.connect({ ...SETTINGS, name: 'Two', host: 'nowhere' })).rejects.toMatchObject({
      code: 'REDIS_UNREACHABLE',
    });
    expect(world.log).toEqual(['turn to One', 'close Two']);
    expect(service.current()?.name).toBe('One');
    expect(world.stored()?.name).toBe('One');
    await service.connect({ ...SETTINGS, name: 'Three' });
    expect(world.log.slice(2)).toEqual(['save Three', 'turn to Three', 'close One']);
    expect(world.stored()?.name).toBe('Three');
  });

  test('forgets, and dials anew on request', async () => {
    const world = setUp(SETTINGS);
    const service = createSettingsService(world);
    await service.start();
    await service.reconnectNow();
    await service.disconnect();
    await service.reconnectNow();
    expect(world.log).toEqual(['turn to One', 'reconnect One', 'turn to none', 'close One']);
    expect(world.stored()).toBeNull();
  });

  const REFUSED = new WorkshopError('REDIS_AUTH', 'Redis refuses the password.');

  test('another password is kept only when Redis has taken it; a wrong one changes nothing', async () => {
    const world = setUp(SETTINGS);
    world.proof.set('wrong', () => Promise.reject(REFUSED));
    const service = createSettingsService(world);
    await service.start();
    await expect(service.enterPassword({ password: 'wrong', keep: true })).rejects.toBe(REFUSED);
    expect(world.log).toEqual(['turn to One', 'close One']);
    expect(service.opened()).toBe(SETTINGS);
    await service.enterPassword({ password: 'right', keep: false });
    expect(world.log.slice(2)).toEqual(['save One for now', 'turn to One', 'close One']);
    expect(service.opened()).toEqual({ ...SETTINGS, password: 'right' });
  });

  test('a console that was turned elsewhere while a password was tried stays there', async () => {
    const world = setUp(SETTINGS);
    const service = createSettingsService(world);
    await service.start();
    world.proof.set('right', async () => service.use({ ...SETTINGS, name: 'Two' }));
    await expect(service.enterPassword({ password: 'right', keep: true })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect(service.current()?.name).toBe('Two');
    expect(world.stored()).toBe(SETTINGS);
  });

  test('the password of a preset, of a demo, or of nothing is not stored', async () => {
    const preset = setUp(null);
    const outside = createSettingsService({ ...preset, preset: SETTINGS });
    await outside.start();
    await outside.enterPassword({ password: 'right', keep: true });
    await outside.enterPassword({ password: 'right again', keep: true });
    expect(outside.opened()?.password).toBe('right again');
    expect(preset.stored()).toBeNull();
    const demo = createSettingsService({ ...preset, mayKeep: () => false });
    demo.use({ ...SETTINGS, name: 'Demo workshop' });
    await demo.enterPassword({ password: 'right', keep: true });
    expect(preset.stored()).toBeNull();
    await expect(
      createSettingsService(setUp(null)).enterPassword({ password: 'x', keep: true }),
    ).rejects.toMatchObject({ code: 'WRONG_STATE' });
  });

  test('a preset from outside is used and never stored', async () => {
    const world = setUp(null);
    await createSettingsService({ ...world, preset: SETTINGS }).start();
    expect(world.log).toEqual(['turn to One']);
    expect(world.stored()).toBeNull();
  });
});

describe('the environment', () => {
  test('gives a workshop by its address', () => {
    const env = {
      WORKSHOP_CONSOLE_REDIS: 'rediss://:p%40ss%2Fw@[fd00::1]:6380',
      WORKSHOP_CONSOLE_NAME: 'Demo',
    };
    expect(readEnvironment(env)).toEqual({
      preset: { name: 'Demo', host: 'fd00::1', port: 6380, password: 'p@ss/w', tls: true },
      dir: undefined,
      agentFolders: [],
      nodeMirror: 'https://nodejs.org/dist',
    });
    expect(readEnvironment({ WORKSHOP_CONSOLE_REDIS: 'redis://h' }).preset).toEqual({
      name: 'Workshop',
      host: 'h',
      port: 6379,
      password: null,
      tls: false,
    });
    expect(readEnvironment({ WORKSHOP_CONSOLE_REDIS: '', WORKSHOP_CONSOLE_DIR: '/d' })).toEqual({
      preset: undefined,
      dir: '/d',
      agentFolders: [],
      nodeMirror: 'https://nodejs.org/dist',
    });
  });

  test.each(['x', 'http://:geheim@h:1', 'redis://:geheim@', 'redis://:geheim@h:0', 'redis://:geheim%ZZ@h'])(
    'refuses %s by the name of the variable, without its value',
    (value) => {
      const attempt = () => readEnvironment({ WORKSHOP_CONSOLE_REDIS: value });
      expect(attempt).toThrow(/WORKSHOP_CONSOLE_REDIS/);
      expect(attempt).not.toThrow(/geheim/);
    },
  );
});
