import type { Menu, MenuItemConstructorOptions, NativeImage, Tray } from 'electron';
import { toWorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { FleetService } from '../../api/roles/fleet.ts';
import type { WatchService } from '../../api/roles.ts';
import { followGlance, type Glance, waitingText } from './glance.ts';
import { TRAY_ICON_SIZE, trayIcon } from './tray-icon.ts';

/** What of Electron the tray needs. */
export interface TrayNeeds {
  newTray(image: NativeImage): Pick<Tray, 'setImage' | 'setToolTip' | 'setContextMenu' | 'on' | 'destroy'>;
  image(bytes: Buffer, size: { width: number; height: number; scaleFactor: number }): NativeImage;
  menu(entries: MenuItemConstructorOptions[]): Menu;
  watch: WatchService;
  fleet: Pick<FleetService, 'holdQueue'>;
  showConsole(): void;
  openRoom(): void;
  quit(): void;
  /** Says that something was not done, outside of any window. */
  failed(title: string, text: string): void;
}

/** How many jobs wait, beside the clock of the system, with what a host needs while the console is not in front. */
export async function showTray(needs: TrayNeeds, signal: AbortSignal): Promise<void> {
  const size = { width: TRAY_ICON_SIZE, height: TRAY_ICON_SIZE, scaleFactor: 2 };
  const picture = (waiting: number | null) => needs.image(trayIcon(waiting), size);
  const tray = needs.newTray(picture(null));
  // On macOS a click opens the menu; elsewhere it brings the console, and the menu comes with the other button.
  if (process.platform !== 'darwin') tray.on('click', () => needs.showConsole());

  const hold = ({ control }: Glance) => {
    const held = !(control?.held ?? false);
    needs.fleet.holdQueue({ held, revision: control?.revision ?? null }).catch((cause: unknown) => {
      const { message, remedy } = toWorkshopError(cause);
      needs.failed(
        held ? 'The queue was not held' : 'The queue was not released',
        [message, remedy].filter(Boolean).join(' '),
      );
    });
  };
  const show = (glance: Glance) => {
    const { name, reached, waiting, control } = glance;
    const words = wordsOf(glance);
    tray.setImage(picture(waiting));
    tray.setToolTip(name === null ? words : `${name}: ${words}`);
    tray.setContextMenu(
      needs.menu([
        { label: words, enabled: false },
        { type: 'separator' },
        { label: 'Show console', click: () => needs.showConsole() },
        { label: 'Open room view', enabled: name !== null, click: () => needs.openRoom() },
        {
          label: control?.held ? 'Release queue' : 'Hold queue',
          enabled: name !== null && reached,
          click: () => hold(glance),
        },
        { type: 'separator' },
        { label: 'Quit', click: () => needs.quit() },
      ]),
    );
  };
  try {
    await followGlance(needs.watch, show, signal);
  } finally {
    tray.destroy();
  }
}

function wordsOf({ name, reached, waiting, control }: Glance): string {
  if (name === null) return 'No workshop is set up yet';
  if (!reached) return 'Redis is not reached';
  if (waiting === null) return 'The queue is being read';
  return control?.held ? `Queue held, ${waitingText(waiting)}` : waitingText(waiting);
}
