import type { BrowserWindow, MessageBoxOptions, MessageBoxReturnValue } from 'electron';

/** What of Electron's dialogs is needed. */
interface Dialogs {
  showMessageBox(window: BrowserWindow, options: MessageBoxOptions): Promise<MessageBoxReturnValue>;
  showMessageBox(options: MessageBoxOptions): Promise<MessageBoxReturnValue>;
}

/** Questions about windows, asked on the console's window if there is one: the projector shows nothing of them. */
export function windowQuestions(dialog: Dialogs, console_: () => BrowserWindow | undefined) {
  const ask = async (options: MessageBoxOptions): Promise<number> => {
    const on = console_();
    const { response } = await (on ? dialog.showMessageBox(on, options) : dialog.showMessageBox(options));
    return response;
  };
  /** @param buttons yes and no. */
  const again = async (message: string, detail: string, buttons: [string, string]): Promise<boolean> =>
    (await ask({ type: 'warning', message, detail, buttons, defaultId: 0, cancelId: 1 })) === 0;
  return {
    /** The console closes while the room is watching. */
    async whatCloses(): Promise<'room-stays' | 'both' | 'cancel'> {
      const answer = await ask({
        type: 'question',
        message: 'The room view is still open',
        detail:
          'It can stay on the projector without the console. The icon in the tray, or starting Workshop Console again, brings the console back.',
        buttons: ['Keep the room view', 'Close both', 'Cancel'],
        defaultId: 0,
        cancelId: 2,
      });
      return (['room-stays', 'both', 'cancel'] as const)[answer] ?? 'cancel';
    },
    /** The room view stopped twice. @returns whether it shall be opened again. */
    opensRoomAgain: () =>
      again(
        'The room view stopped twice and was closed',
        'The workshop goes on. Should it stop once more, start Workshop Console again.',
        ['Open it again', 'Leave it closed'],
      ),
    /** The console's own page stopped twice. @returns whether it shall be loaded again. */
    loadsConsoleAgain: () =>
      again('The console stopped twice', 'The workshop and the room view go on without it.', [
        'Load it again',
        'Close it',
      ]),
  };
}
