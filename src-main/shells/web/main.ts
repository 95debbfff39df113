import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { toWorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { composeConsole, secretsInMemoryOnly } from '../../app/compose.ts';
import { agentFolders } from '../agent-folders.ts';
import { openInBrowser } from './open-in-browser.ts';
import { startWebShell } from './server.ts';

/**
 * The web shell: the same console for a normal browser on this machine.
 * `node out/main/web.js [--port N] [--no-open]`; prints one line with a link that works once.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '0' }, 'no-open': { type: 'boolean', default: false } },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`--port ${values.port} is not a port`);

  const console_ = await composeConsole({
    env: process.env,
    dir: join(process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'workshop-console'),
    secrets: secretsInMemoryOnly,
    agentFolders: agentFolders(resolve(import.meta.dirname, '../..')),
    sources: resolve(import.meta.dirname, '../..'),
  });
  const shell = await startWebShell({
    services: console_.services,
    rendererDir: resolve(import.meta.dirname, '../renderer'),
    port,
    onError: (cause) => console.error(toWorkshopError(cause).message),
  });

  if (console_.notice !== null) console.error(console_.notice);
  const announce = () => {
    const link = shell.link();
    console.log(`Workshop Console: ${link}`);
    return link;
  };
  const link = announce();
  if (!values['no-open']) openInBrowser(link);
  if (process.stdin.isTTY) {
    console.log('The link works once. Enter prints another one, Ctrl-C ends the console.');
    createInterface({ input: process.stdin }).on('line', announce);
  }

  const end = () => {
    void Promise.allSettled([console_.close(), shell.close()]).then(() => process.exit(0));
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

main().catch((cause: unknown) => {
  const error = toWorkshopError(cause);
  console.error([error.message, error.remedy].filter(Boolean).join(' '));
  process.exit(1);
});
