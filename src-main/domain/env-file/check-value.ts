import { isIPv4 } from './addresses.ts';

/** What is wrong with single values (contract 4.3), and what to put in their place. */

export interface ValueProblem {
  /** What is wrong, as a sentence without the value. */
  problem: string;
  /** The value that would be right; undefined when only a person can know. */
  better?: string | undefined;
  /** The file cannot be used like this; else it is only worth knowing. */
  blocking: boolean;
}

const PLACEHOLDER = /^(changeme|change_me|your-|your_|<paste|\/path\/to)/i;

/** Whether a value is one of the example files' stand-ins (contract 4.3). */
export const isPlaceholder = (value: string): boolean => PLACEHOLDER.test(value.trim());

const MODES = ['fifo', 'priority', 'round_robin'];
const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];
const SIZE = /^\d+(\.\d+)?\s*([bkmgt]b?|[kmgt]ib)?$/i;
const POLICIES = /^(no|always|unless-stopped|on-failure(:\d+)?)$/;
const SPANS: Readonly<Record<string, number>> = { s: 1, sec: 1, m: 60, min: 60, h: 3600 };

interface NumberRule {
  min: number;
  max: number;
  usual: string;
  unit: string;
}
const NUMBERS: Readonly<Record<string, NumberRule>> = {
  REDIS_PORT: { min: 1, max: 65_535, usual: '6379', unit: '' },
  APP_SERVER_REDIS_PORT: { min: 1, max: 65_535, usual: '6379', unit: '' },
  NUM_WORKERS: { min: 0, max: 64, usual: '1', unit: '' },
  JOB_TIMEOUT: { min: 10, max: 604_800, usual: '3600', unit: ' of seconds' },
  WORKER_HEARTBEAT_TIMEOUT: { min: 5, max: 86_400, usual: '60', unit: ' of seconds' },
  WORKER_POLL_INTERVAL: { min: 1, max: 300, usual: '2', unit: ' of seconds' },
  MAX_QUEUE_DEPTH: { min: 0, max: 1_000_000, usual: '100', unit: '' },
  NUM_USERS: { min: 1, max: 500, usual: '20', unit: '' },
};
const FLAGS = new Set(['ENABLE_PRIORITY', 'DEBUG', 'VERBOSE_LOGS', 'REDIS_TLS', 'USE_HOST_NGINX']);

/** @returns undefined when the value can be used as it is. */
export function checkValue(key: string, value: string): ValueProblem | undefined {
  const number = NUMBERS[key];
  if (number) return checkNumber(value, number);
  if (FLAGS.has(key))
    return /^(true|false|1|0|yes|no|on|off)$/i.test(value)
      ? undefined
      : { problem: 'it must be true or false', better: 'false', blocking: key === 'REDIS_TLS' };
  switch (key) {
    case 'QUEUE_MODE':
      return checkMode(value);
    case 'LOG_LEVEL':
    case 'QUEUE_MANAGER_LOG_LEVEL':
      return checkLevel(key, value);
    case 'WORKER_GPU_MEMORY_LIMIT':
      return SIZE.test(value)
        ? undefined
        : { problem: 'it is not a size such as 70G', better: betterSize(value), blocking: true };
    case 'WORKER_RESTART_POLICY':
      return POLICIES.test(value)
        ? undefined
        : {
            problem: 'it must be no, always, on-failure or unless-stopped',
            better: 'unless-stopped',
            blocking: true,
          };
    case 'REDIS_PASSWORD':
      return checkPassword(value);
    case 'INFERENCE_MODE':
      return value === 'serverless'
        ? {
            problem:
              'jobs go to a serverless service, past Redis, so no worker ever gets one; on the VPS it must be redis or local',
            blocking: false,
          }
        : undefined;
    default:
      return undefined;
  }
}

function checkNumber(value: string, { min, max, usual, unit }: NumberRule): ValueProblem | undefined {
  if (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max) return undefined;
  const span = /^(\d{1,6})\s*(s|sec|m|min|h)$/i.exec(value);
  const seconds = span ? String(Number(span[1]) * (SPANS[(span[2] ?? '').toLowerCase()] ?? 1)) : undefined;
  const better = unit !== '' && seconds !== undefined ? seconds : usual;
  return { problem: `it must be a whole number${unit} from ${min} to ${max}`, better, blocking: true };
}

function checkMode(value: string): ValueProblem | undefined {
  if (MODES.includes(value)) return undefined;
  const tidy = value.trim().toLowerCase().replaceAll(/[-\s]/g, '_');
  const better = MODES.includes(tidy) ? tidy : 'fifo';
  return {
    problem:
      tidy === 'round_robin'
        ? 'the queue manager only knows it with an underscore and answers every request with an error'
        : 'it must be fifo, priority or round_robin',
    better,
    blocking: true,
  };
}

function checkLevel(key: string, value: string): ValueProblem | undefined {
  if (LEVELS.includes(value)) return undefined;
  const upper = value.trim().toUpperCase();
  const known = LEVELS.includes(upper);
  return {
    problem:
      known && key === 'QUEUE_MANAGER_LOG_LEVEL'
        ? 'the queue manager does not start unless it is in capitals'
        : `it must be one of ${LEVELS.join(', ')}`,
    better: known ? upper : 'INFO',
    blocking: key === 'LOG_LEVEL' && !known,
  };
}

function checkPassword(value: string): ValueProblem | undefined {
  if (value === '') return { problem: 'it is empty, and Redis would let anybody in', blocking: true };
  if (isPlaceholder(value))
    return {
      problem: 'it is still the placeholder of the example file, which everybody knows',
      blocking: true,
    };
  if (/[\s$"'`\\#]/.test(value))
    return {
      problem:
        'it holds a blank, $, a quote, a backslash or #, which the platform puts unquoted into the command of Redis; ' +
        'letters and digits are safe',
      blocking: false,
    };
  return undefined;
}

function betterSize(value: string): string {
  const near = /^(\d+)\s*(k|m|g|t)/i.exec(value.trim());
  return near ? `${near[1]}${(near[2] ?? '').toUpperCase()}` : '70G';
}

/** How an address of Redis looks from another machine. */
export type AddressKind = 'tailnet' | 'only-there' | 'public-name' | 'address';

/**
 * `only-there`: a name or address that means something on the VPS alone (`redis`, localhost). `tailnet`: 100.64.0.0/10.
 */
export function addressKind(value: string): AddressKind {
  if (value === '' || /^(redis|localhost|0\.0\.0\.0|::1?|queue-manager|comfy-redis)$/i.test(value))
    return 'only-there';
  if (/^127\./.test(value) || /^172\.(1[6-9]|2\d|3[01])\./.test(value)) return 'only-there';
  if (isTailnet(value)) return 'tailnet';
  return isIPv4(value) || value.includes(':') ? 'address' : 'public-name';
}

/** Whether it is an IPv4 address of a tailnet, 100.64.0.0/10. */
export function isTailnet(value: string): boolean {
  const [first, second] = value.split('.').map(Number);
  return isIPv4(value) && first === 100 && second !== undefined && second >= 64 && second <= 127;
}
