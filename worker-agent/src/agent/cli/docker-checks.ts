import { statfs } from 'node:fs/promises';
import { toWorkshopError } from '../../contract/errors.ts';
import { findCompose } from '../../runtime/compose/compose-command.ts';
import type { ComposeOptions } from '../../runtime/compose/compose-options.ts';
import { type Container, workerContainers } from '../../runtime/compose/container.ts';
import { createDocker, type Docker } from '../../runtime/compose/docker.ts';
import { foldersIn, modelsFolder } from '../../runtime/compose/model-paths.ts';
import { findPlatformConflicts, platformConflictError } from '../../runtime/compose/platform-worker-check.ts';
import { isPortFree } from '../../runtime/compose/port-check.ts';
import type { AgentConfig } from '../config.ts';
import { findRunningAgent } from '../instance-lock.ts';
import type { Finding } from './finding.ts';

/** A CUDA image with torch takes this much while it is unpacked. */
const IMAGE_SPACE_GIB = 40;

/** What RUNTIME=compose stands on: Docker, compose, GPU hand-over, image, models, ports, other containers. */
export async function checkDocker(config: AgentConfig): Promise<Finding[]> {
  if (config.runtime.kind !== 'compose') return [];
  const { options } = config.runtime;
  const docker = createDocker({ host: options.dockerHost });
  const engine = await attempt('Docker', () => checkEngine(docker));
  if (engine.some(({ outcome }) => outcome === 'fail')) return engine;
  const groups = await Promise.all([
    attempt('compose', () => checkCompose(docker)),
    attempt('GPUs in containers', () => checkGpuHandOver(docker, options)),
    attempt('image', () => checkImage(docker, options)),
    attempt("platform's containers", () => checkConflicts(docker, options)),
    attempt('worker containers', () => checkContainers(docker, config, options)),
  ]);
  return [...engine, ...groups.flat(), ...checkModels(options)];
}

/** A check that cannot be made is itself a finding. */
async function attempt(name: string, check: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await check();
  } catch (cause) {
    const { message, remedy } = toWorkshopError(cause, 'RUNTIME_START');
    return [{ name, outcome: 'fail', detail: message, fix: remedy }];
  }
}

async function checkEngine(docker: Docker): Promise<Finding[]> {
  const what = 'Docker does not answer';
  const text = await docker.must(what, ['version', '--format', '{{.Server.Version}}']);
  return [{ name: 'Docker', outcome: 'ok', detail: `version ${text.trim()}` }];
}

async function checkCompose(docker: Docker): Promise<Finding[]> {
  const { argv, version } = await findCompose(docker);
  return [{ name: 'compose', outcome: 'ok', detail: `${argv.join(' ')} ${version}` }];
}

/** By a runtime called nvidia, or by device files (CDI), which newer engines list. */
async function checkGpuHandOver(docker: Docker, options: ComposeOptions): Promise<Finding[]> {
  const name = 'GPUs in containers';
  if (options.defaultGpu === 'none')
    return [{ name, outcome: 'ok', detail: 'not asked for (COMPOSE_GPU=none)' }];
  const text = await docker.must('Docker could not be asked', ['info', '--format', '{{json .}}']);
  return /"nvidia"|nvidia\.com\/gpu/.test(text)
    ? [{ name, outcome: 'ok', detail: 'the NVIDIA Container Toolkit is set up' }]
    : [
        {
          name,
          outcome: 'fail',
          detail: 'Docker on this machine cannot hand a GPU to a container',
          fix: 'Deploy from the console’s Hosts screen, which sets up the NVIDIA Container Toolkit; or install it here, then: sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker',
        },
      ];
}

