import { createHash, randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { Completion, EnvEdit } from '../env-import/roles.ts';
import { type Cure, type CureFacts, failed } from './cure.ts';
import { EDIT_ENV, WAIT_FOR_PORT } from './env-scripts.ts';

/** Where Redis should listen on the VPS, and the platform's .env that says so. */
export interface RedisPlace {
  address: string;
  port: string;
  edit: EnvEdit;
}

export function openRedis(facts: CureFacts, place: RedisPlace | null): Cure {
  if (!place)
    throw new WorkshopError(
      'WRONG_STATE',
      'Where the .env lies on the VPS is not known, or its tailnet address.',
      {
        remedy: 'Read the .env from the VPS itself, once Tailscale runs there.',
      },
    );
  const { address, port, edit } = place;
  const { where, seen } = facts;
  const { file } = edit;
  return {
    title: `Open Redis on ${where} for the tailnet`,
    hits: [
      'Redis restarts and is away for some seconds. Participants’ pages and workers come back by themselves; what waits and runs is kept on its disk.',
      `Of ${file} only REDIS_BIND_IP changes; the file as it is now is kept beside it with the date in its name.`,
    ],
    commands: [`REDIS_BIND_IP=${address}   # in ${file}`, 'docker compose up -d --no-deps redis'],
    asRoot: !seen.dockerAble,
    async carryOut(run, machine) {
      const backup = await writeEdit(facts, edit, run);
      await machine.run(WAIT_FOR_PORT, [address, port], {
        meanings: {
          24: failed(
            `Redis was started again, but does not listen on ${address}:${port}.`,
            'Look whether the compose file publishes Redis on REDIS_BIND_IP.',
          ),
        },
      });
      return `Redis listens on ${address}:${port} now. The .env as it was is ${backup}.`;
    },
  };
}

/** Who misses a service of the platform while it is away. */
const MISSED: Readonly<Record<string, string>> = {
  'queue-manager': 'Participants cannot send jobs meanwhile; what waits and runs is kept in Redis.',
  admin:
    'Only its dashboard is hit: whoever uses it logs in with the new password, which a press shows among the keys below.',
};

/** Corrects one key of the platform's .env on the VPS, and makes anew the service that reads it. */
export function setEnvKey(facts: CureFacts, edit: EnvEdit): Cure {
  const { file, added, services } = edit;
  const { where, seen } = facts;
  const changed = keysOf(edit);
  return {
    title: `Correct ${changed} on ${where}`,
    hits: [
      `Of ${file} only ${changed} changes; the file as it is now is kept beside it with the date in its name.`,
      services.length === 0
        ? 'Nothing is restarted and nobody is hit: whatever reads it takes it over when it starts next.'
        : `The ${services.join(' and ')} reads it when it starts, so it starts anew and is away for some seconds. ${MISSED[services[0] ?? ''] ?? ''}`,
    ],
    commands: [
      ...added.map(([key, value]) => `${key}=${value}   # in ${file}`),
      ...(services.length === 0 ? [] : [`docker compose up -d --no-deps ${services.join(' ')}`]),
    ],
    asRoot: services.length > 0 && !seen.dockerAble,
    async carryOut(run) {
      const kept = `The .env as it was is ${await writeEdit(facts, edit, run)}.`;
      return services.length === 0
        ? `${changed} is right in ${file} now. ${kept}`
        : `${changed} is right now, and the ${services.join(' and ')} runs with it. ${kept}`;
    },
  };
}

const keysOf = ({ added }: EnvEdit) => added.map(([key]) => key).join(', ');

/** @returns where the old file went. @throws WorkshopError. */
async function writeEdit(
  { host, where }: CureFacts,
  edit: EnvEdit,
  run: Parameters<Cure['carryOut']>[0],
): Promise<string> {
  const { file, before, after, services } = edit;
  const names = services.join(', ');
  // The text holds secrets, so it goes in a file of the user's alone and never as an argument.
  const home = (await host.script('printf %s "$HOME"', [])).stdout;
  const draft = posix.join(home || '/tmp', `.workshop-console-${randomUUID()}`);
  await host.files.write(draft, after, 0o600);
  try {
    const digest = createHash('sha256').update(before).digest('hex');
    const { stdout } = await run(EDIT_ENV, [file, draft, digest, ...services], {
      meanings: {
        20: failed(`${file} on ${where} changed since it was looked at.`, 'Read it again, then press.'),
        21: failed(`No compose file lies beside ${file}.`, 'Read the .env from the platform’s own folder.'),
        22: failed(
          `docker compose did not start the ${names} with it; the .env is as it was, and the ${names} runs as before if it could.`,
          'Check that Docker runs there, and that what was set is right for this machine.',
        ),
        23: failed(
          `${keysOf(edit)} stands in ${file} as it should, but the ${names} does not stay up.`,
          'Look at its log on the VPS with whoever runs it: something else is wrong with it.',
        ),
      },
    });
    return stdout.trim().split('\n')[0] ?? '';
  } finally {
    await host.files.remove(draft).catch(() => {});
  }
}

/** Adds to a GPU host's workshop.env what an import of today would have written. */
export function completeImport({ where }: CureFacts, { file, added, source, write }: Completion): Cure {
  return {
    title: `Complete the import on ${where}`,
    hits: [
      added.length === 0
        ? 'Everything that is known of it stands there already: look the machine over again.'
        : `It was read just now from ${source}. Nobody is hit: the agent takes it over when you deploy next.`,
      ...(added.length === 0
        ? []
        : [
            'Everything else in the file stays; as it is now it is kept beside it with the date in its name.',
          ]),
    ],
    commands: added.map(([key, value]) => `${key}=${value}   # added to ${file}`),
    asRoot: false,
    async carryOut() {
      const backup = await write();
      return `${added.map(([key]) => key).join(' and ')} ${added.length === 1 ? 'stands' : 'stand'} in ${file} on ${where} now.${
        backup === null ? '' : ` The file as it was is ${backup}.`
      }`;
    },
  };
}
