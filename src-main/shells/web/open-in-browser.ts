import { spawn } from 'node:child_process';

/** Opens a link in the person's browser, where there is a desktop to show it on; elsewhere does nothing. */
export function openInBrowser(link: string): void {
  const command = browserCommand();
  if (!command) return;
  const [program, ...args] = command;
  const child = spawn(program, [...args, link], { stdio: 'ignore', detached: true });
  // The link was printed as well; no browser is no fault.
  child.on('error', () => {});
  child.unref();
}

function browserCommand(): [string, ...string[]] | undefined {
  if (process.platform === 'darwin') return ['open'];
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  return process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? ['xdg-open'] : undefined;
}
