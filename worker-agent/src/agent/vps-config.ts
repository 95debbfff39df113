import { resolve } from 'node:path';
import type { VpsPlace } from '../outputs/open-deliveries.ts';
import type { ConfigKey, ConfigValues } from './config-keys.ts';

const REQUIRED = ['VPS_SSH_HOST', 'VPS_SSH_USER', 'VPS_SSH_KEY_FILE', 'VPS_SSH_HOST_KEY'] as const;

/**
 * The way to users' files on the VPS, and to Redis where REDIS_THROUGH says so; null when no key speaks of it.
 * @param reportMissing told about each key that is needed beside those that are given.
 */
export function readVps(values: ConfigValues, reportMissing: (key: ConfigKey) => void): VpsPlace | null {
  const isTunnel = values.REDIS_THROUGH === 'vps-ssh';
  if (!isTunnel && !Object.keys(values).some((name) => name.startsWith('VPS_'))) return null;
  for (const name of REQUIRED) if (values[name] === undefined) reportMissing(name);
  const { VPS_OUTPUTS_PATH: outputs, VPS_INPUTS_PATH: inputs } = values;
  if (!isTunnel && outputs === undefined && inputs === undefined) reportMissing('VPS_OUTPUTS_PATH');
  return {
    host: values.VPS_SSH_HOST ?? '',
    port: values.VPS_SSH_PORT ?? 22,
    user: values.VPS_SSH_USER ?? '',
    keyFile: resolve(values.VPS_SSH_KEY_FILE ?? ''),
    hostKeys: values.VPS_SSH_HOST_KEY ?? [],
    outputsPath: outputs ?? null,
    inputsPath: inputs ?? null,
  };
}
