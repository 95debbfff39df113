import { toWorkshopError } from '../../contract/errors.ts';
import { type HostStatus, hostStatusSchema, type WorkerState } from '../../contract/host.ts';
import { keys } from '../../contract/keys.ts';
import { type AgentConfig, loadConfig } from '../config.ts';
import { findRunningAgent } from '../instance-lock.ts';
import { withRedis } from './connect-once.ts';

/**
 * Prints the last word of this host's agent, how old it is, and whether its process runs on this machine.
 * @returns the exit code: 0 when it runs and was heard in time, 1 otherwise.
 */
export async function statusCommand(options: { envFile?: string; json?: boolean }): Promise<number> {
  const config = loadConfig(options.envFile, process.env);
  const pid = findRunningAgent(config.stateDir) ?? null;
  const answer = await lastWord(config);
  const tell = (text: string, fields: object) =>
    console.log(
      options.json
        ? JSON.stringify({ ...fields, process: pid }, null, 2)
        : `${text}\n  process      ${pid === null ? 'none on this machine' : `${pid} on this machine`}`,
    );
  if (answer.kind !== 'known') {
    tell(answer.message, { hostId: config.hostId, alive: false, message: answer.message });
    return 1;
  }
  const { status, ageMs } = answer;
  const alive = status.phase === 'running' && ageMs <= status.nextWithinMs;
  tell(describe(status, ageMs), { ...status, ageMs, alive });
  return alive ? 0 : 1;
}

type LastWord = { kind: 'known'; status: HostStatus; ageMs: number } | { kind: 'unknown'; message: string };

async function lastWord(config: AgentConfig): Promise<LastWord> {
  const { host, port } = config.redis;
  let text: string | null;
  let now: number;
  try {
    [text, now] = await withRedis(config.redis, async (redis) => {
      const [seconds] = await redis.time();
      return [await redis.get(keys.hostStatus(config.hostId)), Number(seconds) * 1000] as const;
    });
  } catch (cause) {
    const why =
      toWorkshopError(cause, 'REDIS_UNREACHABLE').code === 'REDIS_AUTH'
        ? 'refuses the password'
        : 'cannot be reached';
    const message = `How ${config.hostId} is cannot be said: Redis at ${host}:${port} ${why}. Find out more with: worker-agent doctor`;
    return { kind: 'unknown', message };
  }
  if (text === null) {
    const message = `No agent has ever reported as ${config.hostId}. Start it with: worker-agent run`;
    return { kind: 'unknown', message };
  }
  const status = parseStatus(text);
  if (status === undefined) {
    const message = `The status of ${config.hostId} is not readable by this version of the agent.`;
    return { kind: 'unknown', message };
  }
  return { kind: 'known', status, ageMs: Math.max(0, now - status.at) };
}

function parseStatus(text: string): HostStatus | undefined {
  try {
    return hostStatusSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function describe(status: HostStatus, ageMs: number): string {
  const age = `${Math.round(ageMs / 1000)} s ago`;
  const silent = status.phase !== 'stopped' && ageMs > status.nextWithinMs;
  const head = silent
    ? `${status.hostId}: SILENT, last heard ${age}`
    : `${status.hostId}: ${status.phase}, heard ${age}`;
  const workers = status.workers.map(
    (worker) =>
      `  ${worker.id.padEnd(12)} ${describeState(worker.state).padEnd(40)} done ${worker.completed}, failed ${worker.failed}`,
  );
  const gpus = status.gpus.map((gpu) => {
    const memory =
      gpu.memoryUsedMiB === null || gpu.memoryTotalMiB === null
        ? 'VRAM unknown'
        : `VRAM ${(gpu.memoryUsedMiB / 1024).toFixed(1)} of ${(gpu.memoryTotalMiB / 1024).toFixed(1)} GiB`;
    return `  GPU ${gpu.index} ${gpu.name ?? ''}: ${memory}, ${gpu.utilization ?? '?'} %`;
  });
  const trouble = status.gpuError ? [`  GPU: ${status.gpuError.message}`] : [];
  return [`${head} (agent ${status.agentVersion}, ${status.runtime})`, ...workers, ...gpus, ...trouble].join(
    '\n',
  );
}

function describeState(state: WorkerState): string {
  switch (state.kind) {
    case 'busy':
    case 'draining':
      return `${state.kind}: ${state.job.kind} of ${state.job.userId} (${state.job.phase})`;
    case 'starting':
      return `starting: ${state.note}`;
    case 'failed':
      return `failed: ${state.error.message}`;
    case 'idle':
    case 'drained':
    case 'stopping':
      return state.kind;
  }
}
