import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../../resources/demo/free-port.ts';
import { type AgentRig, eventually, startAgentRig } from '../agent/agent-rig.ts';
import { type ComposeHost, IMAGE } from './compose-host.ts';

/** Workers that the agent of these tests may run. */
const MOST = 3;

/** The real agent as a process, with the compose runtime on a real Docker engine. */
export interface ComposeAgent extends AgentRig {
  /** Name of a worker's container. */
  container(workerId: string): string;
  /** Makes a worker's ComfyUI misbehave from its next start on (see docker-engine.ts). */
  behave(workerId: string, behaviour: Record<string, unknown>): Promise<void>;
  /** Files that the ComfyUI of a worker has written so far; each execution of a test job writes one. */
  rawOutputs(workerId: string): Promise<string[]>;
  /** Waits until ComfyUI executes the job's prompt. */
  executing(workerId: string, jobId: string): Promise<void>;
}

export async function startComposeAgent(
  host: ComposeHost,
  options: { workers: number; entry?: string; configuration?: Record<string, string> },
): Promise<ComposeAgent> {
  const basePort = await freePorts(MOST);
  const rig = await startAgentRig({
    servers: 0,
    workers: options.workers,
    ...(options.entry !== undefined && { entry: options.entry }),
    configuration: {
      RUNTIME: 'compose',
      COMFYUI_IMAGE: IMAGE,
      COMPOSE_GPU: 'none',
      COMPOSE_NETWORK: 'host',
      COMFYUI_BASE_PORT: String(basePort),
      DOCKER_HOST: host.engine.host,
      MAX_WORKERS: String(MOST),
      ...options.configuration,
    },
  });
  const state = join(rig.dir, 'state');
  const portOf = (workerId: string) => basePort + Number(workerId.slice('worker-'.length)) - 1;
  return {
    ...rig,
    container: (workerId) => `workshop-rig-${workerId}`,
    async behave(workerId, behaviour) {
      const user = join(state, 'compose', 'workers', workerId, 'user');
      await mkdir(user, { recursive: true });
      await writeFile(join(user, 'behaviour.json'), JSON.stringify(behaviour));
    },
    async rawOutputs(workerId) {
      const names = await readdir(join(state, 'comfy-outputs', workerId)).catch(() => []);
      return names.filter((name) => name.endsWith('.png'));
    },
    executing: (workerId, jobId) =>
      eventually(`${jobId} at work`, rig.agent, async () => {
        const answer = await fetch(`http://127.0.0.1:${portOf(workerId)}/queue`);
        const queue: { queue_running: unknown[] } = JSON.parse(await answer.text());
        return JSON.stringify(queue.queue_running).includes(jobId) || undefined;
      }).then(() => {}),
  };
}
