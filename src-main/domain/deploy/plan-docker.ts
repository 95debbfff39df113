import type { PlanStep } from './deploy-view.ts';
import type { Findings } from './findings.ts';
import { ADD_COMPOSE, INSTALL_DOCKER, INSTALL_TOOLKIT, START_DOCKER } from './install-commands.ts';
import { blocked, installing, step } from './plan-step.ts';

/** What containers need: Docker with compose, and NVIDIA's toolkit so that they see the card. */
export function docker(found: Findings): PlanStep {
  const { server, compose, client, why } = found.docker;
  const title = 'Docker';
  if (server !== null && compose !== null)
    return step('docker', title, { state: 'done', why: `Docker ${server} with compose ${compose}.` });
  if (found.container)
    return step('docker', title, {
      ...blocked(
        'HOST_DOCKER_MISSING',
        'This machine is a container (a pod), where Docker does not run.',
        'Choose the runtime “process” for it: the agent then starts ComfyUI itself.',
      ),
      skippable: true,
    });
  if (client && server === null && /permission denied/i.test(why))
    return installing(found, 'docker', title, `${found.user} may not use Docker yet.`, [
      'usermod -aG docker "$1"',
    ]);
  if (server !== null)
    return installing(
      found,
      'docker',
      title,
      `Docker ${server} is here without compose, which starts the workers. Only compose is added.`,
      found.docker.fromDocker ? ADD_COMPOSE.fromDocker : ADD_COMPOSE.fromSystem,
    );
  if (client && /cannot connect|daemon running/i.test(why))
    return installing(found, 'docker', title, 'Docker is installed, but does not run.', START_DOCKER);
  const state = client ? `Docker does not answer (${why || 'no reason given'}).` : 'Docker is not installed.';
  return installing(found, 'docker', title, state, INSTALL_DOCKER);
}

export function toolkit(found: Findings): PlanStep {
  const title = 'NVIDIA container toolkit';
  if (found.docker.nvidia)
    return step('toolkit', title, { state: 'done', why: found.toolkit ?? 'Docker knows NVIDIA’s runtime.' });
  return installing(
    found,
    'toolkit',
    title,
    'Containers do not see the GPU yet: Docker does not know NVIDIA’s runtime.',
    INSTALL_TOOLKIT,
  );
}
