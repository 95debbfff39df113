import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { RemediesService, RemedyInput } from '../../api/roles.ts';
import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import { cutLines } from '../../domain/cut-lines.ts';
import { TAILSCALE_LOGIN_S } from '../../domain/deploy/install-commands.ts';
import { loginLinkIn } from '../../domain/outside-link.ts';
import type { RemedyId, RemedyPlan, RemedyResult } from '../../domain/remedies/remedy.ts';
import { type Machine, onMachine, type RunOptions } from '../deploy/machine.ts';
import {
  JOIN_TAILNET,
  LOOK_FOR_REMEDY,
  OPEN_REDIS,
  READ_JOURNAL,
  RENEW_KEY,
  START_DOCKER,
  START_TAILSCALE,
  STOP_CONTAINERS,
} from './scripts.ts';

export interface RemedyNeeds {
  /** A machine of the current workshop. @throws WorkshopError. */
  host(id: string): Promise<RemoteHost>;
  /** Where the .env of an import lies on the VPS, and where Redis should listen; null when that is not known. */
  platform(draftId: string): { file: string; address: string; port: string } | null;
  /** Something changed on a machine; what is known of it is looked up anew. */
  mended(id: string, remedy: RemedyId, draftId: string | null): Promise<void>;
}

/** What a look at the machine told. */
interface Seen {
  user: string;
  sudo: 'root' | 'free' | 'password' | 'none';
  docker: boolean;
  /** The user may talk to Docker, and it runs. */
  dockerAble: boolean;
  platformWorkers: string[];
}

/** A remedy on one machine. */
interface Cure {
  title: string;
  hits: string[];
  commands: string[];
  asRoot: boolean;
  script: string;
  args: string[];
  meanings?: RunOptions['meanings'];
  done(stdout: string): string;
}

const LOOK_MS = 30_000;
/** A container may take its time to stop, and an image of Redis to be fetched, ms. */
const PATIENCE_MS = 120_000;

/** Mends what otherwise were a sentence to type in a terminal: looks, shows, and does exactly what was shown. */
export function createRemedies({ host, platform, mended }: RemedyNeeds): RemediesService {
  const prepare = async (input: RemedyInput) => {
    const machine = await host(input.machineId);
    const seen = await lookAt(machine);
    const place = input.draftId === null ? null : platform(input.draftId);
    return { machine, seen, cure: cureOf(input.remedy, machine.label, seen, place) };
  };
  return {
    async plan(input) {
      const { seen, cure } = await prepare(input);
      return planOf(input.remedy, cure, seen);
    },

    async carryOut({ sudoPassword, commands, ...input }) {
      const { machine, seen, cure } = await prepare(input);
      if (JSON.stringify(cure.commands) !== JSON.stringify(commands))
        throw new WorkshopError('CONFLICT', `What is to be done on ${machine.label} has changed.`, {
          remedy: 'Look at the commands again, then press.',
        });
      const able = onMachine(machine, seen.sudo, sudoPassword, new AbortController().signal);
      const begun = begin(able, cure);
      const after = () => mended(input.machineId, input.remedy, input.draftId).catch(() => {});
      // What waits for a login goes on by itself; whether it came is seen at the machine.
      void begun.ended.then(after, after);
      const result = await begun.first;
      if (result.kind === 'done') await after();
      return result;
    },
  };
}

/** `first`: the result, or the login that it waits for. */
function begin(machine: Machine, cure: Cure): { first: Promise<RemedyResult>; ended: Promise<unknown> } {
  let asks: (url: string) => void = () => {};
  const login = new Promise<RemedyResult>((resolve) => {
    asks = (url) =>
      resolve({ kind: 'login', url, sentence: `${capital(machine.host.label)} waits for your login.` });
  });
  const hear = (line: string) => {
    const link = loginLinkIn(line);
    if (link !== null) asks(link);
  };
  const [out, err] = [cutLines(hear), cutLines(hear)];
  const options: RunOptions = {
    timeoutMs: PATIENCE_MS + TAILSCALE_LOGIN_S * 1000,
    onStdout: out.take,
    onStderr: err.take,
    meanings: cure.meanings ?? {},
  };
  const run = cure.asRoot ? machine.runAsRoot : machine.run;
  const ended = run(cure.script, cure.args, options).then(
    ({ stdout }): RemedyResult => ({ kind: 'done', sentence: cure.done(stdout) }),
  );
  return { first: Promise.race([ended, login]), ended };
}

async function lookAt(host: RemoteHost): Promise<Seen> {
  const { stdout } = await host.script(LOOK_FOR_REMEDY, [], { timeoutMs: LOOK_MS });
  const told = (key: string) =>
    stdout
      .split('\n')
      .flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1).trim()] : []));
  const [sudo = 'none'] = told('sudo');
  const [user = ''] = told('user');
  if (user === '')
    throw new WorkshopError('HOST_UNSUITABLE', `${host.label} could not be looked at.`, {
      remedy: 'It must be a Linux machine with a POSIX shell.',
    });
  return {
    user,
    sudo: sudo === 'root' || sudo === 'free' || sudo === 'password' ? sudo : 'none',
    docker: told('docker').length > 0,
    dockerAble: told('docker.able').length > 0,
    // As Docker allows them; anything else is not a container's name.
    platformWorkers: told('platform.worker').filter((name) => /^[a-zA-Z0-9][\w.-]{0,127}$/.test(name)),
  };
}

