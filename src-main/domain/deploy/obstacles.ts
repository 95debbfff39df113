import { VPS } from '../hosts/machine-view.ts';
import type { ClockSkew } from './clock-skew.ts';
import type { Delivery } from './delivery.ts';
import type { Obstacle } from './deploy-view.ts';
import { isClockOff } from './describe-machine.ts';
import type { Findings } from './findings.ts';

/** What a look found in the way of workers, and of their files, that the console can mend by itself. */
export function obstaclesIn(
  targetId: string,
  { agent, docker, platformWorkers }: Findings,
  skew: ClockSkew | null,
  { step, mend }: Pick<Delivery, 'step' | 'mend'>,
): Obstacle[] {
  const found: Obstacle[] = [];
  const here = { machineId: targetId, subject: null };
  // Before an agent is there, the plan itself starts it.
  if (
    agent.current !== null &&
    docker.client &&
    docker.server === null &&
    !/permission denied/i.test(docker.why)
  )
    found.push({
      ...here,
      remedy: 'start-docker',
      sentence: 'Docker is installed there, but does not run.',
      label: 'Start Docker…',
    });
  if (platformWorkers.length > 0)
    found.push({
      ...here,
      remedy: 'stop-platform-worker',
      sentence: `The platform’s own worker runs there (${platformWorkers.join(', ')}). It takes jobs from the same queue as the agent and loses some.`,
      label: 'Stop it…',
    });
  if (isClockOff(skew))
    found.push({
      ...here,
      remedy: 'sync-clock',
      sentence: 'Its clock is not that of this computer, so times in its logs and files are not right.',
      label: 'Keep its clock right…',
    });
  if (mend)
    found.push({
      machineId: mend.on === 'vps' ? VPS : targetId,
      // The folder is that of this machine's files.
      subject: mend.remedy === 'open-folder' ? targetId : null,
      remedy: mend.remedy,
      sentence: step?.problem?.message ?? '',
      label: LABELS[mend.remedy],
    });
  return found;
}

const LABELS: Readonly<Record<NonNullable<Delivery['mend']>['remedy'], string>> = {
  'open-folder': 'Open the folder…',
  'complete-import': 'Ask the VPS…',
  'install-ssh-client': 'Install OpenSSH’s client…',
};
