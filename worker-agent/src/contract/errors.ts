/**
 * The closed list of what can go wrong, with the sentence a person reads. Everything that fails on its way to a
 * person carries one of these codes; no other text is matched on further in.
 */
export const ERROR_CODES = {
  REDIS_UNREACHABLE: 'Redis does not answer',
  REDIS_AUTH: 'Redis refuses the password',
  REDIS_NOT_READY: 'Redis is loading or read-only',
  REDIS_PROTOCOL: 'Redis answered something unexpected',
  PROTOCOL_MISMATCH: 'console and agent speak different versions',
  CONFLICT: 'somebody else changed it first',
  BAD_INPUT: 'the input is not valid',
  NOT_FOUND: 'it no longer exists',
  WRONG_STATE: 'it is not in a state that allows this',
  EXPIRED: 'the request is too old to be carried out',
  AGENT_SILENT: 'the agent does not answer',
  JOB_UNREADABLE: 'the job cannot be read',
  JOB_TIMEOUT: 'the job took longer than allowed',
  LEASE_LOST: 'another agent has taken the job over',
  WORKFLOW_UI_FORMAT: 'the workflow is in the editor format, not the API format',
  WORKFLOW_REFUSED: 'ComfyUI refuses the workflow',
  WORKFLOW_MISSING_MODEL: 'a model file that the workflow names is not on the GPU host',
  WORKFLOW_MISSING_NODE: 'a node type that the workflow uses is not installed',
  NODE_FAILED: 'a node of the workflow failed',
  OUT_OF_VRAM: 'the GPU ran out of memory',
  OUT_OF_RAM: 'the container ran out of memory',
  COMFY_UNREACHABLE: 'ComfyUI does not answer',
  COMFY_PROTOCOL: 'ComfyUI answered something unexpected',
  COMFY_DIED: 'ComfyUI stopped in the middle of the job',
  COMFY_STUCK: 'ComfyUI no longer makes progress',
  RUNTIME_START: 'the ComfyUI server could not be started',
  RUNTIME_CRASH_LOOP: 'the ComfyUI server keeps crashing',
  GPU_UNREADABLE: 'the GPU cannot be read',
  OUTPUT_DELIVERY: 'an output file could not be delivered',
  INPUT_FETCH: 'an input file could not be fetched',
  HOST_UNREACHABLE: 'there is no way to the machine',
  HOST_SILENT: 'the machine does not answer in time',
  HOST_REFUSED: 'the machine answers, but not for SSH',
  HOST_AUTH: 'the machine does not let us in',
  HOST_PASSPHRASE: 'a key file is locked with a passphrase',
  HOST_KEY_UNKNOWN: 'nobody has confirmed yet which machine this is',
  HOST_KEY_CHANGED: 'the machine shows another host key than before',
  HOST_LINK_LOST: 'the link to the machine broke',
  HOST_TIMEOUT: 'a command on the machine took too long',
  HOST_FILE: 'a file on the machine cannot be used',
  HOST_DISK_FULL: 'the disk of the machine is full',
  SECRET_NEEDED: 'a password must be entered first',
  HOST_NO_SUDO: 'this user may not become root on the machine',
  HOST_DOCKER_MISSING: 'Docker does not run on the machine',
  HOST_GPU_MISSING: 'no GPU is visible on the machine',
  HOST_PORT_TAKEN: 'a port that a worker needs is taken',
  HOST_UNSUITABLE: 'the machine lacks something that the agent needs',
  HOST_BUSY: 'another console works on the machine',
  HOST_COMMAND: 'a command on the machine failed',
  CHECKSUM: 'a file is not what it should be',
  CONFIG: 'the configuration is not valid',
  INTERNAL: 'an error inside Workshop Console',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Whether a text that came from elsewhere is one of our codes. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}

/** Codes after which the same act may succeed later without anybody changing anything. */
export const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'REDIS_UNREACHABLE',
  'REDIS_NOT_READY',
  'CONFLICT',
  'AGENT_SILENT',
  'LEASE_LOST',
  'OUT_OF_VRAM',
  'COMFY_UNREACHABLE',
  'COMFY_DIED',
  'COMFY_STUCK',
  'OUTPUT_DELIVERY',
  'INPUT_FETCH',
  'HOST_UNREACHABLE',
  'HOST_SILENT',
  'HOST_REFUSED',
  'HOST_LINK_LOST',
  'HOST_TIMEOUT',
]);

/** What crosses a wire when something fails: plain data. */
export interface ErrorInfo {
  code: ErrorCode;
  /** What failed and why, in one or two sentences. Holds no secret. */
  message: string;
  /** The next step for the person who reads it, if there is one. */
  remedy?: string | undefined;
  retryable: boolean;
}

/** The one error class that may travel through our code. */
export class WorkshopError extends Error {
  override readonly name = 'WorkshopError';
  readonly code: ErrorCode;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }

  toInfo(): ErrorInfo {
    return { code: this.code, message: this.message, remedy: this.remedy, retryable: this.retryable };
  }
}

/** The one door from `unknown` to our error. Text of foreign errors is only matched here. */
export function toWorkshopError(cause: unknown, fallback: ErrorCode = 'INTERNAL'): WorkshopError {
  if (cause instanceof WorkshopError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new WorkshopError(classify(cause, message) ?? fallback, message || ERROR_CODES[fallback], { cause });
}

function classify(cause: unknown, message: string): ErrorCode | undefined {
  if (/^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password)/.test(message)) return 'REDIS_AUTH';
  if (/^(LOADING|READONLY|MASTERDOWN|BUSY|OOM|MISCONF)\b/.test(message)) return 'REDIS_NOT_READY';
  if (
    /Stream isn't writeable|Connection is closed|Command timed out|MaxRetriesPerRequest|Socket timeout/.test(
      message,
    )
  )
    return 'REDIS_UNREACHABLE';
  if (cause instanceof Error && cause.name === 'ReplyError') return 'REDIS_PROTOCOL';
  if (cause instanceof Error && cause.name === 'ZodError') return 'BAD_INPUT';
  return undefined;
}
