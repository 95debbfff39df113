import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserWindow, Dialog } from 'electron';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { Print } from '../../api/roles/history.ts';

/**
 * Makes PDFs of the window's page, by its print style, and asks the person where to put them.
 * @param folder that is offered first.
 */
export function savePdf(
  window: () => BrowserWindow | undefined,
  dialog: Pick<Dialog, 'showSaveDialog'>,
  folder: () => string,
): Print {
  return async (fileName) => {
    const own = window();
    if (!own) return { kind: 'cancelled' };
    // Before the question: the page looks as it was when it was asked for.
    const pdf = await own.webContents.printToPDF({
      ...{ pageSize: 'A4', printBackground: true, preferCSSPageSize: true },
    });
    const { canceled, filePath } = await dialog.showSaveDialog(own, {
      defaultPath: join(folder(), fileName),
      filters: [{ name: 'PDF', extensions: ['pdf'] }],
    });
    if (canceled || filePath === '') return { kind: 'cancelled' };
    try {
      await writeFile(filePath, pdf);
    } catch (cause) {
      throw new WorkshopError('CONFIG', `${filePath} cannot be written.`, {
        remedy: 'Choose another folder, or check the space on the disk.',
        cause,
      });
    }
    return { kind: 'saved', path: filePath };
  };
}
