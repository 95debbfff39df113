import type { App, IpcMainEvent, Session } from 'electron';

/** What the page may be: our built page, or the development server's while developing. */
export interface OwnPage {
  url: string;
}

/** A message counts as ours when our page's main frame sent it. `senderFrame` is null once that frame is gone. */
export function isOwnSender(event: Pick<IpcMainEvent, 'sender' | 'senderFrame'>, page: OwnPage): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame === event.sender.mainFrame && isOwnUrl(frame.url, page);
}

/** The same document; query and fragment may differ. */
export function isOwnUrl(url: string, page: OwnPage): boolean {
  if (!URL.canParse(url)) return false;
  const theirs = new URL(url);
  const ours = new URL(page.url);
  return theirs.protocol === ours.protocol && theirs.host === ours.host && theirs.pathname === ours.pathname;
}

/**
 * No page of this app goes anywhere else, opens windows or embeds foreign content, whatever is shown in it.
 * @param open told of every address that our page would open; opens the few that are allowed, in the person's browser.
 */
export function lockNavigation(app: App, open: (url: string) => void, ...pages: readonly OwnPage[]): void {
  const isOurs = (url: string) => pages.some((page) => isOwnUrl(url, page));
  app.on('web-contents-created', (_created, contents) => {
    contents.on('will-navigate', (event) => {
      if (!isOurs(event.url)) event.preventDefault();
    });
    contents.on('will-redirect', (event) => {
      if (!isOurs(event.url)) event.preventDefault();
    });
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      if (isOurs(contents.getURL())) open(url);
      return { action: 'deny' };
    });
  });
}

/** Camera, location, notifications and the like: the console needs none, except writing to the clipboard. */
export function lockPermissions(session: Session): void {
  const allowed = (permission: string) => permission === 'clipboard-sanitized-write';
  session.setPermissionRequestHandler((_contents, permission, decide) => decide(allowed(permission)));
  session.setPermissionCheckHandler((_contents, permission) => allowed(permission));
  session.setDevicePermissionHandler(() => false);
}