async function checkImage(docker: Docker, { image, buildContext }: ComposeOptions): Promise<Finding[]> {
  const result = await docker.run(['image', 'inspect', '--format', '{{.Size}}', image]);
  if (result.kind === 'done' && result.code === 0) {
    const gib = Number(result.stdout.trim()) / 1024 ** 3;
    return [{ name: 'image', outcome: 'ok', detail: `${image} is here, ${gib.toFixed(1)} GiB` }];
  }
  const root = (
    await docker.must('Docker could not be asked', ['info', '--format', '{{.DockerRootDir}}'])
  ).trim();
  const space = await statfs(root).catch(() => undefined);
  const freeGib = space === undefined ? undefined : (space.bavail * space.bsize) / 1024 ** 3;
  const how = buildContext === null ? 'pulled' : `built from ${buildContext}`;
  const little = freeGib !== undefined && freeGib < IMAGE_SPACE_GIB;
  return [
    {
      name: 'image',
      outcome: 'warn',
      detail: `${image} is not on this machine; it is ${how} at the first start${freeGib === undefined ? '' : `, with ${freeGib.toFixed(0)} GiB free in ${root}`}`,
      fix: little
        ? 'Make room first; docker system df shows what Docker holds.'
        : `To have it in time: ${buildContext === null ? `docker pull ${image}` : `docker build --tag ${image} ${buildContext}`}`,
    },
  ];
}

async function checkConflicts(docker: Docker, { allowPlatformWorker }: ComposeOptions): Promise<Finding[]> {
  const name = "platform's containers";
  const conflicts = await findPlatformConflicts(docker);
  if (conflicts.length === 0)
    return [{ name, outcome: 'ok', detail: 'neither its worker nor a second queue-manager runs here' }];
  const { message, remedy } = platformConflictError(conflicts);
  return [{ name, outcome: allowPlatformWorker ? 'warn' : 'fail', detail: message, fix: remedy }];
}

async function checkContainers(
  docker: Docker,
  config: AgentConfig,
  options: ComposeOptions,
): Promise<Finding[]> {
  const found = await workerContainers(docker, options.project);
  const findings = found.map(describeContainer);
  const agent = findRunningAgent(config.stateDir);
  const running = found.filter(({ status }) => status === 'running');
  if (agent === undefined && running.length > 0)
    findings.push({
      name: 'worker containers',
      outcome: 'warn',
      detail: `${running.length} run without an agent and hold their VRAM`,
      fix: `Start the agent, which takes them over, or end them: docker rm --force ${running.map(({ name }) => name).join(' ')}`,
    });
  if (found.length === 0 && !(await isPortFree(config.basePort)))
    findings.push({
      name: 'port',
      outcome: 'fail',
      detail: `${config.basePort}, which worker 1 needs, is taken by another program`,
      fix: `Look this machine over on the console’s Hosts screen, which names it and can give the workers other ports; or here: sudo ss -ltnp sport = :${config.basePort}, and set COMFYUI_BASE_PORT.`,
    });
  return findings;
}

function describeContainer({ name, status, restartCount, exitCode }: Container): Finding {
  const well = status === 'running' && restartCount < 3;
  const restarts = restartCount > 0 ? `, restarted ${restartCount} times by Docker` : '';
  return {
    name: `container ${name}`,
    outcome: well ? 'ok' : 'warn',
    detail: `${status}${status === 'exited' ? ` with code ${exitCode}` : ''}${restarts}`,
    fix: well ? undefined : `Read its log: docker logs --tail 50 ${name}`,
  };
}

function checkModels({ modelsPath }: ComposeOptions): Finding[] {
  const name = 'models folder';
  if (modelsPath === null)
    return [
      {
        name,
        outcome: 'warn',
        detail: 'MODELS_PATH is not set, so ComfyUI sees only the models inside its image',
        fix: 'Set MODELS_PATH to the folder with checkpoints, loras and so on.',
      },
    ];
  const path = modelsFolder(modelsPath);
  const kinds = foldersIn(path);
  return kinds.length > 0
    ? [{ name, outcome: 'ok', detail: `${path}, ${kinds.length} kinds of models` }]
    : [
        {
          name,
          outcome: 'fail',
          detail: `${path} is empty or missing`,
          fix: 'Correct MODELS_PATH, or mount its disk.',
        },
      ];
}
