import type { Menu, MenuItemConstructorOptions, NativeImage } from 'electron';
import { expect, test, vi } from 'vitest';
import type { WorkshopChange } from '../../../../src-main/domain/workshop.ts';
import { showTray } from '../../../../src-main/shells/electron/tray.ts';
import { TRAY_ICON_SIZE, trayIcon } from '../../../../src-main/shells/electron/tray-icon.ts';
import { WorkshopError } from '../../../../worker-agent/src/contract/errors.ts';
import { CONTROL, workshop } from '../../../support/scenarios.ts';

const NOW = Date.now();
const { snapshot, histories } = workshop(NOW, [], []);
const counts = { pending: 12, running: 1, completed: 0, failed: 0, cancelled: 0, deadLetter: 0 };
const whole: WorkshopChange = { kind: 'snapshot', snapshot: { ...snapshot, counts }, histories };
const lost: WorkshopChange = {
  kind: 'links',
  links: {
    redis: { kind: 'lost', since: NOW, code: 'REDIS_UNREACHABLE', why: '', remedy: '', retryAt: null },
  },
};

/** Plays changes to a tray and returns what it showed after each. */
async function trayOn(messages: WorkshopChange[][], after: (menu: MenuItemConstructorOptions[]) => void) {
  const tips: string[] = [];
  const acts: string[] = [];
  let menu: MenuItemConstructorOptions[] = [];
  const holdQueue = vi.fn(async (input: { held: boolean; revision: number | null }) => {
    acts.push(`${input.held ? 'hold' : 'release'} at ${input.revision}`);
    if (input.held) throw new WorkshopError('CONFLICT', 'Ben changed it 3 s ago: the queue is held.');
    return { revision: 9 };
  });
  await showTray(
    {
      newTray: () => ({
        setImage() {},
        setToolTip: (tip) => tips.push(tip),
        setContextMenu() {},
        on: () => undefined as never,
        destroy: () => acts.push('destroyed'),
      }),
      image: () => ({}) as NativeImage,
      menu(entries) {
        menu = entries;
        return {} as Menu;
      },
      watch: {
        async *watch() {
          for (const [seq, changes] of messages.entries()) {
            yield { seq, changes };
            after(menu);
          }
        },
      },
      fleet: { holdQueue },
      showConsole: () => acts.push('console'),
      openRoom: () => acts.push('room'),
      quit: () => acts.push('quit'),
      failed: (title, text) => acts.push(`${title}: ${text}`),
    },
    new AbortController().signal,
  );
  await new Promise((done) => setImmediate(done));
  return { tips, acts };
}

const press = (menu: MenuItemConstructorOptions[], label: string) => {
  const entry = menu.find((one) => one.label === label);
  if (!entry?.click || entry.enabled === false) throw new Error(`${label} cannot be pressed`);
  (entry.click as () => void)();
};

test('the tray counts who waits, and says why it does not where that is not known', async () => {
  const { tips, acts } = await trayOn(
    [
      [whole],
      [{ kind: 'queue', queueAt: NOW, clockOffsetMs: 0, counts: { ...counts, pending: 1 } }],
      [{ kind: 'control', control: { ...CONTROL, held: true } }],
      [lost],
      [{ kind: 'name', name: null, redisAddress: null }],
    ],
    () => {},
  );
  expect(tips).toEqual([
    `${snapshot.name}: 12 jobs wait`,
    `${snapshot.name}: 1 job waits`,
    `${snapshot.name}: Queue held, 1 job waits`,
    `${snapshot.name}: Redis is not reached`,
    'No workshop is set up yet',
  ]);
  expect(acts).toEqual(['destroyed']);
});

test('its menu brings the console and the room view, holds and releases the queue as it stands, and quits', async () => {
  let step = 0;
  const { acts } = await trayOn(
    [[whole], [{ kind: 'control', control: { ...CONTROL, held: true, revision: 8 } }], [lost]],
    (menu) => {
      step += 1;
      if (step === 1)
        for (const label of ['Show console', 'Open room view', 'Hold queue', 'Quit']) press(menu, label);
      if (step === 2) press(menu, 'Release queue');
      if (step === 3) expect(() => press(menu, 'Release queue')).toThrow('cannot be pressed');
    },
  );
  expect(acts).toEqual([
    ...['console', 'room', `hold at ${snapshot.control?.revision ?? null}`, 'quit'],
    'The queue was not held: Ben changed it 3 s ago: the queue is held.',
    ...['release at 8', 'destroyed'],
  ]);
});

test('the icon shows every count differently, up to 99 and more, and fills its square', () => {
  const drawn = new Map([null, 0, 1, 2, 9, 10, 47, 99, 100].map((count) => [count, trayIcon(count)]));
  for (const bytes of drawn.values()) expect(bytes).toHaveLength(TRAY_ICON_SIZE ** 2 * 4);
  expect(new Set([...drawn.values()].map((bytes) => bytes.toString('hex'))).size).toBe(8);
  expect(drawn.get(0)).toEqual(drawn.get(null));
  expect(trayIcon(1000)).toEqual(drawn.get(100));
  // Digits stay on the plate: a frame of it is left all around.
  for (const count of [8, 88, 100]) {
    const bytes = trayIcon(count);
    const at = (x: number, y: number) =>
      bytes.subarray((y * 32 + x) * 4, (y * 32 + x) * 4 + 4).toString('hex');
    for (let along = 3; along < 29; along += 1)
      for (const edge of [at(along, 1), at(along, 30), at(1, along), at(30, along)])
        expect(edge).toBe(at(16, 1));
  }
});
