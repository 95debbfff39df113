import { writeValue } from '../env-file/write-value.ts';
import { placesIn } from './layout.ts';

/** Workers whose ports are looked at: what the console offers at most without further settings. */
const PORTS_LOOKED_AT = 3;

/**
 * The agent's env file. Lines are sorted, so that equal settings give equal files.
 */
export function envText(
  configuration: Readonly<Record<string, string>>,
  where: { root: string; hostId: string },
): string {
  const entries = {
    ...configuration,
    AGENT_HOST_ID: where.hostId,
    AGENT_STATE_DIR: placesIn(where.root).state,
  };
  const lines = Object.entries(entries)
    .filter(([name]) => /^[A-Za-z_]\w*$/.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${writeValue(value.replaceAll(/[\r\n]+/g, ' '))}`);
  return `# Written by Workshop Console; changes made here are overwritten by the next deployment.\n${lines.join('\n')}\n`;
}

/** Where the agent looks for Redis; an empty host while it is not known. */
export function redisAt(configuration: Readonly<Record<string, string>>): { host: string; port: number } {
  const { INFERENCE_SERVER_REDIS_HOST, REDIS_HOST, REDIS_PORT, APP_SERVER_REDIS_PORT } = configuration;
  return {
    host: INFERENCE_SERVER_REDIS_HOST || REDIS_HOST || '',
    port: Number(REDIS_PORT || APP_SERVER_REDIS_PORT) || 6379,
  };
}

/** Ports that workers will use. */
export function workerPorts(configuration: Readonly<Record<string, string>>): number[] {
  const base = Number(configuration.COMFYUI_BASE_PORT ?? 8188);
  const count = Math.max(PORTS_LOOKED_AT, Math.min(64, Number(configuration.NUM_WORKERS ?? 1) || 1));
  return Number.isInteger(base) && base > 0 ? Array.from({ length: count }, (_, index) => base + index) : [];
}