function planOf(remedy: RemedyId, cure: Cure, { sudo }: Seen): RemedyPlan {
  const { title, hits, commands, asRoot } = cure;
  const wantsPassword = asRoot && sudo === 'password' && commands.length > 0;
  return { remedy, title, hits, commands, asRoot, wantsPassword };
}

function cureOf(
  remedy: RemedyId,
  where: string,
  seen: Seen,
  place: ReturnType<RemedyNeeds['platform']>,
): Cure {
  const needDocker = () => {
    if (!seen.docker)
      throw new WorkshopError('HOST_DOCKER_MISSING', `Docker is not installed on ${where}.`, {
        remedy: 'Deploy from the Hosts screen; it installs Docker after showing the commands.',
      });
  };
  switch (remedy) {
    case 'start-docker':
      needDocker();
      return {
        title: `Start Docker on ${where}`,
        hits: [
          'Docker starts with the machine from now on, and with it the containers that are set to restart.',
        ],
        commands: ['systemctl enable --now docker || service docker start'],
        ...{ asRoot: true, script: START_DOCKER, args: [] },
        meanings: {
          21: {
            code: 'HOST_COMMAND',
            message: `Docker on ${where} was started, but does not answer.`,
            remedy: 'Look at its journal on the Logs screen, or have it mended by whoever runs the machine.',
          },
        },
        done: () => `Docker runs on ${where}.`,
      };
    case 'stop-platform-worker': {
      needDocker();
      const names = seen.platformWorkers;
      return {
        title: `Stop the platform’s own worker on ${where}`,
        hits:
          names.length === 0
            ? ['None runs there now: there is nothing to stop.']
            : [
                `${names.join(', ')} ends and does not start again by itself. A job that it is making now is not finished: look among the running jobs afterwards, and put it back in the queue.`,
                'It takes jobs from the same queue as the agent and loses some of them.',
              ],
        commands: names.flatMap((name) => [`docker update --restart=no ${name}`, `docker stop ${name}`]),
        ...{ asRoot: !seen.dockerAble, script: STOP_CONTAINERS, args: names },
        done: () => `${names.join(', ')} on ${where} ${names.length === 1 ? 'is' : 'are'} stopped.`,
      };
    }
    case 'start-tailscale':
      return {
        title: `Start Tailscale on ${where}`,
        hits: ['Nobody is hit; its service starts with the machine from now on.'],
        commands: ['systemctl enable --now tailscaled || service tailscaled start'],
        ...{ asRoot: true, script: START_TAILSCALE, args: [] },
        done: () => `Tailscale’s service runs on ${where}.`,
      };
    case 'join-tailnet':
    case 'renew-tailnet-key': {
      const renew = remedy === 'renew-tailnet-key';
      return {
        title: renew ? `Log Tailscale in anew on ${where}` : `Connect ${where} to the tailnet`,
        hits: [
          renew
            ? 'What goes to the machine over the tailnet is cut until you have logged in: Redis, and jobs that wait for it.'
            : 'Nobody is hit. If Tailscale asks for a login, its page opens from here.',
        ],
        commands: [`tailscale up ${renew ? '--force-reauth ' : ''}--timeout=${TAILSCALE_LOGIN_S}s`],
        asRoot: true,
        script: renew ? RENEW_KEY : JOIN_TAILNET,
        args: [String(TAILSCALE_LOGIN_S)],
        done: () => `Tailscale is connected on ${where}.`,
      };
    }
    case 'read-journal':
      return {
        title: `Let ${seen.user} read the journal on ${where}`,
        hits: [`${seen.user} may read all logs of the system there from the next login on.`],
        commands: [`usermod -aG systemd-journal ${seen.user}`],
        ...{ asRoot: true, script: READ_JOURNAL, args: [seen.user] },
        done: () => `${seen.user} may read the journal. The console logs in anew, then the log appears.`,
      };
    case 'open-redis':
      return openRedis(where, seen, place);
  }
}

function openRedis(where: string, seen: Seen, place: ReturnType<RemedyNeeds['platform']>): Cure {
  if (!place)
    throw new WorkshopError(
      'WRONG_STATE',
      'Where the .env lies on the VPS is not known, or its tailnet address.',
      {
        remedy: 'Read the .env from the VPS itself, once Tailscale runs there.',
      },
    );
  const { file, address, port } = place;
  const failed = (message: string, remedy: string) => ({ code: 'HOST_COMMAND' as const, message, remedy });
  return {
    title: `Open Redis on ${where} for the tailnet`,
    hits: [
      'Redis restarts and is away for some seconds. Participants’ pages and workers come back by themselves; what waits and runs is kept on its disk.',
      `Of ${file} only REDIS_BIND_IP changes; the file as it is now is kept beside it with the date in its name.`,
    ],
    commands: [`REDIS_BIND_IP=${address}   # in ${file}`, 'docker compose up -d --no-deps redis'],
    ...{ asRoot: !seen.dockerAble, script: OPEN_REDIS, args: [file, address, port] },
    meanings: {
      21: failed(`No compose file lies beside ${file}.`, 'Read the .env from the platform’s own folder.'),
      22: failed(
        `docker compose did not start Redis with ${address}; the .env is as it was, and Redis runs as before if it could.`,
        'Check that this is the VPS’s address in the tailnet, and that Docker runs there.',
      ),
      23: failed(
        `Redis was started again, but does not listen on ${address}:${port}.`,
        'Look whether the compose file publishes Redis on REDIS_BIND_IP.',
      ),
    },
    done: (stdout) =>
      `Redis listens on ${address}:${port} now. The .env as it was is ${stdout.trim().split('\n')[0] ?? ''}.`,
  };
}

const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
