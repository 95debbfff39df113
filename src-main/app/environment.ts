import { z } from 'zod';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { WorkshopSettings } from '../services/settings.ts';

/**
 * What scripts, the demo and tests may set, so that the console starts connected without a first run:
 * WORKSHOP_CONSOLE_REDIS (redis[s]://:password@host:port), WORKSHOP_CONSOLE_NAME, WORKSHOP_CONSOLE_DIR (settings folder),
 * WORKSHOP_CONSOLE_OUTPUTS (the users' outputs, where this computer has them, e.g. mounted from the VPS),
 * WORKSHOP_CONSOLE_AGENT (folder with the agent to deploy), WORKSHOP_CONSOLE_NODE_MIRROR (in the place of nodejs.org/dist).
 */
export interface ConsoleEnvironment {
  preset: WorkshopSettings | undefined;
  dir: string | undefined;
  outputs: string | undefined;
  agentFolders: string[];
  nodeMirror: string;
}

const portSchema = z.coerce.number().int().min(1).max(65535);

/** @throws WorkshopError CONFIG naming the variable; never its value, which may hold a password. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): ConsoleEnvironment {
  const url = env.WORKSHOP_CONSOLE_REDIS;
  return {
    preset: url ? preset(url, env.WORKSHOP_CONSOLE_NAME || 'Workshop') : undefined,
    dir: env.WORKSHOP_CONSOLE_DIR || undefined,
    outputs: env.WORKSHOP_CONSOLE_OUTPUTS || undefined,
    agentFolders: env.WORKSHOP_CONSOLE_AGENT ? [env.WORKSHOP_CONSOLE_AGENT] : [],
    nodeMirror: (env.WORKSHOP_CONSOLE_NODE_MIRROR || 'https://nodejs.org/dist').replace(/\/+$/, ''),
  };
}

function preset(text: string, name: string): WorkshopSettings {
  const wrong = (why: string) =>
    new WorkshopError('CONFIG', `WORKSHOP_CONSOLE_REDIS ${why}.`, {
      remedy: 'It has the form redis://:password@host:port, or rediss:// for TLS.',
    });
  if (!URL.canParse(text)) throw wrong('is not an address');
  const url = new URL(text);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    throw wrong('must start with redis:// or rediss://');
  const port = portSchema.safeParse(url.port || '6379');
  if (!port.success || !url.hostname) throw wrong('has no usable host and port');
  const password = url.password ? decoded(url.password) : null;
  if (password === undefined) throw wrong('has a password with a stray % (write it as %25)');
  return {
    name,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: port.data,
    password,
    tls: url.protocol === 'rediss:',
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
