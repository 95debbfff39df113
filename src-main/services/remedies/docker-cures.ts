import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { byScript, type Cure, type CureFacts, failed } from './cure.ts';

const START_DOCKER = `
systemctl enable --now docker || service docker start
tries=0
until docker version >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || exit 21
  sleep 0.5
done
`;

/** Arguments: names of containers. */
const STOP_CONTAINERS = `
set -e
for name in "$@"; do
  docker update --restart=no "$name"
  docker stop "$name"
done
`;

function needDocker({ seen, where }: CureFacts): void {
  if (!seen.docker)
    throw new WorkshopError('HOST_DOCKER_MISSING', `Docker is not installed on ${where}.`, {
      remedy: 'Deploy from the Hosts screen; it installs Docker after showing the commands.',
    });
}

export function startDocker(facts: CureFacts): Cure {
  needDocker(facts);
  const { where } = facts;
  return {
    title: `Start Docker on ${where}`,
    hits: ['Docker starts with the machine from now on, and with it the containers that are set to restart.'],
    commands: ['systemctl enable --now docker || service docker start'],
    asRoot: true,
    carryOut: byScript(START_DOCKER, [], `Docker runs on ${where}.`, {
      meanings: {
        21: failed(
          `Docker on ${where} was started, but does not answer.`,
          'Look at its journal on the Logs screen, or have it mended by whoever runs the machine.',
        ),
      },
    }),
  };
}

export function stopPlatformWorker(facts: CureFacts): Cure {
  needDocker(facts);
  const { where, seen } = facts;
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
    asRoot: !seen.dockerAble,
    carryOut: byScript(
      STOP_CONTAINERS,
      names,
      `${names.join(', ')} on ${where} ${names.length === 1 ? 'is' : 'are'} stopped.`,
    ),
  };
}
