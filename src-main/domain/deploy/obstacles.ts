import type { Obstacle } from './deploy-view.ts';
import type { Findings } from './findings.ts';

/** What a look found in the way of workers that the console can mend by itself. */
export function obstaclesIn({ agent, docker, platformWorkers }: Findings): Obstacle[] {
  const found: Obstacle[] = [];
  // Before an agent is there, the plan itself starts it.
  if (
    agent.current !== null &&
    docker.client &&
    docker.server === null &&
    !/permission denied/i.test(docker.why)
  )
    found.push({
      remedy: 'start-docker',
      sentence: 'Docker is installed there, but does not run.',
      label: 'Start Docker…',
    });
  if (platformWorkers.length > 0)
    found.push({
      remedy: 'stop-platform-worker',
      sentence: `The platform’s own worker runs there (${platformWorkers.join(', ')}). It takes jobs from the same queue as the agent and loses some.`,
      label: 'Stop it…',
    });
  return found;
}
